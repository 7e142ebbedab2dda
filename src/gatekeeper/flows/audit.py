"""The record of who did what, on whom, when, from where and how it ended; written in the transaction of the change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.domain.login import DAY
from gatekeeper.domain.model import Permission
from gatekeeper.domain.names import canonical_name
from gatekeeper.flows.acting import require
from gatekeeper.store.audit import AuditEntry
from gatekeeper.store.types import canonical_id, is_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from gatekeeper.domain.model import Client, OwnerFacts
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services
    from gatekeeper.store.audit import AuditRecord
    from gatekeeper.store.database import Tables
    from gatekeeper.store.paging import Page


@dataclass(frozen=True, slots=True)
class Day:
    """The sign-ins of the day (UTC) that begins at ``begins_at``."""

    begins_at: float
    succeeded: int
    failed: int


DONE = "done"
REFUSED = "refused"


def entry(
    action: str,
    now: float,
    client: Client,
    *,
    actor: OwnerFacts | None = None,
    target: OwnerFacts | None = None,
    outcome: str = DONE,
    details: dict[str, object] | None = None,
) -> AuditEntry:
    """An entry of the log.

    Args:
        action: what was done, such as ``user.create``.
        now: when.
        client: from where.
        actor: who did it; ``None`` where nobody is known.
        target: on whom.
        outcome: how it ended, ``done`` or ``refused``.
        details: what else is worth keeping; never a secret.
    """
    return AuditEntry(
        at=now,
        actor_id=None if actor is None else actor.user_id or None,
        actor_name="" if actor is None else actor.username,
        action=action,
        target_id=None if target is None else target.user_id,
        target_name=None if target is None else target.username,
        address=client.address,
        request_id=client.request_id,
        outcome=outcome,
        details=details or {},
    )


async def record(
    tables: Tables,
    actor: Actor,
    action: str,
    now: float,
    *,
    target: OwnerFacts | None = None,
    details: dict[str, object] | None = None,
) -> None:
    """Write the entry of an administrator's change, in the transaction of the change."""
    known = {"via": actor.via.value, **(details or {})}
    await tables.audit.add(entry(action, now, actor.client, actor=actor.user, target=target, details=known))


async def record_many(
    tables: Tables, actor: Actor, action: str, now: float, targets: Iterable[tuple[OwnerFacts, dict[str, object]]]
) -> None:
    """As :func:`record`, for the same change of many people, each with its details."""
    via = {"via": actor.via.value}
    await tables.audit.add_many(
        [
            entry(action, now, actor.client, actor=actor.user, target=target, details=via | details)
            for target, details in targets
        ]
    )


async def record_refusal(services: Services, actor: Actor, action: str, now: float, details: dict[str, object]) -> None:
    """Write down that somebody was refused: nothing changed, so the entry has a transaction of its own."""
    known: dict[str, object] = {"via": actor.via.value, **details}
    async with services.database.transaction() as tables:
        await tables.audit.add(entry(action, now, actor.client, actor=actor.user, outcome=REFUSED, details=known))


async def search(
    services: Services,
    actor: Actor,
    *,
    user: str | None = None,
    action: str | None = None,
    since: float | None = None,
    outcome: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[AuditRecord]:
    """The log, newest first.

    Raises:
        Forbidden: without ``audit.read``.
    """
    require(actor, Permission.AUDIT_READ)
    return await services.database.read.audit.search(
        user=user, action=action, since=since, outcome=outcome, cursor=cursor, limit=limit
    )


async def somebody(services: Services, actor: Actor, name: str) -> str | None:
    """The id of the person whose entries are looked for; ``None`` where there is and was none.

    Args:
        services: the stores.
        actor: who looks.
        name: a user name or an address; of a person who is deleted the user name; or the id itself.

    Raises:
        Forbidden: without ``audit.read``.
    """
    require(actor, Permission.AUDIT_READ)
    if is_id(name):
        return canonical_id(name)
    found = await services.database.read.users.by_login(canonical_name(name))
    return found.id if found is not None else await services.database.read.audit.find_deleted(name)


async def still_there(services: Services, records: Sequence[AuditRecord]) -> set[str]:
    """The ids of those people named in some entries whose accounts exist."""
    named = {user_id for record in records for user_id in (record.actor_id, record.target_id) if user_id}
    return await services.database.read.users.existing(named)


async def daily_sign_ins(services: Services, actor: Actor, days: int, now: float) -> list[Day]:
    """How many sign-ins succeeded and failed on each of the last days (UTC), today's the last.

    Raises:
        Forbidden: without ``audit.read``.
    """
    require(actor, Permission.AUDIT_READ)
    log = services.database.read.audit
    begins_at = (now // DAY + 1 - days) * DAY
    succeeded = await log.count_daily("sign-in.succeeded", begins_at, days)
    failed = await log.count_daily("sign-in.failed", begins_at, days)
    return [Day(begins_at + at * DAY, *counts) for at, counts in enumerate(zip(succeeded, failed, strict=True))]


async def export(services: Services, actor: Actor, now: float) -> AsyncIterator[AuditRecord]:
    """The whole log, oldest first; that it was taken is in the log too.

    Raises:
        Forbidden: without ``audit.read``.
    """
    require(actor, Permission.AUDIT_READ)
    async with services.database.transaction() as tables:
        await record(tables, actor, "audit.export", now)
    return services.database.read.audit.stream()
