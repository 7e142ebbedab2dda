"""The pages: a folder with its list, a message, the form to write one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import BodyPartReader, web

from gatekeeper.demo.content import COLLEAGUES
from gatekeeper.demo.keys import PAGES, POST_OFFICE, SIGN_OUT_URL, VISIT
from gatekeeper.demo.mailbox import FOLDERS, Message, new_attachment
from gatekeeper.demo.post_office import parse_recipients

if TYPE_CHECKING:
    from gatekeeper.demo.mailbox import Attachment, Mailbox

MOVES = {"archive": "archive", "trash": "trash", "inbox": "inbox"}
NOTICES = {
    "sent": "Message sent.",
    "archive": "Moved to Archive.",
    "trash": "Moved to Trash.",
    "inbox": "Moved to Inbox.",
}


def setup(app: web.Application) -> None:
    """Add the pages' addresses."""
    app.router.add_get("/mail/", inbox)
    app.router.add_get("/mail/folders/{folder}", folder_page)
    app.router.add_get("/mail/messages/{id}", message_page)
    app.router.add_get("/mail/messages/{id}/attachments/{file}", download)
    app.router.add_post("/mail/messages/{id}/move", move)
    app.router.add_get("/mail/compose", compose_page)
    app.router.add_post("/mail/compose", compose)


def render(request: web.Request, name: str, folder: str, *, status: int = 200, **context: object) -> web.Response:
    """Answer with a page: the frame around it knows the person, the folders and the list."""
    identity, mailbox = request[VISIT]
    query = request.query.get("q", "")
    page = request.app[PAGES].get_template(name)
    text = page.render(
        me=mailbox.owner,
        identity=identity,
        sign_out_url=request.app[SIGN_OUT_URL],
        folders=FOLDERS,
        folder=folder,
        query=query,
        messages=mailbox.listed(folder, query),
        unread=mailbox.unread(),
        notice=NOTICES.get(request.query.get("done", "")),
        **context,
    )
    return web.Response(text=text, content_type="text/html", status=status)


async def inbox(request: web.Request) -> web.StreamResponse:
    """Show the inbox, or with ``?_action=refresh`` answer the page's background poll."""
    if request.query.get("_action") == "refresh":
        return web.json_response({"unread": request[VISIT].mailbox.unread()})
    return render(request, "folder.html", "inbox")


async def folder_page(request: web.Request) -> web.StreamResponse:
    """Show a folder."""
    folder = request.match_info["folder"]
    if folder not in FOLDERS:
        raise web.HTTPNotFound(text="There is no such folder.\n")
    return render(request, "folder.html", folder)


def find(request: web.Request) -> Message:
    """Return the message that the address names; 404 if it is not in this person's mailbox."""
    message = request[VISIT].mailbox.messages.get(request.match_info["id"])
    if message is None:
        raise web.HTTPNotFound(text="There is no such message.\n")
    return message


async def message_page(request: web.Request) -> web.StreamResponse:
    """Show a message; it counts as read from now on."""
    message = find(request)
    if not message.read:
        message.read = True
        request[VISIT].mailbox.changed("counts")
    return render(request, "message.html", message.folder, message=message)


async def download(request: web.Request) -> web.StreamResponse:
    """Send an attachment as a file."""
    for file in find(request).attachments:
        if file.id == request.match_info["file"]:
            answer = web.Response(body=file.content, headers={"Content-Type": file.type})
            plain = "".join(
                sign if sign.isascii() and sign.isprintable() and sign not in '"\\' else "_" for sign in file.name
            )
            answer.headers["Content-Disposition"] = (
                f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}"
            )
            return answer
    raise web.HTTPNotFound(text="There is no such file.\n")


async def move(request: web.Request) -> web.StreamResponse:
    """Put a message into another folder and show the one that it was in."""
    message = find(request)
    target = MOVES.get(str((await request.post()).get("to", "")))
    if target is None:
        raise web.HTTPBadRequest(text="There is no such folder.\n")
    origin, message.folder = message.folder, target
    request[VISIT].mailbox.changed("counts")
    raise web.HTTPSeeOther("/mail/?done=" + target if origin == "inbox" else f"/mail/folders/{origin}?done={target}")


async def compose_page(request: web.Request) -> web.StreamResponse:
    """Show an empty form, or one that answers the message ``?reply=id``."""
    values = {"to": request.query.get("to", ""), "subject": "", "body": ""}
    original = request[VISIT].mailbox.messages.get(request.query.get("reply", ""))
    if original is not None:
        quoted = "\n".join(f"> {line}" for line in original.body.splitlines())
        values = {
            "to": f"{original.correspondent.name} <{original.correspondent.address}>",
            "subject": original.subject if original.subject.startswith("Re: ") else f"Re: {original.subject}",
            "body": f"\n\n{original.sender.name} wrote on {original.at.day} {original.at:%B}:\n{quoted}\n",
        }
    return show_form(request, values, {})


def show_form(request: web.Request, values: dict[str, str], errors: dict[str, str]) -> web.Response:
    """Show the form with what was typed and what is wrong with it."""
    contacts = [person for person in COLLEAGUES.values() if person.address != request[VISIT].mailbox.owner.address]
    status = 422 if errors else 200
    kept = [file for key, file in request[VISIT].mailbox.uploads.items() if key in values.get("attachment", "").split()]
    return render(
        request, "compose.html", "inbox", status=status, values=values, errors=errors, contacts=contacts, kept=kept
    )


async def compose(request: web.Request) -> web.StreamResponse:
    """Send what was written, with the files of the form and those that the script has uploaded before."""
    mailbox = request[VISIT].mailbox
    values, files = await _read_form(request, mailbox)
    try:
        recipients = parse_recipients(values["to"])
    except ValueError as error:
        for file in files:
            mailbox.uploads[file.id] = file
        values["attachment"] = " ".join(file.id for file in files)
        return show_form(request, values, {"to": f"{error}."})
    request.app[POST_OFFICE].send(mailbox, recipients, values["subject"], values["body"], files)
    for file in files:
        mailbox.uploads.pop(file.id, None)
    raise web.HTTPSeeOther("/mail/?done=sent")


async def _read_form(request: web.Request, mailbox: Mailbox) -> tuple[dict[str, str], list[Attachment]]:
    values: dict[str, str] = {"to": "", "subject": "", "body": ""}
    files: list[Attachment] = []
    if not request.content_type.startswith("multipart/"):
        values |= {name: str(value) for name, value in (await request.post()).items() if name in values}
        return values, files
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        if part.name == "file" and part.filename:
            kind = part.headers.get("Content-Type", "application/octet-stream")
            files.append(new_attachment(part.filename, kind, bytes(await part.read(decode=True))))
        elif part.name == "attachment" and (known := mailbox.uploads.get(await part.text())):
            files.append(known)
        elif part.name in values:
            values[part.name] = (await part.text()).replace("\r\n", "\n")
    return values, files
