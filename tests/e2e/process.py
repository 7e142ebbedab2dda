"""A gateway in a process of its own, and a visitor without a browser."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from html import unescape
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
import pyotp
from yarl import URL

from tests.e2e.person import PASSWORD

PATIENCE = 30.0


async def ready(config: Path, lives: Callable[[], bool]) -> None:
    """Wait until the gateway with this configuration says that it is ready."""
    listen = re.search(r'^internal_listen = "(.*)"$', config.read_text(), re.MULTILINE)
    assert listen is not None
    deadline = time.monotonic() + PATIENCE
    async with aiohttp.ClientSession() as client:
        while True:
            assert lives(), "the gateway ended"
            assert time.monotonic() < deadline, "the gateway is not ready"
            try:
                async with client.get(f"http://{listen[1]}/health/ready") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientConnectorError:
                pass
            await asyncio.sleep(0.05)


class Process:
    """``gatekeeper serve`` with a configuration file; killed, if need be, when the block ends or it does not start."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self._child: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            self.kill()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                await asyncio.to_thread(self._child.wait, PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    async def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        self._child = child = subprocess.Popen(
            [sys.executable, "-m", "gatekeeper", "serve", "--config", str(self.config)],
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.DEVNULL,
        )
        await ready(self.config, lambda: child.poll() is None)

    def kill(self) -> None:
        """End it without a word."""
        assert self._child is not None
        self._child.kill()
        self._child.wait()


class Visitor:
    """Somebody who speaks HTTP with a jar of cookies."""

    def __init__(self) -> None:
        self.secret = ""
        self._client = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    def cookie(self, name: str) -> str:
        """The value of a cookie in the jar."""
        return next(cookie.value for cookie in self._client.cookie_jar if cookie.key == name)

    def plant(self, base: str, name: str, value: str) -> None:
        """Put a cookie into the jar."""
        self._client.cookie_jar.update_cookies({name: value}, URL(base))

    def copy_cookies(self, other: Visitor) -> None:
        """Take over the cookies of another visitor, as a thief would."""
        self._client.cookie_jar.update_cookies({cookie.key: cookie.value for cookie in other._client.cookie_jar})

    def read_secret(self, page: str) -> None:
        """Read the secret from the enrolment page."""
        shown = re.search(r'id="totp-secret"[^>]*>(.*?)</', page, re.DOTALL)
        assert shown is not None
        self.secret = re.sub(r"<[^>]*>|\s", "", shown[1])

    def code(self, now: float) -> str:
        """The code that the app shows."""
        return pyotp.TOTP(self.secret).at(now)

    async def get(self, url: str) -> tuple[int, str]:
        """The status and the text, without following."""
        async with self._client.get(url, allow_redirects=False) as answer:
            return answer.status, await answer.text()

    async def status(self, method: str, url: str) -> int:
        """The status alone; anything but a GET carries a form."""
        form = None if method == "GET" else {"nothing": "at all"}
        async with self._client.request(method, url, data=form, allow_redirects=False) as answer:
            return answer.status

    async def location(self, url: str) -> str:
        """Where an address leads."""
        async with self._client.get(url, allow_redirects=False) as answer:
            return answer.headers["Location"]

    async def post(self, url: str, page: str, **fields: str) -> tuple[int, str]:
        """Send the form of a page; the status, and where it leads or what it says."""
        hidden = dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', page))
        data = {name: unescape(value) for name, value in hidden.items()} | fields
        async with self._client.post(url, data=data, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location") or await answer.text()

    async def gives_password(self, base: str, username: str, password: str = PASSWORD) -> tuple[int, str]:
        _, page = await self.get(f"{base}/gatekeeper/login?next=/mail/whoami")
        return await self.post(f"{base}/gatekeeper/login", page, username=username, password=password)

    async def signs_in(self, base: str, username: str) -> None:
        status, where = await self.gives_password(base, username)
        assert (status, where) == (303, "/mail/whoami")

    async def signs_out(self, base: str) -> None:
        _, page = await self.get(f"{base}/gatekeeper/logout")
        status, _ = await self.post(f"{base}/gatekeeper/logout", page)
        assert status in {200, 303}
