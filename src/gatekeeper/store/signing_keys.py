"""Signing keys: the sealed private keys with which assertions are signed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from gatekeeper.store.schema import signing_keys

if TYPE_CHECKING:
    from gatekeeper.store.running import Runner


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A signing key as it is kept: its id, and its PEM, sealed."""

    kid: str
    sealed_pem: str
    created_at: float


class SigningKeys:
    """The signing keys that every node shares."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def add(self, kid: str, sealed_pem: str, created_at: float) -> None:
        """Store a key; one with the same id stays as it is."""
        statement = insert(signing_keys).values(kid=kid, sealed_pem=sealed_pem, created_at=created_at)
        await self._runner.change(statement.on_conflict_do_nothing())

    async def all(self) -> list[SealedKey]:
        """Every key, the oldest first."""
        rows = await self._runner.rows(select(signing_keys).order_by(signing_keys.c.created_at, signing_keys.c.kid))
        return [SealedKey(*tuple(row)) for row in rows]
