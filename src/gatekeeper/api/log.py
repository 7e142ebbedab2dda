"""The audit log: searched, and taken away whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from gatekeeper.api.endpoints import Call, Endpoint, Reply
from gatekeeper.api.log_shapes import AuditItem, AuditList, AuditSearch
from gatekeeper.domain.model import Permission
from gatekeeper.flows import audit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gatekeeper.store.audit import AuditRecord

log = structlog.get_logger()

READ = (Permission.AUDIT_READ,)
JSON_LINES = "application/x-ndjson"
TOGETHER = 200
"""How many lines are written at once."""


async def search(call: Call) -> Reply:
    """The log, newest first."""
    query: AuditSearch = call.query
    page = await audit.search(
        call.services,
        call.actor,
        user=query.user,
        action=query.action,
        since=None if query.since is None else query.since.timestamp(),
        cursor=query.cursor,
        limit=query.limit,
    )
    return Reply(AuditList(items=[AuditItem.of(record) for record in page.items], next_cursor=page.next_cursor))


async def export(call: Call) -> web.StreamResponse:
    """The whole log as JSON lines, never held whole."""
    records = await audit.export(call.services, call.actor, call.now)
    response = web.StreamResponse(
        headers={
            "Content-Type": JSON_LINES,
            "Content-Disposition": 'attachment; filename="audit.jsonl"',
            "Cache-Control": "no-store",
        }
    )
    await response.prepare(call.request)
    try:
        await _write(response, records)
    except Exception:  # too late for a problem: the connection is cut, so that a part does not pass for the whole
        log.exception("api.export_cut")
        if call.request.transport is not None:
            call.request.transport.abort()
    return response


async def _write(response: web.StreamResponse, records: AsyncIterator[AuditRecord]) -> None:
    lines: list[str] = []
    async for record in records:
        lines.append(AuditItem.of(record).model_dump_json() + "\n")
        if len(lines) >= TOGETHER:
            await response.write("".join(lines).encode())
            lines.clear()
    await response.write("".join(lines).encode())
    await response.write_eof()


ENDPOINTS = (
    Endpoint("GET", "/audit", search, "The audit log, newest first", any_of=READ, query=AuditSearch, answer=AuditList),
    Endpoint("GET", "/audit/export", export, "The whole audit log as JSON lines", any_of=READ, answer_type=JSON_LINES),
)
