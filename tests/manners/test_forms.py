"""Forms: bounded in bytes and in fields, with or without a file, and whatever else was sent is refused as such."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from gatekeeper.manners.forms import TYPE, Form, read_form, read_upload
from tests.web.browser import open_client

LINE = "----line"
MULTIPART = f"multipart/form-data; boundary={LINE}"


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    file = "" if filename is None else f'; filename="{filename}"'
    return f'--{LINE}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content + b"\r\n"


END = f"--{LINE}--\r\n".encode()


@pytest.fixture
async def client() -> AsyncIterator[TestClient[Any, Any]]:
    def answered(form: Form) -> web.Response:
        files = {name: content.hex() for name, content in form.files.items()}
        return web.json_response({"pairs": form.pairs, "files": files})

    async def plain(request: web.Request) -> web.Response:
        return answered(await read_form(request, most_fields=3, largest=200))

    async def upload(request: web.Request) -> web.Response:
        return answered(await read_upload(request, most_fields=3, largest=200))

    app = web.Application()
    app.router.add_post("/plain", plain)
    app.router.add_post("/upload", upload)
    client = await open_client(app)
    yield client
    await client.close()


async def sent(client: TestClient[Any, Any], path: str, body: bytes, kind: str) -> tuple[int, Any]:
    async with client.post(path, data=body, headers={"Content-Type": kind}) as answer:
        return answer.status, await answer.json() if answer.status == 200 else None


async def test_fields_and_files_come_as_they_were_sent(client):
    body = (
        part("a", b"one\r\ntwo") + part("a", "é\xff".encode("latin-1")) + part("file", b"\x00\xff\r\n", "x.csv") + END
    )
    status, found = await sent(client, "/upload", body, MULTIPART)
    assert status == 200
    assert found == {"pairs": [["a", "one\r\ntwo"], ["a", "\ufffd\ufffd"]], "files": {"file": "00ff0d0a"}}


async def test_a_field_for_a_file_that_nobody_chose_is_no_file(client):
    status, found = await sent(client, "/upload", part("file", b"", "") + END, MULTIPART)
    assert (status, found) == (200, {"pairs": [], "files": {}})


@pytest.mark.parametrize(
    ("path", "body", "kind", "status"),
    [
        ("/plain", b"a=" + b"x" * 198, TYPE, 200),
        ("/plain", b"a=" + b"x" * 199, TYPE, 413),
        ("/plain", b"a=1&b=2&c=3&d=4", TYPE, 400),
        ("/plain", part("a", b"") + END, MULTIPART, 415),
        ("/upload", b"a=1", TYPE, 415),
        ("/upload", b"{}", "application/json", 415),
        ("/upload", part("a", b"x" * 120) + part("b", b"x" * 80) + END, MULTIPART, 200),
        ("/upload", part("a", b"x" * 120) + part("b", b"x" * 81) + END, MULTIPART, 413),
        ("/upload", part("file", b"x" * 201, "x.csv") + END, MULTIPART, 413),
        ("/upload", b"".join(part(str(number), b"") for number in range(4)) + END, MULTIPART, 400),
        ("/upload", b"nothing of the kind", MULTIPART, 400),
        ("/upload", part("a", b"cut off")[:-2], MULTIPART, 400),
        ("/upload", b"", MULTIPART, 400),
        ("/upload", part("a", b"1") + END, "multipart/form-data", 400),
        ("/upload", part("a", b"1") + END, "multipart/form-data; boundary=" + "x" * 100, 400),
        ("/upload", f"--{LINE}\r\nX: {'x' * 20_000}\r\n\r\n".encode() + END, MULTIPART, 400),
        (
            "/upload",
            f"--{LINE}\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\nx\r\n--in--\r\n".encode() + END,
            MULTIPART,
            400,
        ),
    ],
)
async def test_what_is_no_form_within_its_bounds_is_refused_as_what_it_is(client, path, body, kind, status):
    assert (await sent(client, path, body, kind))[0] == status


def test_a_form_gives_the_first_of_a_field_and_every_one_of_it():
    form = Form([("a", "1"), ("b", ""), ("a", "2")])
    assert (form["a"], form.every("a"), form.every("c"), sorted(form)) == ("1", ("1", "2"), (), ["a", "b"])
