"""Search by the beginning of any word, whatever its accents and case.

Each name is cut at white space, and for each word that begins in such a piece the table holds the piece from there on,
folded: ``anna.rossi@example.com`` is found by ``anna``, ``rossi@ex``, ``example`` and ``com``, and by nothing that is
not literally in it, so ``%`` and ``_`` stand for themselves. What begins another word of the same person is left out:
whoever looks for its beginning finds that one.
"""

from __future__ import annotations

import unicodedata
from itertools import zip_longest
from typing import TYPE_CHECKING

import idna

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_WORD = 64
MAX_WORDS_ASKED = 8
LAST = "\U0010ffff"
"""A character behind every other in the order of the table (collation C, which is that of code points)."""

_PLAIN = str.maketrans({
    "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "\u0131": "i", "ł": "l", "ŋ": "n", "ŧ": "t", "æ": "ae", "œ": "oe",
    "þ": "th",
})  # fmt: skip


def folded(text: str) -> str:
    """A text without its accents and its case.

    >>> folded("Lelièvre Erdős FRÉDÉRIC Straße Łódź")
    'lelievre erdos frederic strasse lodz'
    """
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(character for character in apart if not unicodedata.combining(character)).translate(_PLAIN)


def words_of(username: str, email: str, display_name: str) -> set[str]:
    """Every beginning by which a person is found.

    >>> sorted(words_of("anna", "anna@example.com", "Anna Rossi"))
    ['anna@example.com', 'com', 'example.com', 'rossi']
    """
    return _longest(
        {
            word
            for text in (username, email, _domain_as_read(email), display_name)
            for piece in _pieces(text)
            for word in _beginnings(piece)
        }
    )


def words_asked(query: str) -> list[str]:
    """The words of a query, each to be the beginning of some word; empty where nothing was asked.

    >>> words_asked("  Rossi, Anna A @example.com")
    ['rossi', 'anna', 'example.com']
    """
    asked = [_without_at(piece.rstrip(",;") or piece)[:MAX_WORD] for piece in _pieces(query)]
    wanted = _longest(set(asked))
    return [word for word in dict.fromkeys(asked) if word in wanted][:MAX_WORDS_ASKED]


def _longest(words: set[str]) -> set[str]:
    """Those of some words that begin no other of them: what follows a word in order begins with it, if any does."""
    ordered = sorted(words)
    pairs = zip_longest(ordered, ordered[1:], fillvalue="")
    return {word for word, following in pairs if not following.startswith(word)}


def _without_at(piece: str) -> str:
    """``@example.com`` as ``example.com``: the domain is a word of its own."""
    domain = piece.lstrip("@")
    return domain if domain[:1].isalnum() else piece


def _pieces(text: str) -> list[str]:
    """The words of a text, folded, of characters that PostgreSQL stores."""
    return folded(text.replace("\x00", " ")).encode("utf-8", "ignore").decode().split()


def _beginnings(piece: str) -> Iterator[str]:
    for position, character in enumerate(piece):
        if position == 0 or (character.isalnum() and not piece[position - 1].isalnum()):
            yield piece[position : position + MAX_WORD]


def _domain_as_read(email: str) -> str:
    """The domain of an address as people read it, where that differs from what is stored (``xn--…``)."""
    domain = email.rpartition("@")[2]
    if "xn--" not in domain:
        return ""
    try:
        return idna.decode(domain)
    except (idna.IDNAError, UnicodeError):
        return ""
