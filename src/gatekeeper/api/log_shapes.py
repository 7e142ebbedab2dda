"""The audit log, API tokens and who is asking, as the API speaks of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from gatekeeper.api.shapes import Instant, Moment, Paging, Query, Shape, Words
from gatekeeper.api.user_shapes import UserShape  # noqa: TC001 - pydantic reads it
from gatekeeper.domain.model import Permission  # noqa: TC001 - pydantic reads it
from gatekeeper.domain.permissions import in_order

if TYPE_CHECKING:
    from gatekeeper.store.audit import AuditRecord
    from gatekeeper.store.tokens import ApiToken


class AuditSearch(Paging):
    """Which entries are listed."""

    user: Annotated[Words | None, Field(description="the id of who did it, or on whom it was done")] = None
    action: Annotated[Words | None, Field(max_length=100, description="such as user.create")] = None
    since: Annotated[Moment | None, Field(description="not before this time")] = None


class AuditItem(Shape):
    """Who did what, on whom, when, from where, and how it ended."""

    id: str
    at: Instant
    actor_id: str | None
    actor_name: str
    action: str
    target_id: str | None
    target_name: str | None
    address: str
    request_id: str
    outcome: str
    details: dict[str, Any]

    @classmethod
    def of(cls, record: AuditRecord) -> AuditItem:
        """An entry as it is shown."""
        return cls(
            id=str(record.id),
            at=record.at,
            actor_id=record.actor_id,
            actor_name=record.actor_name,
            action=record.action,
            target_id=record.target_id,
            target_name=record.target_name,
            address=record.address,
            request_id=record.request_id,
            outcome=record.outcome,
            details=dict(record.details),
        )


class AuditList(Shape):
    """Some of the log, newest first."""

    items: list[AuditItem]
    next_cursor: str | None


class TokenOwner(Query):
    """Whose tokens are listed."""

    user: Annotated[Words | None, Field(description="the id of their owner; left out: one's own")] = None


class NewTokenBody(Shape):
    """A token to be made, for oneself."""

    name: Words
    permissions: list[Permission]
    expires_at: Moment | None = None


class TokenShape(Shape):
    """A token, without the token itself."""

    id: str
    name: str
    owner_id: str
    permissions: list[Permission]
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None

    @classmethod
    def of(cls, token: ApiToken) -> TokenShape:
        """A token as it is shown."""
        return cls(
            id=token.id,
            name=token.name,
            owner_id=token.owner_id,
            permissions=in_order(token.permissions),
            created_at=token.created_at,
            expires_at=token.expires_at,
            last_used_at=token.last_used_at,
        )


class MadeTokenShape(TokenShape):
    """A new token; ``token`` is the token itself, shown this once."""

    token: str


class TokenList(Shape):
    """Somebody's tokens."""

    items: list[TokenShape]
    next_cursor: None = None


class Asking(Shape):
    """Who is asking. A token has no ``csrf_token`` and was never authenticated at a moment."""

    user: UserShape
    permissions: list[Permission]
    csrf_token: str | None
    amr: list[str]
    authenticated_at: Instant | None
