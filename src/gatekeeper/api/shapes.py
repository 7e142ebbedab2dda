"""What bodies, queries and answers have in common: unknown fields are refused, nothing is converted silently."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from gatekeeper.manners.exports import iso

MOST_PER_PAGE = 200


class Shape(BaseModel):
    """A body or an answer."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Query(BaseModel):
    """The parameters of a query string; text becomes numbers and truth values here, and only here."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    paged: ClassVar[bool] = False


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not hold a NUL character")
    return text


Words = Annotated[str, AfterValidator(_without_nul)]
"""Text that can be stored."""

Instant = Annotated[
    float, PlainSerializer(iso, return_type=str), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""A time in an answer: seconds inside, RFC 3339 outside."""

Moment = Annotated[AwareDatetime, WithJsonSchema({"type": "string", "format": "date-time"})]
"""A time in a request, with its time zone."""

Secret = Annotated[str, Field(json_schema_extra={"format": "password", "writeOnly": True})]
"""A password on its way in."""

Cursor = Annotated[Words | None, Field(description="where the page before ended: its next_cursor")]


class Paging(Query):
    """How lists are paged."""

    cursor: Cursor = None
    limit: Annotated[int, Field(ge=1, le=MOST_PER_PAGE, description="how many items at most")] = 50


class NoQuery(Query):
    """A call without parameters."""


class ReasonBody(Shape):
    """Why something is done; the reason is kept."""

    reason: Words = Field(min_length=1, max_length=1000, description="why; it is kept in the audit log")
