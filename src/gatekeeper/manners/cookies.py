"""Our three cookies: the session, a sign-in attempt, and the devices known (contract: *Cookies*).

Read by their exact names from the raw header, so a cookie of the platform that cannot be parsed hides none of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gatekeeper.domain.addresses import authority, is_loopback
from gatekeeper.domain.cookies import CookieNames, values_of

if TYPE_CHECKING:
    from aiohttp import web

    from gatekeeper.crypto.tokens import Signer

DEVICE_LIFETIME = 400 * 86_400
"""Seconds; browsers keep no cookie longer (RFC 6265bis §5.5)."""

_PURPOSE = "login-cookie"


@dataclass(frozen=True, slots=True)
class LoginCookie:
    """A sign-in in this browser: a nonce that its forms are bound to, the attempt's token once there is one.

    ``note`` names a sentence for the next page to begin with.
    """

    nonce: str
    token: str = ""
    note: str = ""


class Cookies:
    """Names and attributes of our cookies at one public address.

    Args:
        public_url: where people reach the gateway; ``http`` on a loopback host drops ``Secure`` and the prefix.
        signer: signs the login cookie, which is nothing but text before the password is proven.
    """

    def __init__(self, public_url: str, signer: Signer) -> None:
        self.secure = not _is_plain_loopback(public_url)
        self.names = CookieNames(secure=self.secure)
        self._signer = signer

    def session_token(self, request: web.BaseRequest) -> str | None:
        """The session's token, if the browser sent one."""
        return _read(request, self.names.session)

    def device(self, request: web.BaseRequest) -> str | None:
        """The value of the device cookie, if the browser sent one."""
        return _read(request, self.names.device)

    def login(self, request: web.BaseRequest) -> LoginCookie | None:
        """The sign-in of this browser, if it has one and the cookie is of our making."""
        sent = _read(request, self.names.attempt)
        text = None if sent is None else self._signer.unsign(sent, _PURPOSE)
        parts = [] if text is None else text.split(".")
        return LoginCookie(*parts) if len(parts) == len(LoginCookie.__slots__) and parts[0] else None

    def set_session(self, response: web.StreamResponse, token: str) -> None:
        """Give the browser its session; it keeps it until it is closed."""
        self._set(response, self.names.session, token)

    def set_login(self, response: web.StreamResponse, login: LoginCookie) -> None:
        """Give the browser its place in the sign-in."""
        text = f"{login.nonce}.{login.token}.{login.note}"
        self._set(response, self.names.attempt, self._signer.sign(text, _PURPOSE))

    def set_device(self, response: web.StreamResponse, value: str) -> None:
        """Give the browser what it is recognised by later."""
        self._set(response, self.names.device, value, max_age=DEVICE_LIFETIME)

    def drop_session(self, response: web.StreamResponse) -> None:
        """Take the session back. ``Secure`` is needed here too, or a ``__Host-`` cookie stays."""
        self._set(response, self.names.session, "", max_age=0)

    def drop_login(self, response: web.StreamResponse) -> None:
        """Take the sign-in back."""
        self._set(response, self.names.attempt, "", max_age=0)

    def _set(self, response: web.StreamResponse, name: str, value: str, max_age: int | None = None) -> None:
        response.set_cookie(name, value, max_age=max_age, path="/", secure=self.secure, httponly=True, samesite="Lax")


def _is_plain_loopback(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and is_loopback(authority(parts.netloc).host)


def _read(request: web.BaseRequest, name: str) -> str | None:
    headers = [line.encode("utf-8", "surrogateescape") for line in request.headers.getall("Cookie", ())]
    values = values_of(headers, name.encode())
    return values[0].decode("ascii", "replace") or None if values else None
