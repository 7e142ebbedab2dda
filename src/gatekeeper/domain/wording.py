"""Sentences for people: written once, in English, where they arise, and said in the reader's language by a page.

A :class:`Text` is a string, the English sentence, and so is English to whoever knows nothing of languages: the API,
the command line, a log. It still knows the words that it was made of, and the page layer (``manners.languages``) says
it anew from those. Joining or formatting a text into a longer string makes a plain string, which no page can
translate: give values to ``N_`` instead, and join with ``together``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NUMBER = "num"
"""The value by which a message of two forms names its number."""


class Text(str):
    """A sentence in English that knows how it was made.

    Attributes:
        message: the words, with ``%(name)s`` where a value stands: what a catalogue of translations is asked for.
        plural: the words for more than one; ``None`` where there is nothing to count.
        number: what is counted.
        values: what stands in the places. One that is a text is said in the same language as the whole.
    """

    __slots__ = ("message", "number", "plural", "values")

    message: str
    plural: str | None
    number: int
    values: Mapping[str, object]

    def __new__(cls, message: str, values: Mapping[str, object], *, plural: str | None = None, number: int = 1) -> Self:
        words = message if plural is None or number == 1 else plural
        text = super().__new__(cls, words % values if values else words)
        text.message = message
        text.plural = plural
        text.number = number
        text.values = values
        return text

    def __getnewargs_ex__(self) -> tuple[tuple[object, ...], dict[str, object]]:
        """What a copy is made from."""
        return (self.message, self.values), {"plural": self.plural, "number": self.number}


def N_(message: str, /, **values: object) -> Text:  # noqa: N802 - the name that tools look for
    """A sentence for people, marked for the catalogues.

    Args:
        message: a literal, such as ``"At most %(most)s characters."``.
        values: what stands in its places.
    """
    return Text(message, values)


def NN_(one: str, many: str, number: int, /, **values: object) -> Text:  # noqa: N802 - as N_
    """A sentence that counts something.

    Args:
        one: a literal for one of them, such as ``"Wait %(num)s minute."``.
        many: a literal for any other number.
        number: how many; ``%(num)s`` in the words.
        values: what stands in the other places.
    """
    return Text(one, {NUMBER: number, **values}, plural=many, number=number)


def together(texts: Iterable[str]) -> Text:
    """Several sentences, one after the other."""
    values = {f"part{at}": text for at, text in enumerate(texts)}
    return Text(" ".join(f"%({name})s" for name in values), values)


def packed(text: str) -> object:
    """A text in a form that JSON keeps; a plain string stays one."""
    if not isinstance(text, Text):
        return text
    values = {name: packed(value) if isinstance(value, str) else value for name, value in text.values.items()}
    return [text.message, values, text.plural, text.number]


def unpacked(kept: object) -> str:
    """What :func:`packed` made, as it was."""
    if not isinstance(kept, list):
        return str(kept)
    message, values, plural, number = kept
    given = {name: unpacked(value) if isinstance(value, list) else value for name, value in values.items()}
    return Text(message, given, plural=plural, number=number)
