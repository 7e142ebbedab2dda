"""Judges what came of odd paths: none may open what a path that is written plainly does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.doctor.findings import Finding, hole
from gatekeeper.doctor.visiting import Kind
from gatekeeper.domain.access import Kind as AccessKind
from gatekeeper.domain.paths import AmbiguousPath
from gatekeeper.domain.routing import APP

if TYPE_CHECKING:
    from collections.abc import Collection

    from gatekeeper.config import RouteConfig
    from gatekeeper.doctor.identity import Subject
    from gatekeeper.doctor.visiting import Visit
    from gatekeeper.domain.routing import Router

ASK_AS_SENT = (
    "Let the proxy in front ask gatekeeper about the path as it was sent and pass on that very path (nginx: "
    "$request_uri), and leave no location open beside it."
)


def must_stay_closed(router: Router[RouteConfig], host: str, target: str) -> bool:
    """Whether gatekeeper keeps a target from nobody: it refuses it, or its route asks for a sign-in."""
    try:
        found = router.match(host, target.partition("?")[0].encode())
    except (AmbiguousPath, LookupError):
        return True
    return found is not None and found is not APP and found.access.kind is not AccessKind.PUBLIC


def judge_path(subject: Subject, target: str, visit: Visit, open_pages: Collection[bytes]) -> Finding | None:
    """Judge the answer to an odd path.

    Args:
        subject: the page that it leads to.
        target: the path.
        visit: as nobody.
        open_pages: what pages say that are open to everybody: to be led there is no harm.
    """
    if visit.kind is not Kind.OPEN or visit.body in open_pages:
        return None
    what = f"The path {target} opened to nobody, although some servers read it as {subject.url}, which is protected."
    return hole(subject.place, what, ASK_AS_SENT)
