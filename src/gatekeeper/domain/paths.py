"""Request targets: one path, and every way in which a server behind the gate might read it.

The path that is judged is the path that is forwarded, byte for byte. What could be read in two ways is not repaired:
either all readings lead to the same route, or the request is refused. The readings are the path as sent; decoded once,
with ``%2F`` and ``%5C`` as slashes; with ``;parameters`` taken off each segment; with slashes merged; and every
combination of these.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

_PLAIN = re.compile(rb"(?:/(?!\.{1,2}(?:/|\Z))[\x21\x22\x24\x26-\x2e\x30-\x3a\x3c-\x3e\x40-\x5b\x5d-\x7e]+)*/?\Z")
_NOT_ALLOWED = re.compile(rb"[^\x21-\x7e]|[#\\?]")
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_DOT_SEGMENT = re.compile(rb"(?:\A|/)\.{1,2}(?:/|\Z)")
_PARAMETERS = re.compile(rb";[^/]*")
_SLASHES = re.compile(rb"//+")
_ABSOLUTE = re.compile(rb"https?://([^/?#]+)", re.IGNORECASE)


class AmbiguousPath(ValueError):
    """A target that can be read in more than one way, or in none; the text says why, for people."""


class Target(NamedTuple):
    """A request target in its parts (RFC 9112 §3.2).

    ``path`` is never empty. ``query`` begins with its ``?`` (empty where there is none), so ``path + query`` is what
    goes upstream. ``authority`` is given only by an absolute-form target; it must then be the request's host.
    """

    path: bytes
    query: bytes = b""
    authority: bytes | None = None


def split_target(raw: bytes) -> Target:
    """Take a request target apart without changing a byte of it.

    Args:
        raw: the target of the request line, in origin form or in absolute form.

    Raises:
        AmbiguousPath: it has a fragment, or is neither of the two forms (``*`` and ``host:port`` are refused).
    """
    authority = None
    if raw[:1] != b"/":
        absolute = _ABSOLUTE.match(raw)
        if absolute is None:
            raise AmbiguousPath("the target is not a path")
        authority = absolute.group(1)
        raw = raw[absolute.end() :]
        if raw[:1] != b"/":
            raw = b"/" + raw
    if b"#" in raw:
        raise AmbiguousPath("the target has a fragment")
    path, mark, query = raw.partition(b"?")
    return Target(path, mark + query, authority)


def is_plain(path: bytes) -> bool:
    """Whether a path has one reading only: no escape, parameter, backslash, dot segment or doubled slash.

    >>> is_plain(b"/mail/INBOX"), is_plain(b"/mail/INBOX%2FSent")
    (True, False)
    """
    return path[:1] == b"/" and _PLAIN.match(path) is not None


def readings(path: bytes) -> tuple[bytes, ...]:
    """Every way in which a path might be read, the one as sent first, without repetitions.

    >>> readings(b"/mail/INBOX%2FSent")
    (b'/mail/INBOX%2FSent', b'/mail/INBOX/Sent')

    Args:
        path: the path of the request target, without its query.

    Raises:
        AmbiguousPath: no server should be asked to read it: dot segments in any reading, encoded twice too; a
            backslash, a control character, a fragment, a broken escape.
    """
    if is_plain(path):
        return (path,)
    if path[:1] != b"/":
        raise AmbiguousPath("the path does not begin with a slash")
    if _NOT_ALLOWED.search(path):
        raise AmbiguousPath("the path has a backslash or a character that belongs into no path")
    if _BROKEN_ESCAPE.search(path):
        raise AmbiguousPath("the path has a broken escape")
    decoded = _decode(path)
    if _CONTROL.search(decoded):
        raise AmbiguousPath("the path has an encoded control character")
    bare = _PARAMETERS.sub(b"", path)
    unmerged = (path, decoded, bare, _decode(bare), _PARAMETERS.sub(b"", decoded))
    found = dict.fromkeys(unmerged)
    found.update(dict.fromkeys(_SLASHES.sub(b"/", reading) for reading in unmerged))
    twice = _decode(decoded)
    if any(_DOT_SEGMENT.search(reading) for reading in (*found, twice, _PARAMETERS.sub(b"", twice))):
        raise AmbiguousPath("the path has dot segments")
    return tuple(found)


def _decode(path: bytes) -> bytes:
    return unquote_to_bytes(path).replace(b"\\", b"/")
