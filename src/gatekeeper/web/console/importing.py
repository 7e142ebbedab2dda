"""Importing people from a file: it is judged first, shown with every bad row, and imported when that is wanted.

Both take their time beside the requests; the page of a job looks again by itself until there is something to say.
"""

from __future__ import annotations

import asyncio
import csv
import io
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from gatekeeper.domain.errors import Conflict
from gatekeeper.domain.model import Permission
from gatekeeper.domain.wording import N_
from gatekeeper.flows import import_jobs
from gatekeeper.flows.csv_rows import COLUMNS
from gatekeeper.manners.keys import CLOCK, RENDERER
from gatekeeper.manners.reader import language_of
from gatekeeper.web.inside import Door
from gatekeeper.web.pages import see_other

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from gatekeeper.web.inside import Turn

MANAGE = (Permission.USERS_MANAGE,)
ADDRESS = "/admin/users/import"
JOB = ADDRESS + "/{job}"
SHOWN = 100
PATIENCE = 1.0
"""Seconds for which a small file is waited for, so that its page need not look again."""

NO_FILE = N_("Choose a file first.")

TASKS: web.AppKey[set[asyncio.Task[None]]] = web.AppKey("imports")


def prepare(app: web.Application) -> None:
    """Let imports run beside the requests, and end with the application."""
    app[TASKS] = set()

    async def running(app: web.Application) -> AsyncIterator[None]:
        yield
        for task in app[TASKS]:
            task.cancel()
        await asyncio.gather(*app[TASKS], return_exceptions=True)

    app.cleanup_ctx.append(running)


async def ask(turn: Turn) -> web.StreamResponse:
    """``GET /admin/users/import``."""
    return await _ask_page(turn)


async def judge(turn: Turn) -> web.StreamResponse:
    """``POST /admin/users/import``: a file to be judged."""
    content = turn.form.files.get("file")
    if not content:
        return await _ask_page(turn, HTTPStatus.UNPROCESSABLE_ENTITY, {"file": NO_FILE})
    job = await import_jobs.begin(turn.services, turn.actor, content, turn.now)
    await _beside(turn, import_jobs.judge(turn.services, turn.actor, job, turn.request.app[CLOCK]))
    return see_other(turn.address(f"{ADDRESS}/{job.id}"))


async def show(turn: Turn) -> web.StreamResponse:
    """``GET /admin/users/import/{job}``: how far it is."""
    job = await import_jobs.get(turn.services, turn.actor, turn.path["job"], turn.now)
    return await turn.page("console/import_job.html", job=job, shown=job.faults[:SHOWN])


async def carry_out(turn: Turn) -> web.StreamResponse:
    """``POST /admin/users/import/{job}``: import it."""
    job_id = turn.path["job"]
    try:
        job = await import_jobs.start(turn.services, turn.actor, job_id, turn.now)
    except Conflict as conflict:
        return await turn.done(conflict.said, f"{ADDRESS}/{job_id}")
    skip_bad = bool(turn.form.get("skip_bad"))
    clock = turn.request.app[CLOCK]
    await _beside(turn, import_jobs.carry_out(turn.services, turn.actor, job, clock, skip_bad=skip_bad))
    return see_other(turn.address(f"{ADDRESS}/{job_id}"))


async def bad_rows(turn: Turn) -> web.StreamResponse:
    """``GET /admin/users/import/{job}/bad-rows``: all of them as a file."""
    job = await import_jobs.get(turn.services, turn.actor, turn.path["job"], turn.now)
    language = turn.request.app[RENDERER].languages[language_of(turn.request)]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["line", "username", "field", "reason"])
    for fault in job.faults:
        writer.writerow([fault.line, _harmless(fault.username), fault.field or "", language.say(fault.message)])
    headers = {"Content-Disposition": 'attachment; filename="bad-rows.csv"'}
    return web.Response(text=out.getvalue(), content_type="text/csv", charset="utf-8", headers=headers)


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell


async def _beside(turn: Turn, work: Coroutine[object, object, None]) -> None:
    """Run something beside the requests; wait for it a moment."""
    tasks = turn.request.app[TASKS]
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    await asyncio.wait({task}, timeout=PATIENCE)


async def _ask_page(
    turn: Turn, status: int = HTTPStatus.OK, errors: dict[str, str] | None = None
) -> web.StreamResponse:
    return await turn.page(
        "console/import.html",
        status,
        errors=errors or {},
        columns=COLUMNS,
        most=import_jobs.LARGEST >> 20,
    )


DOORS = (
    Door("GET", ADDRESS, ask, MANAGE),
    Door("POST", ADDRESS, judge, MANAGE, takes_file=True, shown_at=ADDRESS, largest=import_jobs.LARGEST),
    Door("GET", JOB, show, MANAGE),
    Door("POST", JOB, carry_out, MANAGE, grave=True),
    Door("GET", f"{JOB}/bad-rows", bad_rows, MANAGE),
)
