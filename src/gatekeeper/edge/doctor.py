"""The doctor's question: what a request looked like once the operator's chain of proxies had handed it on.

``gatekeeper doctor`` sends it through that chain and proves, by the installation's secret, that it may ask. For
everybody else there is no such page.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gatekeeper.edge.answers import Answer

if TYPE_CHECKING:
    from gatekeeper.crypto.tokens import Signer
    from gatekeeper.edge.head import Request
    from gatekeeper.edge.peers import Peer, View

PATH = "/doctor"
"""Below the prefix."""
HEADER = "X-Gatekeeper-Doctor"
"""Carries ``<unix time>.<nonce>.<mac>``; never passed on, as everything that begins with ``X-Gatekeeper``."""
FRESH_FOR = 60.0
"""Seconds for which a proof counts, either way: the doctor may run on a machine whose clock is ahead."""

_PURPOSE = "doctor"
_NAME = HEADER.lower().encode()


def proof(signer: Signer, nonce: str, now: float) -> str:
    """What the doctor sends in :data:`HEADER`.

    Args:
        signer: of the installation.
        nonce: makes it unlike any other.
        now: seconds since the epoch.
    """
    return signer.sign(f"{int(now)}.{nonce}", _PURPOSE)


def is_proof(signer: Signer, text: str, now: float) -> bool:
    """Whether a text is what :func:`proof` made for this installation, lately."""
    signed = signer.unsign(text, _PURPOSE)
    at = "" if signed is None else signed.partition(".")[0]
    return at.isdecimal() and at.isascii() and abs(now - int(at)) <= FRESH_FOR


def answer_to(request: Request, peer: Peer, view: View, signer: Signer, now: float) -> Answer | None:
    """What this request told us, as JSON; ``None`` to whoever has not proven that they may know.

    Cookies are not among it, nor any header that says nothing about who is asking or from where.
    """
    proofs = [value.decode("latin-1") for name, value in request.stripped if name.lower() == _NAME]
    if request.method != b"GET" or request.has_body or len(proofs) != 1 or not is_proof(signer, proofs[0], now):
        return None
    told = {
        "peer": peer.address,
        "trusted": peer.trusted,
        "address": view.address,
        "scheme": view.scheme,
        "host": view.host,
        "target": _text(request.target),
        "connection": [_text(value) for value in request.connection],
        "headers": [[_text(name), _text(value)] for name, value in request.stripped if name.lower() != _NAME],
    }
    headers = b"Content-Type: application/json\r\nCache-Control: no-store\r\n"
    return Answer(200, headers, json.dumps(told).encode(), request.wants_websocket)


def _text(value: bytes) -> str:
    return value.decode("latin-1")
