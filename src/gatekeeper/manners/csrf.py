"""Whether a form was sent by a page of ours (security rule 14).

What the browser says of itself, where it says it, and a token, always. A form of a sign-in is bound to the nonce in
the login cookie, which stays the same over the steps and tabs; any other form, and the API's header, to the session.
The token of a session is salted: it is another on each page, so the length of a compressed page tells nothing of it.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gatekeeper.domain.addresses import is_origin_of
from gatekeeper.manners.client import scheme_of
from gatekeeper.manners.keys import SERVICES

if TYPE_CHECKING:
    from aiohttp import web

    from gatekeeper.crypto.tokens import Signer
    from gatekeeper.domain.model import Session

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
_OURS = frozenset({"same-origin", "none"})
_LOGIN = "csrf-login"
_SESSION = "csrf-session"
_SALT_BYTES = 12


def login_token(signer: Signer, nonce: str) -> str:
    """The token in the forms of a sign-in."""
    return signer.mac(nonce, _LOGIN)


def is_login_token(signer: Signer, token: str, nonce: str) -> bool:
    """Whether a form of a sign-in was made for this browser."""
    return bool(token) and signer.matches(token, nonce, _LOGIN)


def session_token(signer: Signer, session: Session) -> str:
    """The token of a session, for its forms and for the API's ``X-CSRF-Token``."""
    salt = secrets.token_urlsafe(_SALT_BYTES)
    return f"{salt}.{signer.mac(salt + session.csrf_secret, _SESSION)}"


def is_session_token(signer: Signer, token: str, session: Session) -> bool:
    """Whether a form or call was made for this session."""
    salt, _, mac = token.partition(".")
    return bool(mac) and signer.matches(mac, salt + session.csrf_secret, _SESSION)


def is_same_origin(request: web.Request) -> bool:
    """Whether ``Sec-Fetch-Site`` and ``Origin``, where they were sent, are both ours."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site.lower() not in _OURS:
        return False
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    public = urlsplit(request.app[SERVICES].config.server.public_url).scheme
    return any(is_origin_of(origin, request.host, scheme) for scheme in {scheme_of(request), public})
