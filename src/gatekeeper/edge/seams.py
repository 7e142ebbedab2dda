"""What would reach from one site into another through the origin that they share, and must not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.domain.addresses import is_origin_of
from gatekeeper.domain.one_origin import worker_reaches

if TYPE_CHECKING:
    from gatekeeper.edge.head import Request
    from gatekeeper.edge.peers import View


def crosses(request: Request, view: View, path: bytes, prefix: str) -> str | None:
    """Why a request for a platform is refused, for people; ``None`` if it is not.

    Args:
        request: its head.
        view: the client, as this request shows it.
        path: of the target.
        prefix: the path of our own pages.
    """
    if request.wants_websocket:
        origin = request.get(b"origin")
        if origin is not None and not is_origin_of(origin.decode("latin-1"), view.host, view.scheme):
            return "the page that asks is on another site"
    if request.service_worker and worker_reaches(path, prefix):
        return "a service worker here could take over the sign-in pages"
    return None


def is_preflight(request: Request) -> bool:
    """Whether a browser asks on behalf of another site what it may send (CORS)."""
    return (
        request.method == b"OPTIONS"
        and request.get(b"accesscontrolrequestmethod") is not None
        and request.get(b"origin") is not None
    )
