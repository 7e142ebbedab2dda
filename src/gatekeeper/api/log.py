"""The audit log: searched, and taken away whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.api.endpoints import Call, Endpoint, Reply
from gatekeeper.api.log_shapes import AuditItem, AuditList, AuditSearch
from gatekeeper.domain.model import Permission
from gatekeeper.flows import audit
from gatekeeper.manners.exports import JSON_LINES, stream_log

if TYPE_CHECKING:
    from aiohttp import web

READ = (Permission.AUDIT_READ,)


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
    return await stream_log(call.request, records)


ENDPOINTS = (
    Endpoint("GET", "/audit", search, "The audit log, newest first", any_of=READ, query=AuditSearch, answer=AuditList),
    Endpoint("GET", "/audit/export", export, "The whole audit log as JSON lines", any_of=READ, answer_type=JSON_LINES),
)
