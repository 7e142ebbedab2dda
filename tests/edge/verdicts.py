"""One table of requests and verdicts, for the edge and for every front that asks it."""

from __future__ import annotations

import dataclasses

from gatekeeper.config import RouteConfig
from gatekeeper.domain.access import PUBLIC, SECOND_FACTOR, Access
from tests.edge.conftest import COOKIE, HOST, route_to

NAVIGATES = "Sec-Fetch-Mode: navigate"


def routes_to(port: int) -> tuple[RouteConfig, ...]:
    """The routes that the table is about, all to one upstream."""
    return (
        route_to(port, host=HOST),
        route_to(port, host=HOST, name="open", path="/open", access=PUBLIC),
        route_to(port, host=HOST, name="board", path="/board", access=Access(groups=frozenset({"board"}))),
        route_to(port, host=HOST, name="vault", path="/vault", access=SECOND_FACTOR),
        route_to(port, host="only.example.com", name="only", path="/only"),
    )


@dataclasses.dataclass(frozen=True)
class Row:
    """A request, and its status by the edge itself."""

    status: int
    target: str = "/mail"
    lines: tuple[str, ...] = ()
    method: str = "GET"
    host: str = HOST
    cookie: str | None = COOKIE


ROWS = [
    Row(200),
    Row(200, "/mail?a=1&b=2"),
    Row(200, method="PROPFIND"),
    Row(200, method="POST"),
    Row(401, cookie=None),
    Row(302, cookie=None, lines=(NAVIGATES,)),
    Row(302, cookie=None, lines=("Accept: text/html",)),
    Row(401, cookie=None, lines=(NAVIGATES,), method="POST"),
    Row(401, cookie=None, lines=(NAVIGATES, "Sec-Fetch-Dest: iframe")),
    Row(401, cookie="__Host-gatekeeper=nobodys"),
    Row(200, "/open", cookie=None),
    Row(200, "/open"),
    Row(403, "/board"),
    Row(401, "/vault"),
    Row(302, "/vault", lines=(NAVIGATES,)),
    Row(400, "/open/..%2fmail"),
    Row(400, "/open/../mail"),
    Row(400, "/%00"),
    Row(404, "/elsewhere", host="only.example.com"),
    Row(421, host="unknown.example.com"),
    Row(405, method="TRACE"),
    Row(403, "/sw.js", lines=("Service-Worker: script",)),
    Row(
        403, lines=("Sec-WebSocket-Key: x", "Upgrade: websocket", "Connection: Upgrade", "Origin: https://evil.example")
    ),
    Row(401, method="OPTIONS", cookie=None, lines=("Origin: https://a.example", "Access-Control-Request-Method: PUT")),
]
