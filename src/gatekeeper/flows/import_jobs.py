"""Imports that a page begins and looks after: the file is judged first, and then, if that is wanted, imported.

A job belongs to the person who began it. It runs beside the requests of one node; how far it is lies in Redis, so
every node can tell. The file waits there too, sealed, until it is imported or an hour is over. What a job reports is
never its last word for longer than :data:`SILENCE`: a node that died leaves a job that says so.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import structlog

from gatekeeper.crypto.tokens import new_id
from gatekeeper.domain.errors import AlreadyExists, Conflict, GatekeeperError, NotFound, Refused, Unavailable
from gatekeeper.domain.model import Permission
from gatekeeper.domain.wording import N_, packed, together, unpacked
from gatekeeper.flows import imports
from gatekeeper.flows.acting import require
from gatekeeper.flows.csv_rows import Fault
from gatekeeper.flows.refusals import RefusedAll

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.imports import Report, Step
    from gatekeeper.flows.services import Services

log = structlog.get_logger()

LARGEST = 32 << 20
PART = 256 * 1024
MOST_FAULTS = 10_000
"""How many bad rows a report names; the rest is counted."""

EVERY = 0.5
"""Seconds between two words of how far a job is."""

SILENCE = 20.0
"""Seconds without a word after which the node that ran a job must have died."""

LIMIT = 7200.0
"""Seconds for which an import is remembered as begun: longer than its file is kept."""

TAKEN = N_("Somebody added one of these people meanwhile, so nothing was imported. Choose the file again.")
CHANGED = N_("The people or the rules have changed since the file was checked, so nothing was imported.")
GONE = N_("The file is kept for an hour only, so nothing was imported. Choose it again.")
BROKEN = N_("The import did not come to its end, so nothing was imported. Try again.")
UNKNOWN = N_("The server did not say how the import ended. Choose the file again: whoever was added is left alone.")


class Stage(StrEnum):
    """How far a job is."""

    JUDGING = "judging"
    JUDGED = "judged"
    IMPORTING = "importing"
    IMPORTED = "imported"
    FAILED = "failed"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Job:
    """An import.

    Attributes:
        id: its id, which nobody guesses.
        owner: the id of the person who began it.
        stage: how far it is.
        seen_at: its last word.
        step: what of an import is going on.
        done, total: how many passwords are hashed, or how many people written, out of how many.
        added, unchanged: as in :class:`imports.Report`; of a judged file, how it would end.
        faults: the bad rows, the first of them.
        refused: how many bad rows there are.
        message: why it failed.
    """

    id: str
    owner: str
    stage: Stage
    seen_at: float
    step: str = ""
    done: int = 0
    total: int = 0
    added: int = 0
    unchanged: int = 0
    faults: tuple[Fault, ...] = field(default_factory=tuple)
    refused: int = 0
    message: str = ""

    @property
    def running(self) -> bool:
        """Whether it is worth looking again."""
        return self.stage in {Stage.JUDGING, Stage.IMPORTING}


class _FileGone(GatekeeperError):
    """The file of a job is kept no longer."""


@dataclass(slots=True)
class _Reached:
    """How far a running job is."""

    step: str = ""
    done: int = 0
    total: int = 0


async def begin(services: Services, actor: Actor, content: bytes, now: float) -> Job:
    """Keep a file to be judged; :func:`judge` is to be run then.

    Raises:
        Forbidden: without ``users.manage``.
        Unavailable: Redis does not answer.
    """
    require(actor, Permission.USERS_MANAGE)
    job = Job(new_id(), actor.id or "", Stage.JUDGING, now)
    parts = await asyncio.to_thread(_sealed, services, job.id, content)
    await services.jobs.put_file(job.id, parts)
    await _write(services, job)
    return job


async def get(services: Services, actor: Actor, job_id: str, now: float) -> Job:
    """How far a job is.

    Raises:
        Forbidden: without ``users.manage``.
        NotFound: there is none, or it is somebody else's.
        Unavailable: Redis does not answer.
    """
    require(actor, Permission.USERS_MANAGE)
    state = await services.jobs.read(job_id)
    if state is None or state["owner"] != actor.id:
        raise NotFound
    job = _job_of(state)
    return _broken(job) if job.running and now - job.seen_at > SILENCE else job


async def judge(services: Services, actor: Actor, job: Job, clock: Callable[[], float]) -> None:
    """Judge the file of a job, and write nothing but what came of it."""

    async def work(content: bytes) -> Job:
        report = await imports.import_people(services, actor, content, now=clock(), dry_run=True)
        return _reported(job, Stage.JUDGED, report)

    ended = await _run(services, job, clock, work)
    if not ended.added:
        await _forget_file(services, job.id)


async def start(services: Services, actor: Actor, job_id: str, now: float) -> Job:
    """Have a judged file be imported, once; :func:`carry_out` is to be run then.

    Raises:
        Forbidden: without ``users.manage``.
        NotFound: there is no such job of theirs.
        Conflict: it is being imported, or has been.
        Unavailable: Redis does not answer.
    """
    job = await get(services, actor, job_id, now)
    mark = f"import {job_id}"
    if job.stage is not Stage.JUDGED or not await services.once.first(mark, LIMIT):
        raise Conflict(N_("This file is imported already."))
    job = replace(job, stage=Stage.IMPORTING, seen_at=now, faults=(), refused=0)
    try:
        await _write(services, job)
    except Unavailable:
        with suppress(Unavailable):
            await services.once.undo(mark)
        raise
    return job


async def carry_out(services: Services, actor: Actor, job: Job, clock: Callable[[], float], *, skip_bad: bool) -> None:
    """Import the file of a job."""
    reached = _Reached()

    def progress(step: Step, done: int, total: int) -> None:
        reached.step, reached.done, reached.total = step.value, done, total

    async def work(content: bytes) -> Job:
        report = await imports.import_people(
            services, actor, content, now=clock(), skip_bad=skip_bad, progress=progress
        )
        return _reported(job, Stage.IMPORTED, report)

    await _run(services, job, clock, work, reached)
    await _forget_file(services, job.id)


async def _run(
    services: Services,
    job: Job,
    clock: Callable[[], float],
    work: Callable[[bytes], Any],
    reached: _Reached | None = None,
) -> Job:
    """Do the work of a job, tell meanwhile how far it is, and at the end how it ended."""
    telling = asyncio.create_task(_tell(services, job, clock, reached or _Reached()))
    try:
        ended: Job = await work(await _content(services, job.id))
    except (Refused, RefusedAll) as refused:
        reasons = refused.refusals if isinstance(refused, RefusedAll) else (refused,)
        ended = replace(job, stage=Stage.FAILED, message=together(reason.message for reason in reasons))
    except AlreadyExists:
        ended = replace(job, stage=Stage.FAILED, message=TAKEN)
    except imports.BadRows as bad:
        ended = replace(_reported(job, Stage.FAILED, bad.report), message=CHANGED)
    except _FileGone:
        ended = replace(job, stage=Stage.FAILED, message=GONE)
    except Unavailable as error:
        log.warning("import.failed", job=job.id, reason=str(error))
        ended = _broken(job)
    except Exception:
        log.exception("import.unexpected", job=job.id)
        ended = replace(job, stage=Stage.FAILED, message=BROKEN)
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    ended = replace(ended, seen_at=clock())
    with suppress(Unavailable):
        await _write(services, ended)
    return ended


async def _tell(services: Services, job: Job, clock: Callable[[], float], reached: _Reached) -> None:
    while True:
        await asyncio.sleep(EVERY)
        with suppress(Unavailable):
            await _write(services, replace(job, seen_at=clock(), **asdict(reached)))


def _broken(job: Job) -> Job:
    """A job whose node no longer speaks, or lost its database: at the very end that leaves open what was written."""
    if job.stage is Stage.IMPORTING:
        return replace(job, stage=Stage.LOST, message=UNKNOWN)
    return replace(job, stage=Stage.FAILED, message=BROKEN)


def _reported(job: Job, stage: Stage, report: Report) -> Job:
    return replace(
        job,
        stage=stage,
        added=report.added,
        unchanged=report.unchanged,
        faults=report.faults[:MOST_FAULTS],
        refused=len(report.faults),
    )


async def _content(services: Services, job_id: str) -> bytes:
    parts = await services.jobs.file(job_id)
    if not parts:
        raise _FileGone
    return await asyncio.to_thread(_opened, services, job_id, parts)


async def _forget_file(services: Services, job_id: str) -> None:
    with suppress(Unavailable):
        await services.jobs.drop_file(job_id)


def _sealed(services: Services, job_id: str, content: bytes) -> list[str]:
    parts = [content[at : at + PART] for at in range(0, len(content), PART)] or [b""]
    return [services.box.seal(part.decode("latin-1"), _context(job_id, at)) for at, part in enumerate(parts)]


def _opened(services: Services, job_id: str, parts: list[str]) -> bytes:
    opened = (services.box.open(part, _context(job_id, at)) for at, part in enumerate(parts))
    return b"".join(part.encode("latin-1") for part in opened)


def _context(job_id: str, at: int) -> str:
    return f"import {job_id} {at}"


async def _write(services: Services, job: Job) -> None:
    state = await asyncio.to_thread(_state_of, job) if job.faults else _state_of(job)
    await services.jobs.write(job.id, state)


def _state_of(job: Job) -> dict[str, Any]:
    state = {part.name: getattr(job, part.name) for part in fields(job)}
    return state | {
        "message": packed(job.message),
        "faults": [[fault.line, packed(fault.message), fault.field, fault.username] for fault in job.faults],
    }


def _job_of(state: dict[str, Any]) -> Job:
    faults = tuple(Fault(line, unpacked(message), column, name) for line, message, column, name in state["faults"])
    return Job(**state | {"stage": Stage(state["stage"]), "message": unpacked(state["message"]), "faults": faults})
