"""Column types: what Python has on one side and PostgreSQL on the other."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import BindParameter, ColumnElement, DateTime, SmallInteger, Text, TypeDecorator, Uuid, func, literal
from sqlalchemy.dialects.postgresql import ARRAY

from gatekeeper.domain.errors import NotFound
from gatekeeper.domain.model import Strength

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Dialect


class MalformedId(NotFound, ValueError):
    """A text that is not the id of anything; whoever looks for it finds nothing."""


class UnixTime(TypeDecorator[float]):
    """Seconds since the epoch in Python, ``timestamptz`` (to the microsecond) in PostgreSQL."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Seconds to an instant."""
        return None if value is None else datetime.fromtimestamp(value, UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> float | None:  # noqa: ARG002
        """An instant to seconds."""
        return None if value is None else value.timestamp()


class Id(TypeDecorator[str]):
    """A UUID: text in Python, sixteen bytes in PostgreSQL."""

    impl = Uuid(as_uuid=True)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> uuid.UUID | None:  # noqa: ARG002
        """Text to a UUID; ``MalformedId`` if it is none."""
        return None if value is None else to_uuid(value)

    def process_result_value(self, value: uuid.UUID | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """A UUID to text."""
        return None if value is None else str(value)


class Rank(TypeDecorator[Strength]):
    """A level of strength: its rank in PostgreSQL, so that levels compare there as they do here."""

    impl = SmallInteger
    cache_ok = True

    def process_bind_param(self, value: Strength | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """A level to its rank."""
        return None if value is None else Strength(value).rank

    def process_result_value(self, value: int | None, dialect: Dialect) -> Strength | None:  # noqa: ARG002
        """A rank to its level."""
        return None if value is None else list(Strength)[value]


def to_uuid(text: str) -> uuid.UUID:
    """The UUID that a text spells.

    Raises:
        MalformedId: it spells none.
    """
    try:
        return _parsed(text)
    except (ValueError, AttributeError, TypeError) as error:
        raise MalformedId("not the id of anything") from error


@lru_cache(maxsize=4096)
def _parsed(text: str) -> uuid.UUID:
    """A UUID read from text, remembered: a list of a thousand people is read for each statement that it goes into."""
    return uuid.UUID(text)


def is_id(text: str) -> bool:
    """Whether a text spells a UUID."""
    try:
        to_uuid(text)
    except MalformedId:
        return False
    return True


def canonical_id(text: str) -> str:
    """An id in the spelling that the database gives back.

    Raises:
        NotFound: it is no id, so it is nobody's.
    """
    return str(to_uuid(text))


def instant(at: float) -> BindParameter[float]:
    """A time as an argument of a function in SQL."""
    return literal(at, UnixTime)


def ids(values: Sequence[str]) -> ColumnElement[str]:
    """Ids as rows, sent as one argument however many they are."""
    return func.unnest(literal(list(values), ARRAY(Id)), type_=Id)


def texts(values: Sequence[str]) -> ColumnElement[str]:
    """Texts as rows, sent as one argument however many they are."""
    return func.unnest(literal(list(values), ARRAY(Text)), type_=Text)
