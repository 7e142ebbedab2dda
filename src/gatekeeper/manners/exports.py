"""The audit log as JSON lines, for whoever takes it away: from a page or by the API, the same bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gatekeeper.store.audit import AuditRecord

log = structlog.get_logger()

JSON_LINES = "application/x-ndjson"
TOGETHER = 200
"""How many lines are written at once."""

_TEXTS = ("actor_id", "actor_name", "action", "target_id", "target_name", "address", "request_id", "outcome")


def iso(at: float) -> str:
    """An instant as RFC 3339 in UTC, to the millisecond where it has a part of a second.

    >>> iso(0.0)
    '1970-01-01T00:00:00Z'
    """
    moment = datetime.fromtimestamp(at, UTC)
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def line_of(record: AuditRecord) -> str:
    """An entry as one line, without its end."""
    texts = {name: getattr(record, name) for name in _TEXTS}
    item = {"id": str(record.id), "at": iso(record.at), **texts, "details": record.details}
    return json.dumps(item, ensure_ascii=False, separators=(",", ":"))


async def stream_log(request: web.Request, records: AsyncIterator[AuditRecord]) -> web.StreamResponse:
    """Entries as a file to keep, never held whole. An error on the way cuts the connection: a part is not the whole."""
    response = web.StreamResponse(
        headers={
            "Content-Type": JSON_LINES,
            "Content-Disposition": 'attachment; filename="audit.jsonl"',
            "Cache-Control": "no-store",
        }
    )
    await response.prepare(request)
    try:
        await _write(response, records)
    except Exception:
        log.exception("audit.export_cut")
        if request.transport is not None:
            request.transport.abort()
    return response


async def _write(response: web.StreamResponse, records: AsyncIterator[AuditRecord]) -> None:
    lines: list[str] = []
    async for record in records:
        lines.append(line_of(record) + "\n")
        if len(lines) >= TOGETHER:
            await response.write("".join(lines).encode())
            lines.clear()
    await response.write("".join(lines).encode())
    await response.write_eof()
