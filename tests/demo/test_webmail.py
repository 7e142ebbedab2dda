"""The demo platform believes the headers, and only the headers."""

from __future__ import annotations

import ast
import asyncio
import json
import re
from pathlib import Path

import aiohttp
import pytest

import gatekeeper.demo
from gatekeeper.demo import create_app
from gatekeeper.demo.identity import identity_of

ANNA = {
    "X-Forwarded-User": "anna@example.com",
    "X-Forwarded-Email": "anna@example.com",
    "X-Forwarded-Name": "Anna Bianchi",
    "X-Forwarded-Groups": "staff,editors",
}
MARCO = {"X-Forwarded-User": "marco@example.com", "X-Forwarded-Name": "Marco Rossi"}


@pytest.fixture
async def platform(aiohttp_client):
    return await aiohttp_client(create_app("/gatekeeper/logout"))


async def listed(platform, folder="inbox", who=ANNA, **query):
    answer = await platform.get("/mail/api/messages", params={"folder": folder, **query}, headers=who)
    assert answer.status == 200
    return (await answer.json())["items"]


def test_it_imports_nothing_of_gatekeeper_but_itself():
    for file in Path(gatekeeper.demo.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith("gatekeeper") or name.startswith("gatekeeper.demo"), f"{file}: {name}"


def test_a_name_that_is_not_ascii_is_decoded():
    found = identity_of({"X-Forwarded-User": "zoe", "X-Forwarded-Name": "Zo%C3%AB%20%C3%85berg"})
    assert found is not None
    assert found.name == "Zoë Åberg"
    assert found.first_name == "Zoë"


@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-User": " "}, {"X-Forwarded-Name": "Anna"}])
def test_headers_without_a_user_name_nobody(headers):
    assert identity_of(headers) is None


@pytest.mark.parametrize("path", ["/mail/", "/mail/whoami", "/mail/api/messages", "/mail/live", "/mail/events"])
async def test_without_a_user_there_is_nothing_to_see(platform, path):
    answer = await platform.get(path)
    assert answer.status == 403
    assert "gateway" in await answer.text()


async def test_it_shows_who_it_thinks_you_are(platform):
    page = await (await platform.get("/mail/", headers=ANNA)).text()
    assert "Anna Bianchi" in page
    assert "anna@example.com" in page
    assert "staff, editors" in page
    assert 'href="/gatekeeper/logout"' in page


async def test_whoami_repeats_the_identity_and_every_header(platform):
    answer = await (await platform.get("/mail/whoami", headers=ANNA | {"X-Request-Id": "abc"})).json()
    assert answer["user"] == "anna@example.com"
    assert answer["groups"] == ["staff", "editors"]
    assert ["X-Request-Id", "abc"] in answer["headers"]


async def test_the_root_leads_to_the_inbox(platform):
    answer = await platform.get("/", headers=ANNA, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (302, "/mail/")


async def test_pages_allow_no_foreign_code_and_are_not_kept(platform):
    answer = await platform.get("/mail/", headers=ANNA)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    page = await answer.text()
    assert " style=" not in page
    assert not re.search(r"<script(?![^>]*src=)", page)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)


async def test_nobody_gets_a_letter_from_themselves(platform):
    senders = {item["from"]["address"] for item in await listed(platform)}
    assert "anna@example.com" not in senders
    assert len(senders) >= 6


async def test_opening_a_message_reads_it(platform):
    first = (await listed(platform))[0]
    assert not first["read"]
    page = await (await platform.get(f"/mail/messages/{first['id']}", headers=ANNA)).text()
    assert "figures for the second quarter" in page
    assert (await listed(platform))[0]["read"]


async def test_a_message_of_somebody_else_does_not_exist(platform):
    first = (await listed(platform))[0]
    for path in (f"/mail/messages/{first['id']}", f"/mail/api/messages/{first['id']}"):
        assert (await platform.get(path, headers=MARCO)).status == 404


async def test_every_attachment_comes_down_as_a_file(platform):
    kinds = set()
    for item in await listed(platform):
        message = await (await platform.get(f"/mail/api/messages/{item['id']}", headers=ANNA)).json()
        for file in message["attachments"]:
            answer = await platform.get(f"/mail/messages/{item['id']}/attachments/{file['id']}", headers=ANNA)
            assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
            assert len(await answer.read()) == file["size"]
            kinds.add(answer.content_type)
    assert kinds == {"application/pdf", "text/csv", "text/calendar", "image/svg+xml"}


async def test_a_form_sends_a_mail_with_a_file_to_a_colleague(platform):
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("to", "Marco Rossi <marco@example.com>")
    form.add_field("subject", "Über die Brücke")
    form.add_field("body", "Two lines\r\nof text")
    form.add_field("file", b"\x00\x01binary", filename="närvaro.bin", content_type="application/octet-stream")
    answer = await platform.post("/mail/compose", data=form, headers=ANNA, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/mail/?done=sent")
    assert (await listed(platform, "sent"))[0]["subject"] == "Über die Brücke"
    got = (await listed(platform, who=MARCO))[0]
    assert (got["subject"], got["from"]["name"], got["read"]) == ("Über die Brücke", "Anna Bianchi", False)
    message = await (await platform.get(f"/mail/api/messages/{got['id']}", headers=MARCO)).json()
    file = message["attachments"][0]
    answer = await platform.get(f"/mail/messages/{got['id']}/attachments/{file['id']}", headers=MARCO)
    assert await answer.read() == b"\x00\x01binary"
    assert "filename*=UTF-8''n%C3%A4rvaro.bin" in answer.headers["Content-Disposition"]


async def test_a_file_uploaded_before_goes_with_the_form(platform):
    headers = ANNA | {"X-File-Name": "notes%20%C3%A9.txt", "Content-Type": "text/plain"}
    kept = await (await platform.post("/mail/api/attachments", data=b"notes", headers=headers)).json()
    assert (kept["name"], kept["size"]) == ("notes é.txt", 5)
    form = aiohttp.FormData({"to": "ingrid@fjordprint.example", "attachment": kept["id"]})
    form.add_field("file", b"", filename="", content_type="application/octet-stream")
    await platform.post("/mail/compose", data=form, headers=ANNA, allow_redirects=False)
    sent = (await listed(platform, "sent"))[0]
    assert (sent["subject"], sent["attachments"]) == ("(no subject)", 1)


async def test_a_recipient_that_is_none_brings_the_form_back_as_it_was(platform):
    form = {"to": "nobody", "subject": "Kept", "body": "All <b>kept</b>"}
    answer = await platform.post("/mail/compose", data=form, headers=ANNA)
    page = await answer.text()
    assert answer.status == 422
    assert "“nobody” is not a mail address." in page
    assert 'value="Kept"' in page
    assert "All &lt;b&gt;kept&lt;/b&gt;" in page


async def test_a_form_of_another_site_is_refused(platform):
    headers = ANNA | {"Sec-Fetch-Site": "cross-site"}
    assert (await platform.post("/mail/compose", data={"to": "a@b.example"}, headers=headers)).status == 403


async def test_archived_mail_moves_and_comes_back(platform):
    first = (await listed(platform))[0]
    for target in ("archive", "inbox"):
        await platform.post(f"/mail/messages/{first['id']}/move", data={"to": target}, headers=ANNA)
        assert first["id"] in {item["id"] for item in await listed(platform, target)}
    assert first["id"] not in {item["id"] for item in await listed(platform, "archive")}


async def test_a_star_is_kept_and_nothing_else_can_be_changed(platform):
    item = (await listed(platform))[1]
    path = f"/mail/api/messages/{item['id']}"
    assert (await (await platform.patch(path, json={"starred": True}, headers=ANNA)).json())["starred"]
    assert item["id"] in {found["id"] for found in await listed(platform, "starred")}
    for body in ({"starred": "yes"}, {"subject": "x"}, []):
        answer = await platform.patch(path, json=body, headers=ANNA)
        assert (answer.status, answer.content_type) == (400, "application/problem+json")


async def test_search_finds_words_in_any_case(platform):
    assert [item["subject"] for item in await listed(platform, q="POSTER blue")] == ["Proof of the poster"]
    assert await listed(platform, q="unheard-of") == []


async def test_every_folder_has_a_page_and_no_other_has(platform):
    for folder in ("starred", "sent", "archive", "trash"):
        assert (await platform.get(f"/mail/folders/{folder}", headers=ANNA)).status == 200
    assert (await platform.get("/mail/folders/other", headers=ANNA)).status == 404


async def test_the_background_poll_counts_what_is_unread(platform):
    answer = await platform.get("/mail/?_action=refresh", headers=ANNA)
    assert (await answer.json()) == {"unread": 3}


async def test_new_mail_arrives_over_the_websocket(platform):
    async with platform.ws_connect("/mail/live", headers=MARCO) as socket:
        assert await socket.receive_json(timeout=5) == {"type": "hello", "user": "marco@example.com"}
        await platform.post("/mail/compose", data={"to": "marco@example.com", "subject": "Now"}, headers=ANNA)
        news = await socket.receive_json(timeout=5)
        assert (news["type"], news["message"]["subject"]) == ("message", "Now")
        await socket.send_str("ping")
        assert await socket.receive_json(timeout=5) == {"type": "echo", "text": "ping"}
        await socket.send_bytes(b"\x00\xff")
        assert await socket.receive_bytes(timeout=5) == b"\x00\xff"


async def test_a_mail_arrives_while_one_is_looking(platform, monkeypatch):
    monkeypatch.setattr("gatekeeper.demo.live.SURPRISE_AFTER", 0.0)
    async with platform.ws_connect("/mail/live", headers=ANNA) as socket:
        await socket.receive_json(timeout=5)
        assert (await socket.receive_json(timeout=5))["message"]["subject"] == "Photos from Sunday"


async def test_counts_are_streamed_at_once(platform):
    async with platform.get("/mail/events", headers=ANNA) as stream:
        assert stream.content_type == "text/event-stream"
        assert await next_count(stream) == 3
        first = (await listed(platform))[0]
        await platform.get(f"/mail/messages/{first['id']}", headers=ANNA)
        assert await next_count(stream) == 2


async def next_count(stream) -> int:
    async with asyncio.timeout(5):
        async for line in stream.content:
            if line.startswith(b"data: "):
                return json.loads(line[6:])["unread"]
    raise AssertionError("the stream ended")


async def test_open_streams_end_with_the_application(platform):
    stream = await platform.get("/mail/events", headers=ANNA)
    socket = await platform.ws_connect("/mail/live", headers=ANNA)
    await socket.receive_json(timeout=5)
    async with asyncio.timeout(5):
        message, _ = await asyncio.gather(socket.receive(), platform.server.close())
    assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.GOING_AWAY)
    assert (await stream.read()).endswith(b'{"unread": 3}\n\n')
