"""Polling: requests that a page makes by itself and that therefore do not keep a session alive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Pattern:
    """One entry of a route's ``background``: a path, query parameters, or both.

    ``path`` is ``None`` where any path will do. ``parameters`` must all be there, each with its value; ``None`` for a
    value means any.
    """

    path: bytes | None
    parameters: frozenset[tuple[bytes, bytes | None]] = frozenset()

    def asks_for(self, parameters: frozenset[tuple[bytes, bytes]]) -> bool:
        """Whether a request's decoded query parameters are those of this polling."""
        names = {name for name, _ in parameters}
        return all(
            (name in names) if value is None else ((name, value) in parameters) for name, value in self.parameters
        )


def pattern(text: str) -> Pattern:
    """Read an entry: ``/?_action=refresh`` (path and parameter), ``/poll`` (path), ``?_action=refresh`` (parameter).

    Raises:
        ValueError: it is neither a path nor a query.
    """
    if not text.startswith(("/", "?")) or text == "?" or not text.isascii():
        raise ValueError("an entry is a path, a query, or both: /poll, ?_action=refresh, /?_action=refresh")
    path, _, query = text.encode().partition(b"?")
    wanted = frozenset(
        (unquote_to_bytes(name.replace(b"+", b" ")), unquote_to_bytes(value.replace(b"+", b" ")) if mark else None)
        for name, mark, value in (item.partition(b"=") for item in query.split(b"&") if item)
    )
    return Pattern(path or None, wanted)


def matches(patterns: Iterable[Pattern], target: bytes) -> bool:
    """Whether a request is polling.

    >>> matches([pattern("/?_action=refresh")], b"/?_task=mail&_action=refresh")
    True

    Args:
        patterns: the route's list.
        target: path and query as sent.
    """
    path, _, query = target.partition(b"?")
    parameters: frozenset[tuple[bytes, bytes]] | None = None
    for one in patterns:
        if one.path is not None and one.path != path:
            continue
        if not one.parameters:
            return True
        if parameters is None:
            parameters = _parameters(query)
        if one.asks_for(parameters):
            return True
    return False


def _parameters(query: bytes) -> frozenset[tuple[bytes, bytes]]:
    return frozenset(
        (unquote_to_bytes(name.replace(b"+", b" ")), unquote_to_bytes(value.replace(b"+", b" ")))
        for name, _, value in (item.partition(b"=") for item in query.split(b"&") if item)
    )
