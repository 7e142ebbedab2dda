"""Importing people from a CSV file: every bad row is reported, and none is imported unless the bad ones may be skipped.

An import can be run again: people who are there already as the file has them are left alone, and nothing is hashed for
them a second time. Permissions cannot be imported.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gatekeeper.crypto.hashing import is_supported
from gatekeeper.crypto.tokens import new_id
from gatekeeper.domain import passwords
from gatekeeper.domain.errors import GatekeeperError, Refused
from gatekeeper.domain.model import NewUser, Permission
from gatekeeper.domain.names import canonical_name
from gatekeeper.domain.wording import N_, Text
from gatekeeper.flows import audit, people
from gatekeeper.flows.acting import require
from gatekeeper.flows.csv_rows import Fault, Row, read_rows
from gatekeeper.flows.refusals import RefusedAll

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gatekeeper.domain.model import Strength, User
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.people import Candidate
    from gatekeeper.flows.services import Services
    from gatekeeper.store.database import Tables

BATCH = 500
HASHED_AT_ONCE = 2
"""How many passwords of an import are hashed at the same time; sign-ins go on beside it."""

_HASH = re.compile(r"\$\w+\$|\{[A-Z][A-Z0-9.-]+\}")
"""How a hash begins. Taken for a password, a list of hashes would be a list of passwords."""


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


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A row that can be imported: who, by which password or hash, and the canonical forms of their two names."""

    line: int
    candidate: Candidate
    stored_hash: str | None
    login: str
    address: str


async def import_people(
    services: Services,
    actor: Actor,
    content: bytes,
    *,
    now: float,
    dry_run: bool = False,
    skip_bad: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Report:
    """Import a file.

    Args:
        services: the stores.
        actor: who imports.
        content: the file.
        now: the time.
        dry_run: judge everything and write nothing.
        skip_bad: import the good rows although there are bad ones.
        progress: told how many people are ready to be written, out of how many.

    Raises:
        Forbidden: without ``users.manage``.
        Refused: the file as a whole cannot be read (field ``file``).
        RefusedAll: its heading names wrong columns (field ``file``).
        BadRows: rows were refused, and neither ``dry_run`` nor ``skip_bad`` was asked for.
        AlreadyExists: somebody added the same person meanwhile; nothing was imported.
    """
    require(actor, Permission.USERS_MANAGE)
    good, faults = await asyncio.to_thread(lambda: _judge(read_rows(content)))
    level = (await services.database.read.policies.read()).password.strength
    fresh, unchanged, clashing = await _compare(services.database.read, good)
    faults += clashing
    fresh, weak = await asyncio.to_thread(_judge_passwords, fresh, level)
    faults = sorted([*faults, *weak], key=lambda fault: fault.line)
    report = Report(len(fresh), unchanged, tuple(faults), written=not dry_run)
    if dry_run:
        return report
    if faults and not skip_bad:
        raise BadRows(replace(report, added=0, written=False))
    new = await _hash_all(services, fresh, now, progress)
    async with services.database.transaction() as tables:
        await tables.users.add_many(new)
        for start in range(0, len(new), BATCH):
            added = [(people.facts_of(person), people.described(person)) for person in new[start : start + BATCH]]
            await audit.record_many(tables, actor, "user.create", now, added)
        totals: dict[str, object] = {"added": len(new), "unchanged": unchanged, "refused": len(faults)}
        await audit.record(tables, actor, "user.import", now, details=totals)
    return report


def _judge(rows: Iterable[Row | Fault]) -> tuple[list[_Wanted], list[Fault]]:
    """Each row by itself, and against those above it: nobody is in the file twice, however they are spelt."""
    good: list[_Wanted] = []
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for row in rows:
        if isinstance(row, Fault):
            faults.append(row)
            continue
        try:
            wanted = _wanted(row)
        except RefusedAll as refused:
            faults += [Fault(row.line, one.message, one.field, row["username"].strip()) for one in refused.refusals]
            continue
        names = {"username": wanted.login, "email": wanted.address}
        doubles = [(field, seen[name]) for field, name in names.items() if name in seen]
        if doubles:
            field, line = doubles[0]
            faults.append(Fault(row.line, _said_twice(field, line), field, wanted.candidate.username))
            continue
        seen.update(dict.fromkeys(names.values(), row.line))
        good.append(wanted)
    return good, faults


def _wanted(row: Row) -> _Wanted:
    faults: list[Refused] = []
    candidate = people.Candidate(
        username=row["username"],
        email=row["email"],
        display_name=row["display_name"],
        groups=row.groups,
        enabled=row.enabled is not False,
        password=row["password"] or None,
    )
    try:
        candidate = people.check(candidate)
    except RefusedAll as refused:
        faults += refused.refusals
    if row.enabled is None:
        faults.append(Refused("invalid", N_("It must be true or false."), "enabled"))
    stored_hash = row["password_hash"].strip() or None
    if stored_hash is not None and candidate.password is not None:
        faults.append(Refused("both", N_("Give a password or its hash, not both."), "password_hash"))
    elif stored_hash is not None and not is_supported(stored_hash):
        faults.append(Refused("unknown-hash", N_("This kind of password hash is not known."), "password_hash"))
    if candidate.password is not None and _HASH.match(candidate.password):
        faults.append(
            Refused("hash", N_("This is the hash of a password: it belongs into the column password_hash."), "password")
        )
    if faults:
        raise RefusedAll(faults)
    login, address = canonical_name(candidate.username), canonical_name(candidate.email)
    return _Wanted(row.line, candidate, stored_hash, login, address)


async def _compare(tables: Tables, wanted: Sequence[_Wanted]) -> tuple[list[_Wanted], int, list[Fault]]:
    """Who is new, how many are there already as the file has them, and who clashes with somebody."""
    taken = await tables.users.taken(name for one in wanted for name in (one.login, one.address))
    ids = list(set(taken.values()))
    standing: dict[str, User] = {}
    for start in range(0, len(ids), BATCH):
        standing |= {user.id: user for user in await tables.users.by_ids(ids[start : start + BATCH])}
    fresh: list[_Wanted] = []
    faults: list[Fault] = []
    for one in wanted:
        who = one.candidate
        user = standing.get(taken.get(one.login, ""))
        if user is None and one.address not in taken:
            fresh.append(one)
        elif user is None:
            faults.append(Fault(one.line, N_("The address is somebody else's already."), "email", who.username))
        elif differing := _differing(user, who):
            faults.append(Fault(one.line, _ANOTHER[differing[0]], differing[0], who.username))
    return fresh, len(wanted) - len(fresh) - len(faults), faults


def _differing(user: User, candidate: Candidate) -> list[str]:
    facts = user.facts
    same = {
        "username": canonical_name(facts.username) == canonical_name(candidate.username),
        "email": facts.email == candidate.email,
        "display_name": facts.display_name == candidate.display_name,
        "groups": set(facts.groups) == set(candidate.groups),
        "enabled": facts.enabled == candidate.enabled,
    }
    return [name for name, equal in same.items() if not equal]


def _judge_passwords(wanted: Sequence[_Wanted], level: Strength) -> tuple[list[_Wanted], list[Fault]]:
    good: list[_Wanted] = []
    faults: list[Fault] = []
    for one in wanted:
        who = one.candidate
        names = (who.username, who.email, who.display_name)
        found = [] if who.password is None else passwords.check(who.password, level, names=names)
        faults += [Fault(one.line, fault.message, "password", who.username) for fault in found]
        if not found:
            good.append(one)
    return good, faults


async def _hash_all(
    services: Services, wanted: Sequence[_Wanted], now: float, progress: Callable[[int, int], None]
) -> list[NewUser]:
    """The people as they will be stored, plain passwords hashed a few at a time."""
    done: list[NewUser] = []
    waiting = iter(wanted)

    async def work() -> None:
        for one in waiting:
            done.append(await _new_user(services, one, now))
            progress(len(done), len(wanted))

    async with asyncio.TaskGroup() as group:
        for _ in range(HASHED_AT_ONCE):
            group.create_task(work())
    return done


async def _new_user(services: Services, wanted: _Wanted, now: float) -> NewUser:
    candidate = wanted.candidate
    stored, strength = wanted.stored_hash, None
    if candidate.password is not None:
        stored = await services.hasher.hash(passwords.normalise(candidate.password))
        strength = passwords.strength_of(candidate.password)
    return NewUser(
        id=new_id(),
        username=candidate.username,
        email=candidate.email,
        display_name=candidate.display_name,
        groups=candidate.groups,
        permissions=frozenset(),
        created_at=now,
        enabled=candidate.enabled,
        password_hash=stored,
        password_strength=strength,
    )


def _said_twice(field: str, line: int) -> Text:
    if field == "username":
        return N_("The user name is on line %(line)s already.", line=line)
    return N_("The address is on line %(line)s already.", line=line)


_ANOTHER = {
    "username": N_("This person is there already, with another user name."),
    "email": N_("This person is there already, with another address."),
    "display_name": N_("This person is there already, with another name."),
    "groups": N_("This person is there already, with other groups."),
    "enabled": N_("This person is there already, but enabled or disabled otherwise."),
}
