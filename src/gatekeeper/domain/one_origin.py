"""What keeps a platform that shares our origin out of our pages: a hostile mail may get script to run in it."""

from __future__ import annotations

from gatekeeper.domain.paths import readings


def worker_reaches(path: bytes, prefix: str) -> bool:
    """Whether a service worker whose script lies at a path could control pages under our prefix.

    A worker reaches at most the folder of its script, since ``Service-Worker-Allowed`` never comes through
    (Service Workers §4.1). Every reading of the path counts.

    >>> worker_reaches(b"/sw.js", "/gatekeeper"), worker_reaches(b"/mail/sw.js", "/gatekeeper")
    (True, False)

    Args:
        path: of a request with ``Service-Worker: script``, without its query.
        prefix: of our own pages.

    Raises:
        AmbiguousPath: the path is none.
    """
    below = prefix.encode() + b"/"
    return any(below.startswith(reading[: reading.rindex(b"/") + 1]) for reading in readings(path))
