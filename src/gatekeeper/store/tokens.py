"""API tokens: their digests, whose they are, and what they may do at most."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from gatekeeper.domain.errors import NotFound
from gatekeeper.domain.model import Permission
from gatekeeper.store.schema import tokens
from gatekeeper.store.types import instant

if TYPE_CHECKING:
    from sqlalchemy import Row

    from gatekeeper.store.running import Runner

_KNOWN = frozenset(Permission)


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as it is kept; the token itself is stored nowhere. ``expires_at`` of ``None``: it never ends."""

    id: str
    name: str
    digest: str
    owner_id: str
    permissions: frozenset[Permission]
    created_at: float
    expires_at: float | None = None
    last_used_at: float | None = None


class Tokens:
    """The API tokens of people."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def add(self, token: ApiToken) -> None:
        """Store a token.

        Raises:
            NotFound: there is no such owner.
        """
        held = sorted(permission.value for permission in token.permissions)
        await self._runner.change(insert(tokens).values(**{**asdict(token), "permissions": held}))

    async def by_id(self, token_id: str) -> ApiToken:
        """The token with this id.

        Raises:
            NotFound: there is none.
        """
        row = await self._runner.row(select(tokens).where(tokens.c.id == token_id))
        if row is None:
            raise NotFound("there is no such token")
        return _token_of(row)

    async def by_digest(self, digest: str) -> ApiToken | None:
        """The token with this digest; ``None`` if there is none. Whether it has ended is for the caller to see."""
        row = await self._runner.row(select(tokens).where(tokens.c.digest == digest))
        return None if row is None else _token_of(row)

    async def of_owner(self, owner_id: str) -> list[ApiToken]:
        """A person's tokens, the newest first."""
        return await self._list(tokens.c.owner_id == owner_id)

    async def all(self) -> list[ApiToken]:
        """Everybody's tokens, the newest first."""
        return await self._list()

    async def used(self, token_id: str, now: float) -> None:
        """Note when a token was last used."""
        last = func.greatest(tokens.c.last_used_at, instant(now))
        await self._runner.change(update(tokens).where(tokens.c.id == token_id).values(last_used_at=last))

    async def revoke(self, token_id: str) -> None:
        """End a token.

        Raises:
            NotFound: there is none with this id.
        """
        if not await self._runner.change(delete(tokens).where(tokens.c.id == token_id)):
            raise NotFound("there is no such token")

    async def _list(self, *which: Any) -> list[ApiToken]:
        query = select(tokens).where(*which).order_by(tokens.c.created_at.desc(), tokens.c.id)
        return [_token_of(row) for row in await self._runner.rows(query)]


def _token_of(row: Row[Any]) -> ApiToken:
    return ApiToken(
        id=row.id,
        name=row.name,
        digest=row.digest,
        owner_id=row.owner_id,
        permissions=frozenset(Permission(name) for name in row.permissions if name in _KNOWN),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
    )
