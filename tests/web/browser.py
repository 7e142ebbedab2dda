"""A browser without scripts: it keeps cookies, follows redirects when told, and fills in the forms that it finds."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import DummyCookieJar, web
from aiohttp.test_utils import TestClient, TestServer

FORM = "application/x-www-form-urlencoded"


@dataclass
class Answer:
    """What came back."""

    status: int
    text: str
    headers: Any

    @property
    def location(self) -> str:
        return str(self.headers.get("Location", ""))

    @property
    def token(self) -> str:
        return self.value("csrf_token")

    def value(self, name: str) -> str:
        """The value of a field of the page's form."""
        tag = re.search(rf'<input[^>]*name="{name}"[^>]*>', self.text, re.DOTALL)
        found = re.search(r'value="([^"]*)"', tag.group(0)) if tag else None
        return html.unescape(found.group(1)) if found else ""

    @property
    def secret(self) -> str:
        """The secret on the enrolment page."""
        found = re.search(r'id="totp-secret"[^>]*>([^<]*)<', self.text)
        assert found is not None, self.text
        return found.group(1).replace(" ", "")

    @property
    def title(self) -> str:
        found = re.search(r"<title>([^<]*)</title>", self.text)
        return html.unescape(found.group(1)).partition(" · ")[0] if found else ""


@dataclass
class Browser:
    """One browser; its cookies are in ``jar``."""

    client: TestClient[Any, Any]
    jar: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **headers: str) -> Answer:
        return await self._ask("GET", path, None, headers)

    async def post(self, path: str, fields: dict[str, str], **headers: str) -> Answer:
        return await self._ask("POST", path, urlencode(fields).encode(), {"Content-Type": FORM} | headers)

    async def upload(self, path: str, fields: dict[str, str], content: bytes, name: str = "file.csv") -> Answer:
        """Send a form with a file in its field ``file``, as browsers do (RFC 7578)."""
        line, about = "----in-no-file", 'Content-Disposition: form-data; name="{}"'.format
        parts = [f"--{line}\r\n{about(key)}\r\n\r\n{value}\r\n" for key, value in fields.items()]
        parts.append(f'--{line}\r\n{about("file")}; filename="{name}"\r\nContent-Type: text/csv\r\n\r\n')
        body = "".join(parts).encode() + content + f"\r\n--{line}--\r\n".encode()
        return await self._ask("POST", path, body, {"Content-Type": f"multipart/form-data; boundary={line}"})

    async def follow(self, answer: Answer) -> Answer:
        """Go where the answer leads, as long as it leads to pages of ours."""
        while answer.location.startswith("/gatekeeper/"):
            answer = await self.get(answer.location)
        return answer

    async def send(self, path: str, form: Answer, **fields: str) -> Answer:
        """Send the form that a page showed."""
        hidden = {"csrf_token": form.token, "next": form.value("next") or "/"}
        return await self.post(path, hidden | fields)

    async def sign_in(self, username: str, password: str, following: str = "/mail") -> Answer:
        """Give name and password on the first page."""
        form = await self.get(f"/gatekeeper/login?{urlencode({'next': following})}")
        return await self.send("/gatekeeper/login", form, username=username, password=password)

    async def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        sent = {**self.headers, **({"Cookie": cookies} if cookies else {}), **headers}
        async with self.client.request(method, path, data=body, headers=sent, allow_redirects=False) as response:
            for line in response.headers.getall("Set-Cookie", ()):
                name, _, rest = line.partition("=")
                value = rest.partition(";")[0].strip('"')
                if "Max-Age=0" in line or not value:
                    self.jar.pop(name, None)
                else:
                    self.jar[name] = value
            return Answer(response.status, await response.text(), response.headers)


async def open_client(app: web.Application) -> TestClient[Any, Any]:
    """A client of an application that keeps no cookies itself."""
    client: TestClient[Any, Any] = TestClient(TestServer(app), cookie_jar=DummyCookieJar())
    await client.start_server()
    return client
