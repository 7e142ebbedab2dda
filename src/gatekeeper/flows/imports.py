"""Importing people from a CSV file: every bad row is reported, and none is imported unless the bad ones may be skipped.

An import can be run again: people who are there already as the file has them are left alone, and nothing is hashed for
them a second time. Permissions cannot be imported.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from gatekeeper.crypto.tokens import new_id
from gatekeeper.domain import passwords
from gatekeeper.domain.errors import GatekeeperError, Unavailable
from gatekeeper.domain.model import NewUser, Permission
from gatekeeper.flows import audit, people
from gatekeeper.flows.acting import require
from gatekeeper.flows.csv_rows import read_rows
from gatekeeper.flows.import_judging import compare, judge, judge_passwords
from gatekeeper.flows.pacing import standing, working

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.csv_rows import Fault
    from gatekeeper.flows.import_judging import Wanted
    from gatekeeper.flows.services import Services

    Progress = Callable[["Step", int, int], None]

WRITTEN_AT_ONCE = 100
"""How many people are written by one round of statements; requests are answered between two of them."""

MANY = 5_000
"""How many people change what is common among all: PostgreSQL looks anew then, for searches to find their way."""

AGAIN = 0.5
"""Seconds until an import that could not go on tries again: others hash, or another import is being written."""

HASHED_AT_ONCE = 2
"""How many passwords of an import are hashed at the same time; sign-ins go on beside it."""


class Step(StrEnum):
    """What of an import takes long."""

    HASHING = "hashing"
    WRITING = "writing"


@dataclass(frozen=True, slots=True)
class Report:
    """How an import ended, or would end: people added, people there already, rows refused."""

    added: int
    unchanged: int
    faults: tuple[Fault, ...]
    written: bool


class BadRows(GatekeeperError):
    """Rows were refused, so nothing was imported; ``report`` tells all of them."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"{len(report.faults)} rows cannot be imported")
        self.report = report


async def import_people(
    services: Services,
    actor: Actor,
    content: bytes,
    *,
    now: float,
    dry_run: bool = False,
    skip_bad: bool = False,
    progress: Progress = lambda _step, _done, _total: None,
) -> Report:
    """Import a file.

    Args:
        services: the stores.
        actor: who imports.
        content: the file.
        now: the time.
        dry_run: judge everything and write nothing.
        skip_bad: import the good rows although there are bad ones.
        progress: told how many passwords are hashed and then how many people written, each time out of how many.

    Raises:
        Forbidden: without ``users.manage``.
        Refused: the file as a whole cannot be read (field ``file``).
        RefusedAll: its heading names wrong columns (field ``file``).
        BadRows: rows were refused, and neither ``dry_run`` nor ``skip_bad`` was asked for.
        AlreadyExists: somebody added the same person meanwhile; nothing was imported.
    """
    require(actor, Permission.USERS_MANAGE)
    with working():
        fresh, unchanged, faults = await _judged(services, content)
        report = Report(len(fresh), unchanged, tuple(faults), written=not dry_run)
        if dry_run:
            return report
        if faults and not skip_bad:
            raise BadRows(replace(report, added=0, written=False))
        new = await asyncio.to_thread(lambda: [_new_user(one, now) for one in fresh])
        plain = [one.candidate.password for one in fresh]
    with standing():
        await _hash_all(services, new, plain, progress)
        totals: dict[str, object] = {"added": len(new), "unchanged": unchanged, "refused": len(faults)}
        while True:
            if await _write(services, actor, new, now, totals=totals, progress=progress):
                break
            await asyncio.sleep(AGAIN)
    if len(new) >= MANY:
        await services.database.analyze()
    return report


async def _judged(services: Services, content: bytes) -> tuple[list[Wanted], int, list[Fault]]:
    """Who would be added, how many are there already, and what is wrong with the others."""
    good, faults = await asyncio.to_thread(lambda: judge(read_rows(content)))
    level = (await services.database.read.policies.read()).password.strength
    fresh, unchanged, clashing = await compare(services.database.read, good)
    fresh, weak = await asyncio.to_thread(judge_passwords, fresh, level)
    return fresh, unchanged, sorted([*faults, *clashing, *weak], key=lambda fault: fault.line)


async def _write(
    services: Services,
    actor: Actor,
    new: Sequence[NewUser],
    now: float,
    *,
    totals: dict[str, object],
    progress: Progress,
) -> bool:
    """Write the people and what is told of them, all or none; false while another import is being written."""
    async with services.database.transaction() as tables:
        if not await tables.imports.take_turn():
            return False
        for start in range(0, len(new), WRITTEN_AT_ONCE):
            some = new[start : start + WRITTEN_AT_ONCE]
            await tables.users.add_many(some)
            added = [(people.facts_of(person), people.described(person)) for person in some]
            await audit.record_many(tables, actor, "user.create", now, added)
            progress(Step.WRITING, start + len(some), len(new))
        await audit.record(tables, actor, "user.import", now, details=totals)
    return True


async def _hash_all(services: Services, new: list[NewUser], plain: Sequence[str | None], progress: Progress) -> None:
    """Hash the passwords of those new people who come with one, a few at a time."""
    waiting = [(place, password) for place, password in enumerate(plain) if password is not None]
    total, done = len(waiting), 0
    following = iter(waiting)

    async def work() -> None:
        nonlocal done
        for place, password in following:
            new[place] = replace(new[place], password_hash=await _hashed(services, passwords.normalise(password)))
            done += 1
            progress(Step.HASHING, done, total)

    async with asyncio.TaskGroup() as group:
        for _ in range(HASHED_AT_ONCE):
            group.create_task(work())


async def _hashed(services: Services, password: str) -> str:
    """The hash of a password; whoever signs in meanwhile goes first, however many they are."""
    while True:
        try:
            return await services.hasher.hash(password)
        except Unavailable:
            await asyncio.sleep(AGAIN)


def _new_user(wanted: Wanted, now: float) -> NewUser:
    candidate = wanted.candidate
    return NewUser(
        id=new_id(),
        username=candidate.username,
        email=candidate.email,
        display_name=candidate.display_name,
        groups=candidate.groups,
        permissions=frozenset(),
        created_at=now,
        enabled=candidate.enabled,
        password_hash=wanted.stored_hash,
        password_strength=None if candidate.password is None else passwords.strength_of(candidate.password),
    )
