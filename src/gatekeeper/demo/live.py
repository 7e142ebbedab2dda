"""What reaches a page by itself: new mail over a WebSocket, the counts as server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING

from aiohttp import WSCloseCode, WSMsgType, web

from gatekeeper.demo.api import summary
from gatekeeper.demo.keys import POST_OFFICE, VISIT

if TYPE_CHECKING:
    from gatekeeper.demo.mailbox import Mailbox, Message

Happened = asyncio.Queue[tuple[str, "Message | None"]]

HEARTBEAT = 15.0
SURPRISE_AFTER = 20.0  # seconds of watching until a mail arrives
CLOSE_TIMEOUT = 2.0
THE_END = "end"
OPEN = web.AppKey("open", set[Happened])


def setup(app: web.Application) -> None:
    """Add the addresses of the live updates; what is open ends when the application does."""
    app[OPEN] = set()
    app.router.add_get("/mail/live", live)
    app.router.add_get("/mail/events", events)
    app.on_shutdown.append(close_all)


async def close_all(app: web.Application) -> None:
    """End every open stream, so that the server need not wait for them."""
    queues = app[OPEN]
    for queue in tuple(queues):
        queue.put_nowait((THE_END, None))


class Watch:
    """Whatever happens in a mailbox, as a queue, as long as the block lasts."""

    def __init__(self, app: web.Application, mailbox: Mailbox) -> None:
        self._app = app
        self._mailbox = mailbox
        self._queue: Happened = asyncio.Queue()

    def __enter__(self) -> Happened:
        self._mailbox.watchers.append(self._put)
        self._app[OPEN].add(self._queue)
        return self._queue

    def __exit__(self, *_: object) -> None:
        self._mailbox.watchers.remove(self._put)
        self._app[OPEN].discard(self._queue)

    def _put(self, kind: str, message: Message | None) -> None:
        self._queue.put_nowait((kind, message))


async def live(request: web.Request) -> web.WebSocketResponse:
    """Send ``{"type": "message", "message": {…}}`` for new mail; answer every text with ``{"type": "echo", …}``."""
    mailbox, post_office = request[VISIT].mailbox, request.app[POST_OFFICE]
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT * 2, timeout=CLOSE_TIMEOUT)
    await socket.prepare(request)
    await socket.send_json({"type": "hello", "user": request[VISIT].identity.user})
    surprise = asyncio.get_running_loop().call_later(SURPRISE_AFTER, post_office.surprise, mailbox)
    with Watch(request.app, mailbox) as happened:
        sender = asyncio.create_task(_tell(socket, happened))
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await socket.send_json({"type": "echo", "text": message.data})
                elif message.type is WSMsgType.BINARY:
                    await socket.send_bytes(message.data)
        finally:
            sender.cancel()
            surprise.cancel()
    return socket


async def _tell(socket: web.WebSocketResponse, happened: Happened) -> None:
    with contextlib.suppress(ConnectionError):
        while (event := await happened.get())[0] != THE_END:
            kind, message = event
            if kind == "message" and message is not None:
                await socket.send_json({"type": "message", "message": summary(message)})
        await socket.close(code=WSCloseCode.GOING_AWAY)


async def events(request: web.Request) -> web.StreamResponse:
    """Stream the number of unread mails: once at the start, then whenever it may have changed."""
    mailbox = request[VISIT].mailbox
    stream = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await stream.prepare(request)
    with Watch(request.app, mailbox) as happened, contextlib.suppress(ConnectionError):
        await stream.write(_counts(mailbox))
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT):
                    kind, _ = await happened.get()
                if kind == THE_END:
                    break
                await stream.write(_counts(mailbox))
            except TimeoutError:
                await stream.write(b": still here\n\n")
    return stream


def _counts(mailbox: Mailbox) -> bytes:
    return f"event: counts\ndata: {json.dumps({'unread': mailbox.unread()})}\n\n".encode()
