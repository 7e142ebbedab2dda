"""What keeps a platform that shares our origin out of our pages: a hostile mail may get script to run in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.domain.cookies import sets_one_of
from gatekeeper.domain.headers import NEVER_FROM_UPSTREAM
from gatekeeper.domain.paths import readings

if TYPE_CHECKING:
    from collections.abc import Sequence


def drops_from_upstream(name: bytes, value: bytes, cookies: frozenset[bytes]) -> bool:
    """Whether a header of the upstream's answer must not reach the browser.

    Args:
        name: the header's name, in lower case.
        value: its value.
        cookies: the exact names of our own cookies.
    """
    if name == b"set-cookie":
        return sets_one_of(value, cookies)
    return name in NEVER_FROM_UPSTREAM


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


def is_worker_script(values: Sequence[bytes]) -> bool:
    """Whether a request fetches a service worker's script: its ``Service-Worker`` headers' values."""
    return any(value.strip(b" \t").lower() == b"script" for value in values)
