"""Forward-auth: another proxy asks for the decision alone, about a request that it holds.

The gate judges that request as if it had come here itself, so the verdict is the same behind every front; only the
wording of the question and of the answer is each proxy's own. The answer says who is asking in the lines that a
platform would get, and has no body.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from gatekeeper.domain.headers import IDENTITY_HEADERS, folded
from gatekeeper.domain.paths import AmbiguousPath
from gatekeeper.edge.answers import Answer
from gatekeeper.edge.forward import Forward
from gatekeeper.edge.head import Request

if TYPE_CHECKING:
    from gatekeeper.edge.peers import View

PATH = "/forward-auth/"
"""Below the prefix; then the front, and for Envoy the original path."""
LOGIN_HEADER = "X-Gatekeeper-Login"
"""Where nginx, which cannot pass a redirect on, is told where to send a browser."""

_TARGET, _METHOD = b"xforwardeduri", b"xforwardedmethod"
_WEBSOCKET = b"secwebsocketkey"
_PASSED_ON = (b"location:", b"retry-after:", b"allow:")
_NAMES = tuple(name.encode() for name in IDENTITY_HEADERS)
_NGINX_TAKES = frozenset({401, 403})


class Front(StrEnum):
    """The proxies that ask."""

    NGINX = "nginx"
    TRAEFIK = "traefik"
    CADDY = "caddy"
    ENVOY = "envoy"


def front_of(rest: bytes) -> Front | None:
    """Who asks.

    Args:
        rest: the path of the question, from after :data:`PATH`.
    """
    name, slash, _ = rest.partition(b"/")
    try:
        front = Front(name.decode("latin-1"))
    except ValueError:
        return None
    return front if (front is Front.ENVOY) == bool(slash) else None


def original_of(front: Front, request: Request, view: View, below: int) -> Request:
    """The request that the question is about, without its body.

    Args:
        front: who asks.
        request: the question.
        view: the client, as the question shows it.
        below: how long the part of an Envoy's question before the original target is.

    Raises:
        AmbiguousPath: the question does not say, or says twice, what it is about.
    """
    original = Request()
    original.complete = True
    original.host, original.hosts = view.raw_host, 1
    original.lines = list(request.lines)
    original.cookies = request.cookies
    original.stripped = request.stripped
    original.service_worker = request.service_worker
    if request.get(_WEBSOCKET) is not None:  # a front keeps Upgrade for itself
        original.upgrades, original.upgrade = True, b"websocket"
    if front is Front.ENVOY:
        original.method, original.target = request.method, request.target[below:]
    else:
        original.method = _said(request, _METHOD, request.method)
        original.target = _said(request, _TARGET, b"")
    if original.target[:1] != b"/":
        raise AmbiguousPath("the question does not name the path that it is about: X-Forwarded-Uri")
    return original


def answer_to(front: Front, question: Request, original: Request, outcome: Forward | Answer) -> Answer:
    """The verdict in the words of whoever asked.

    A front may announce the body of the request that it holds and not send it, so a question with a body is the last on
    its connection.
    """
    closes = question.has_body or question.wants_websocket
    if isinstance(outcome, Forward):
        cookie = original.get(b"cookie")
        rest = b"" if cookie is None else b"Cookie: " + cookie + b"\r\n"
        identity = _complete(outcome.identity) if front is Front.CADDY else outcome.identity
        return Answer(200, identity + rest + b"Cache-Control: no-store\r\n", b"", closes)
    kept = [line for line in outcome.headers.split(b"\r\n") if line.lower().startswith(_PASSED_ON)]
    status = outcome.status
    if front is Front.NGINX:
        if status == 302:  # noqa: PLR2004 - Found
            status = 401
            kept = [LOGIN_HEADER.encode() + line[len("location") :] for line in kept]
        elif status not in _NGINX_TAKES:
            status = 403
    lines = [*kept, b"Cache-Control: no-store", b""]
    return Answer(status, b"\r\n".join(lines), b"", closes)


def _complete(identity: bytes) -> bytes:
    """With an empty line for each name that has none: Caddy 2.6 copies its variable's name where one is missing."""
    said = {line.partition(b":")[0] for line in identity.split(b"\r\n")}
    return identity + b"".join(name + b": \r\n" for name in _NAMES if name not in said)


def _said(request: Request, name: bytes, default: bytes) -> bytes:
    values = [value for sent, value in request.stripped if folded(sent) == name]
    if len(values) > 1:
        raise AmbiguousPath("the question says twice what it is about")
    return values[0] if values else default
