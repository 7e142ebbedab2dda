"""Judging the rows of an import: each by itself, against the others of the file, and against who is there already."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.crypto.hashing import is_supported
from gatekeeper.domain import passwords
from gatekeeper.domain.errors import Refused
from gatekeeper.domain.names import canonical_name
from gatekeeper.domain.wording import N_, Text
from gatekeeper.flows import people
from gatekeeper.flows.csv_rows import Fault, Row
from gatekeeper.flows.refusals import RefusedAll

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gatekeeper.domain.model import Strength, User
    from gatekeeper.flows.people import Candidate
    from gatekeeper.store.database import Tables

BATCH = 500

_HASH = re.compile(r"\$\w+\$|\{[A-Z][A-Z0-9.-]+\}")
"""How a hash begins. Taken for a password, a list of hashes would be a list of passwords."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A row that can be imported: who, by which password or hash, and the canonical forms of their two names."""

    line: int
    candidate: Candidate
    stored_hash: str | None
    login: str
    address: str


def judge(rows: Iterable[Row | Fault]) -> tuple[list[Wanted], list[Fault]]:
    """Each row by itself, and against those above it: nobody is in the file twice, however they are spelt."""
    good: list[Wanted] = []
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


def _wanted(row: Row) -> Wanted:
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
    return Wanted(row.line, candidate, stored_hash, login, address)


async def compare(tables: Tables, wanted: Sequence[Wanted]) -> tuple[list[Wanted], int, list[Fault]]:
    """Who is new, how many are there already as the file has them, and who clashes with somebody."""
    taken: dict[str, str] = {}
    standing: dict[str, User] = {}
    for start in range(0, len(wanted), BATCH):
        some = wanted[start : start + BATCH]
        owners = await tables.users.taken(name for one in some for name in (one.login, one.address))
        taken |= owners
        standing |= {user.id: user for user in await tables.users.by_ids(set(owners.values()) - standing.keys())}
    return await asyncio.to_thread(_sorted_out, wanted, taken, standing)


def _sorted_out(
    wanted: Sequence[Wanted], taken: Mapping[str, str], standing: Mapping[str, User]
) -> tuple[list[Wanted], int, list[Fault]]:
    fresh: list[Wanted] = []
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


def judge_passwords(wanted: Sequence[Wanted], level: Strength) -> tuple[list[Wanted], list[Fault]]:
    good: list[Wanted] = []
    faults: list[Fault] = []
    for one in wanted:
        who = one.candidate
        names = (who.username, who.email, who.display_name)
        found = [] if who.password is None else passwords.check(who.password, level, names=names)
        faults += [Fault(one.line, fault.message, "password", who.username) for fault in found]
        if not found:
            good.append(one)
    return good, faults


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
