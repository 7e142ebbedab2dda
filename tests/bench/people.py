"""``make bench-people``: what administrators wait for where a million people are in the database.

The people are made by the database itself, once: as long as the schema stays the same, later runs find them in
``build/bench-people``. Measured are the flows that the pages call, one call after the other, on the embedded PostgreSQL
as it ships. CPU is what PostgreSQL's session used for each call: where other work shares the machine, that is the
figure that holds, and the others fall with whatever else runs. Prints a table and writes ``build/bench-people.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import itertools
import json
import os
import shutil
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from gatekeeper.domain.among import Among
from gatekeeper.domain.model import PasswordPolicy, Strength, TwoFactorMode, TwoFactorPolicy
from gatekeeper.embedded import Engines
from gatekeeper.flows import administration, people, portraits, previews, profiles
from gatekeeper.flows import statistics as numbers
from gatekeeper.flows.acting import command_line
from gatekeeper.flows.reminders import CHUNK, KIND
from gatekeeper.store.migrations import migrate
from gatekeeper.store.notices import LAST_ID, Place
from tests.bench.people_made import People
from tests.flows.world import DAY, START, World, open_world

FOLDER = Path("build/bench-people")
RESULTS = Path("build/bench-people.json")
MAKERS = [
    Path(__file__).with_name("people_made.py"),
    *sorted(Path("src/gatekeeper/store/migrations/versions").glob("*.py")),
]
"""What the people depend on: where one of these changes, they are made anew."""

SEARCHES = (
    "r", "m", "z", "x", "lu mar", "matteo b", "m r", "de a", "rossi bianchi", "matteo", "anna ross", "rossi",
    "matteo rossi", "@example", "@example.it gi", "com", "sales", "lelievre", "Lelièvre, Zoë", "quattrocchi", "u0123",
    "mrossi", "d'ang", "wang wei", "matteo.rossi9", "giulia m example.org", "nobody-at-all", "sofia nobody",
)  # fmt: skip
"""What many have, what some have, what few or none have, alone and together, as people type it."""

NARROWED = (("rossi", Among.WITHOUT_AUTHENTICATOR), ("matteo b", Among.FALLS_SHORT), ("z", Among.LOCKED))
SEARCH_MS, PREVIEW_MS, APPLY_MS, WALK_MS = 100.0, 1_000.0, 100.0, 5_000.0
LISTED = 1_000
HEADS = (("n", 6), ("p50", 8), ("p99", 8), ("CPU", 8), ("bound", 8), ("people", 10))


@dataclass
class Measured:
    """One thing that administrators do.

    Attributes:
        what: its name.
        bound: in how many milliseconds it ought to be done.
        work: doing it once; how many people it showed or met.
        runs: how often it is measured.
        times: how long it took, in milliseconds.
        cpu: how long PostgreSQL's session worked for it each time, which holds where other work shares the machine too.
        shown: what ``work`` said.
    """

    what: str
    bound: float
    work: Callable[[], Awaitable[int]]
    runs: int
    times: list[float] = field(default_factory=list)
    cpu: float = 0.0
    shown: int = 0

    async def run(self, clocks: Clocks) -> None:
        """Do it once, as whoever opens a page for the first time does, and then so many times."""
        self.shown = await self.work()
        began = await clocks.read()
        for _ in range(self.runs):
            begun = time.perf_counter()
            await self.work()
            self.times.append(1_000 * (time.perf_counter() - begun))
        self.cpu = (await clocks.read() - began) / self.runs

    @property
    def p50(self) -> float:
        return statistics.median(self.times)

    @property
    def p99(self) -> float:
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]

    def row(self) -> dict[str, Any]:
        figures = {"p50_ms": self.p50, "p99_ms": self.p99, "server_cpu_ms": self.cpu, "bound_ms": self.bound}
        rounded = {name: round(value, 2) for name, value in figures.items()}
        return {"what": self.what, "n": len(self.times), **rounded, "shown": self.shown}

    def line(self) -> str:
        over = "" if self.p99 <= self.bound else "  OVER"
        figures = f"{len(self.times):>6}{self.p50:>8.1f}{self.p99:>8.1f}{self.cpu:>8.1f}{self.bound:>8.0f}"
        return f"{self.what:<46}{figures}{self.shown:>10,}{over}"


@dataclass(frozen=True)
class Clocks:
    """How long the sessions of PostgreSQL have worked."""

    connection: asyncpg.Connection

    async def read(self) -> float:
        """In milliseconds, of all together; 0 where the machine does not tell."""
        query = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        worked = 0.0
        for (pid,) in await self.connection.fetch(query):
            with contextlib.suppress(OSError):
                worked += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6
        return worked


class Jobs:
    """What administrators do, by the calls that their pages make."""

    def __init__(self, world: World, listed: list[str], now: float) -> None:
        self._services = world.services
        self._actor = command_line("bench")
        self._listed = listed
        self._now = now
        self._turns = itertools.count()
        self._cursor: str | None = None

    def all(self) -> Iterator[Measured]:
        """Everything that is measured."""
        yield Measured("User permissions", SEARCH_MS, self.users, 200)
        yield Measured("search rossi, a page further", SEARCH_MS, self.next_page, 50)
        for among in Among:
            yield Measured(f"only {among.value}", SEARCH_MS, lambda among=among: self.users(among=among), 50)
        for query in SEARCHES:
            yield Measured(f"search {query}", SEARCH_MS, lambda query=query: self.users(query), 50)
        for query, among in NARROWED:
            said = f"search {query}, only {among.value}"
            yield Measured(said, SEARCH_MS, lambda query=query, among=among: self.users(query, among), 50)
        yield from self._previews()
        yield from self._applied()
        yield Measured("reminders: the first thousand whose passwords end", SEARCH_MS, self.first_reminders, 50)
        yield Measured("reminders: a walk through all that end soon", WALK_MS, self.reminders, 5)

    def _previews(self) -> Iterator[Measured]:
        for said, policy in (
            ("Advanced", PasswordPolicy(strength=Strength.ADVANCED)),
            ("Medium, every 360 days", PasswordPolicy(strength=Strength.MEDIUM, expiry_days=360)),
            ("Advanced, every 90 days", PasswordPolicy(strength=Strength.ADVANCED, expiry_days=90)),
        ):
            yield Measured(f"preview: {said}", PREVIEW_MS, lambda policy=policy: self.preview(policy), 20)
        for said, mode, count in (
            ("everyone", TwoFactorMode.EVERYONE, 0),
            ("everyone except 3", TwoFactorMode.EVERYONE, 3),
            (f"everyone except {LISTED:,}", TwoFactorMode.EVERYONE, LISTED),
            ("only 2", TwoFactorMode.SELECTED, 2),
            (f"only {LISTED:,}", TwoFactorMode.SELECTED, LISTED),
        ):
            work = lambda mode=mode, count=count: self.preview_two_step(mode, count)  # noqa: E731 - one of a loop
            yield Measured(f"preview: two-step, {said}", PREVIEW_MS, work, 20)

    def _applied(self) -> Iterator[Measured]:
        everyone, selected = TwoFactorMode.EVERYONE, TwoFactorMode.SELECTED
        yield Measured("apply: password rules", APPLY_MS, self.apply, 50)
        yield Measured("apply: a new password of everybody", APPLY_MS, self.demand, 50)
        yield Measured("apply: two-step, everyone", APPLY_MS, lambda: self.apply_two_step(everyone, 0), 50)
        yield Measured("apply: two-step, everyone except 3", APPLY_MS, lambda: self.apply_two_step(everyone, 3), 50)
        for mode, said in ((everyone, "everyone except"), (selected, "only")):
            work = lambda mode=mode: self.apply_two_step(mode, LISTED)  # noqa: E731 - one of a loop
            yield Measured(f"apply: two-step, {said} {LISTED:,}", APPLY_MS, work, 50)
        yield Measured("apply: one person on the list, or off", APPLY_MS, self.add_or_remove, 50)

    async def users(self, query: str = "", among: Among | None = None, cursor: str | None = None) -> int:
        """As ``web.console.users.show``."""
        services, actor = self._services, self._actor
        found = await people.search(services, actor, query, cursor=cursor, limit=50, among=among)
        await services.database.read.policies.read()
        await portraits.of(services, found.items, self._now)
        await profiles.two_factor_changed_at(services, actor)
        return len(found.items)

    async def next_page(self) -> int:
        if self._cursor is None:
            self._cursor = (await people.search(self._services, self._actor, "rossi", limit=50)).next_cursor
        return await self.users("rossi", cursor=self._cursor)

    async def preview(self, policy: PasswordPolicy) -> int:
        """As ``web.console.passwords_reviewing.of_rules``."""
        found = await previews.of_password(self._services, self._actor, policy, now=self._now, limit=10)
        if policy.expiry_days is not None:
            await numbers.expiring(self._services, self._actor, policy.expiry_days, self._now)
        return found.affected

    async def preview_two_step(self, mode: TwoFactorMode, count: int) -> int:
        """As ``web.console.passwords_reviewing.of_two_step``."""
        services, actor = self._services, self._actor
        policy, listed = TwoFactorPolicy(mode=mode), self._listed[:count]
        found = await previews.of_two_factor(services, actor, policy, listed, limit=10)
        await numbers.of_two_factor(services, actor)
        return found.affected

    async def apply(self) -> int:
        """Another password policy each time."""
        policy = PasswordPolicy(expiry_days=90 + next(self._turns) % 2, strength=Strength.MEDIUM)
        await administration.set_password(self._services, self._actor, policy, expected=None, now=self._now)
        return 0

    async def demand(self) -> int:
        await administration.demand_change(self._services, self._actor, self._now - 400 * DAY)
        return 0

    async def apply_two_step(self, mode: TwoFactorMode, count: int) -> int:
        """A list of which one person is another each time."""
        start = next(self._turns) % 2 if count else 0
        listed = self._listed[start : start + count]
        policy = TwoFactorPolicy(mode=mode)
        await administration.set_two_factor(self._services, self._actor, policy, listed, expected=None, now=self._now)
        return count

    async def add_or_remove(self) -> int:
        change = (administration.remove_person, administration.add_person)[next(self._turns) % 2]
        await change(self._services, self._actor, self._listed[0], self._now)
        return 1

    async def first_reminders(self) -> int:
        """One statement of the walk of ``flows.reminders``."""
        found, _ = await self._services.database.read.notices.untold_of_expiry(
            KIND.value, 90, after=(self._now - 90 * DAY, LAST_ID), changed_until=self._now - 83 * DAY, limit=CHUNK
        )
        return len(found)

    async def reminders(self) -> int:
        """The whole walk of ``flows.reminders``, statement after statement; what it finds is not told."""
        place: Place | None = (self._now - 90 * DAY, LAST_ID)
        untold = 0
        while place is not None:
            found, place = await self._services.database.read.notices.untold_of_expiry(
                KIND.value, 90, after=place, changed_until=self._now - 83 * DAY, limit=CHUNK
            )
            untold += len(found)
        return untold


@asynccontextmanager
async def a_world(count: int) -> AsyncIterator[tuple[World, Clocks]]:
    """The services over a database with so many people: those that are there, if what makes them is the same still."""
    folder = FOLDER / str(count)
    makes = hashlib.sha256(b"".join(path.read_bytes() for path in MAKERS)).hexdigest()
    mark = folder / "made"
    if not mark.exists() or mark.read_text() != makes:
        shutil.rmtree(folder, ignore_errors=True)
    async with Engines.start(folder / "data") as engines:
        await migrate(engines.database_url)
        connection = await asyncpg.connect(engines.database_url)
        made = People(connection, START, lambda said: print(said, flush=True))
        if not mark.exists():
            print(f"making {count:,} people in {folder}:", flush=True)
            await made.make(count)
            mark.write_text(makes)
        await made.check()
        await connection.execute("RESET ALL")
        async with open_world(engines.database_url, engines.redis_url) as world:
            yield world, Clocks(connection)
        await connection.close()


async def main(count: int, only: str) -> None:
    async with a_world(count) as (world, clocks):
        found = await world.services.database.read.users.search("", limit=LISTED + 1, among=Among.WITHOUT_AUTHENTICATOR)
        jobs = [job for job in Jobs(world, [user.id for user in found.items], world.now).all() if only in job.what]
        await world.password_policy(strength=Strength.MEDIUM, expiry_days=90)
        await world.two_factor(TwoFactorMode.EVERYONE)
        heads = "".join(f"{head:>{width}}" for head, width in HEADS)
        print(f"{'milliseconds, one call after the other':<46}{heads}")
        for job in jobs:
            await job.run(clocks)
            print(job.line(), flush=True)
    searches = [at for job in jobs if job.what.startswith("search ") for at in job.times]
    if searches:
        print(Measured("all searches together", SEARCH_MS, jobs[0].work, 0, searches).line())
    over = [job.what for job in jobs if job.p99 > job.bound]
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; over their bound: {len(over)}")
    if not only:
        figures = {"people": count, "load": os.getloadavg(), "rows": [job.row() for job in jobs]}
        RESULTS.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--only", default="", help="measure only what has this in its name")
    asked = parser.parse_args()
    asyncio.run(main(asked.people, asked.only))
