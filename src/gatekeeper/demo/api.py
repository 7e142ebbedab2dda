"""The JSON interface that the page's script calls."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from aiohttp import web

from gatekeeper.demo.keys import POST_OFFICE, VISIT
from gatekeeper.demo.mailbox import FOLDERS, new_attachment
from gatekeeper.demo.post_office import parse_recipients

if TYPE_CHECKING:
    from gatekeeper.demo.mailbox import Attachment, Message, Person


def setup(app: web.Application) -> None:
    """Add the interface's addresses."""
    app.router.add_get("/mail/whoami", whoami)
    app.router.add_get("/mail/api/messages", messages)
    app.router.add_post("/mail/api/messages", send)
    app.router.add_get("/mail/api/messages/{id}", message)
    app.router.add_patch("/mail/api/messages/{id}", change)
    app.router.add_post("/mail/api/attachments", upload)


async def whoami(request: web.Request) -> web.Response:
    """Say who the platform believes to be talking to, and show every header that it got."""
    identity = request[VISIT].identity
    return web.json_response(
        {
            "user": identity.user,
            "name": identity.name,
            "email": identity.email,
            "groups": list(identity.groups),
            "headers": [[name.decode(), value.decode(errors="replace")] for name, value in request.raw_headers],
        }
    )


async def messages(request: web.Request) -> web.Response:
    """List a folder (``?folder=inbox``, ``?q=words``), newest first."""
    folder, mailbox = request.query.get("folder", "inbox"), request[VISIT].mailbox
    if folder not in FOLDERS:
        return problem(404, "There is no such folder.")
    items = [summary(found) for found in mailbox.listed(folder, request.query.get("q", ""))]
    return web.json_response({"folder": folder, "unread": mailbox.unread(), "items": items})


async def message(request: web.Request) -> web.Response:
    """Return one message whole."""
    found = request[VISIT].mailbox.messages.get(request.match_info["id"])
    return problem(404, "There is no such message.") if found is None else web.json_response(whole(found))


async def change(request: web.Request) -> web.Response:
    """Change ``read`` or ``starred``."""
    mailbox = request[VISIT].mailbox
    found = mailbox.messages.get(request.match_info["id"])
    if found is None:
        return problem(404, "There is no such message.")
    body = await _object(request)
    if body is None or not all(name in {"read", "starred"} and isinstance(value, bool) for name, value in body.items()):
        return problem(400, "Only read and starred can be changed, to true or false.")
    found.read = body.get("read", found.read)
    found.starred = body.get("starred", found.starred)
    mailbox.changed("counts")
    return web.json_response(summary(found))


async def send(request: web.Request) -> web.Response:
    """Send ``{"to": "…", "subject": "…", "body": "…", "attachments": [ids]}``."""
    mailbox, body = request[VISIT].mailbox, await _object(request)
    if body is None:
        return problem(400, "A message is a JSON object.")
    try:
        recipients = parse_recipients(str(body.get("to", "")))
    except ValueError as error:
        return problem(422, f"{error}.")
    files = [mailbox.uploads[key] for key in map(str, body.get("attachments", [])) if key in mailbox.uploads]
    sent = request.app[POST_OFFICE].send(
        mailbox, recipients, str(body.get("subject", "")), str(body.get("body", "")), files
    )
    return web.json_response(whole(sent), status=201)


async def upload(request: web.Request) -> web.Response:
    """Keep the request's body as a file to be sent; its name comes percent-encoded in ``X-File-Name``."""
    name = unquote(request.headers.get("X-File-Name", "")) or "file"
    kind = request.content_type or "application/octet-stream"
    file = new_attachment(name.rsplit("/", 1)[-1], kind, await request.read())
    request[VISIT].mailbox.uploads[file.id] = file
    return web.json_response(described(file), status=201)


async def _object(request: web.Request) -> dict[str, Any] | None:
    try:
        body = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None
    return body if isinstance(body, dict) else None


def problem(status: int, detail: str) -> web.Response:
    """Answer with a problem (RFC 9457)."""
    return web.json_response(
        {"title": detail, "status": status}, status=status, content_type="application/problem+json"
    )


def summary(found: Message) -> dict[str, Any]:
    """Return what a list shows of a message."""
    return {
        "id": found.id,
        "folder": found.folder,
        "from": described_person(found.sender),
        "correspondent": described_person(found.correspondent),
        "subject": found.subject,
        "snippet": found.snippet,
        "at": found.at.astimezone(UTC).isoformat(),
        "read": found.read,
        "starred": found.starred,
        "attachments": len(found.attachments),
    }


def whole(found: Message) -> dict[str, Any]:
    """Return all of a message."""
    return summary(found) | {
        "to": [described_person(person) for person in found.recipients],
        "body": found.body,
        "attachments": [described(file) for file in found.attachments],
    }


def described_person(person: Person) -> dict[str, Any]:
    """Return a correspondent."""
    return {"name": person.name, "address": person.address, "initials": person.initials, "hue": person.hue}


def described(file: Attachment) -> dict[str, Any]:
    """Return a file without its content."""
    return {"id": file.id, "name": file.name, "type": file.type, "size": len(file.content), "size_text": file.size}
