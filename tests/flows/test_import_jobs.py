"""Imports as jobs: begun once, told of while they run, and never said to have ended otherwise than they did."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gatekeeper.domain.errors import Conflict, NotFound, Unavailable
from gatekeeper.domain.model import Permission
from gatekeeper.flows import import_jobs, imports
from gatekeeper.flows.acting import Actor, Forbidden, Via
from gatekeeper.flows.import_jobs import Job, Stage
from gatekeeper.sessions.jobs import Jobs
from tests.flows.world import HOME, World

FILE = "username,email,display_name\nnina,nina@example.com,Zoë\nugo,ugo@example.com,\nugo,x@example.com,\n".encode()
MANAGES = frozenset({Permission.USERS_MANAGE})


class Desk:
    """Somebody who manages people, and their imports."""

    def __init__(self, world: World, actor: Actor) -> None:
        self.world, self.services, self.actor = world, world.services, actor

    async def judged(self, content: bytes = FILE) -> Job:
        job = await import_jobs.begin(self.services, self.actor, content, self.world.now)
        await import_jobs.judge(self.services, self.actor, job, self.world.clock)
        return await self.sees(job)

    async def starts(self, job: Job) -> Job:
        return await import_jobs.start(self.services, self.actor, job.id, self.world.now)

    async def carries_out(self, job: Job, *, skip_bad: bool = True) -> Job:
        await import_jobs.carry_out(self.services, self.actor, job, self.world.clock, skip_bad=skip_bad)
        return await self.sees(job)

    async def sees(self, job: Job) -> Job:
        return await import_jobs.get(self.services, self.actor, job.id, self.world.now)


@pytest.fixture
async def desk(world: World) -> Desk:
    user = await world.person("paula")
    async with world.services.database.transaction() as tables:
        user = await tables.users.set_permissions(user.id, MANAGES)
    return Desk(world, Actor(user.facts, MANAGES, HOME, Via.SESSION))


async def test_a_file_waits_sealed_is_judged_and_imported_and_is_gone_then(desk, monkeypatch):
    monkeypatch.setattr(import_jobs, "PART", 10)
    job = await desk.judged()
    assert (job.stage, job.added, job.refused, [fault.line for fault in job.faults]) == (Stage.JUDGED, 2, 1, [4])
    parts = await desk.services.jobs.file(job.id)
    assert len(parts) > 5
    assert "nina" not in "".join(parts)
    done = await desk.carries_out(await desk.starts(job))
    assert (done.stage, done.added, done.refused) == (Stage.IMPORTED, 2, 1)
    assert await desk.services.jobs.file(job.id) == []


async def test_it_is_begun_once(desk):
    job = await desk.judged()
    ended = await asyncio.gather(*(desk.starts(job) for _ in range(5)), return_exceptions=True)
    assert sorted(type(end).__name__ for end in ended) == ["Conflict"] * 4 + ["Job"]
    fresh = await import_jobs.begin(desk.services, desk.actor, FILE, desk.world.now)
    with pytest.raises(Conflict):
        await desk.starts(fresh)


async def test_what_could_not_be_begun_can_be_begun_again(desk, monkeypatch):
    job = await desk.judged()
    with monkeypatch.context() as patch:

        async def away(self, job_id, state):
            raise Unavailable("Redis")

        patch.setattr(Jobs, "write", away)
        with pytest.raises(Unavailable):
            await desk.starts(job)
    assert (await desk.starts(job)).stage is Stage.IMPORTING


async def test_while_it_runs_each_word_says_how_far_it_is(desk, monkeypatch):
    monkeypatch.setattr(import_jobs, "EVERY", 0.0)
    job, told = await desk.judged(), asyncio.Event()

    async def slowly(services, actor, content, *, progress, **more):
        progress(imports.Step.WRITING, 1, 2)
        await asyncio.wait_for(told.wait(), 5)
        return imports.Report(2, 0, (), written=True)

    monkeypatch.setattr(import_jobs.imports, "import_people", slowly)
    running = asyncio.create_task(desk.carries_out(await desk.starts(job)))
    while not (seen := await desk.sees(job)).done:  # noqa: ASYNC110 - the job tells by what it writes
        await asyncio.sleep(0)
    assert (seen.stage, seen.step, seen.done, seen.total, seen.faults) == (Stage.IMPORTING, "writing", 1, 2, ())
    told.set()
    assert (await running).stage is Stage.IMPORTED


async def test_a_file_that_is_no_longer_kept_says_so(desk):
    job = await desk.judged()
    await desk.services.jobs.drop_file(job.id)
    ended = await desk.carries_out(await desk.starts(job))
    assert (ended.stage, ended.message) == (Stage.FAILED, import_jobs.GONE)


async def test_a_file_that_somebody_changed_in_redis_is_not_imported(desk):
    job, other = await desk.judged(), await desk.judged()
    await desk.services.jobs.drop_file(job.id)
    await desk.services.jobs.put_file(job.id, await desk.services.jobs.file(other.id))
    ended = await desk.carries_out(await desk.starts(job))
    assert (ended.stage, ended.message) == (Stage.FAILED, import_jobs.BROKEN)
    assert await desk.services.database.read.users.count() == 1


async def test_a_node_that_is_stopped_leaves_a_job_that_ends_by_itself(desk, monkeypatch):
    job, begun = await desk.judged(), asyncio.Event()

    async def for_ever(*args, **more):
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(import_jobs.imports, "import_people", for_ever)
    running = asyncio.create_task(desk.carries_out(await desk.starts(job)))
    await begun.wait()
    running.cancel()
    assert isinstance((await asyncio.gather(running, return_exceptions=True))[0], asyncio.CancelledError)
    assert (await desk.sees(job)).stage is Stage.IMPORTING
    desk.world.clock.advance(import_jobs.SILENCE + 1)
    ended = await desk.sees(job)
    assert (ended.stage, ended.message) == (Stage.LOST, import_jobs.UNKNOWN)


async def test_it_is_nobody_elses_and_needs_the_permission(desk):
    job = await desk.judged()
    other = replace(desk.actor, user=replace(desk.actor.user, user_id="00000000-0000-0000-0000-000000000000"))
    with pytest.raises(NotFound):
        await import_jobs.get(desk.services, other, job.id, desk.world.now)
    reader = replace(desk.actor, permissions=frozenset({Permission.AUDIT_READ}))
    for asked in (import_jobs.get, import_jobs.start):
        with pytest.raises(Forbidden):
            await asked(desk.services, reader, job.id, desk.world.now)
    with pytest.raises(Forbidden):
        await import_jobs.begin(desk.services, reader, FILE, desk.world.now)
