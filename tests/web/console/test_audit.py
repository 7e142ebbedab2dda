"""*Audit log*: narrowed, paged, taken away; whatever people typed stands there as text, and whoever is gone by name."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from gatekeeper.domain.model import Permission
from gatekeeper.store.audit import AuditEntry
from gatekeeper.web.console.audit import SHOWN
from tests.flows.world import DAY, World
from tests.web.browser import Answer, Browser
from tests.web.console.desk import Desk, sit_down, words

LOG = "/gatekeeper/admin/audit"
CHART = "Sign-ins in the last 30 days"
HOSTILE = "<script>alert('x')</script>\"&"


class Archive:
    """An auditor at the log, who may do nothing else."""

    def __init__(self, world: World, desk: Desk) -> None:
        self.world, self.desk, self.browser = world, desk, desk.browser

    async def opens(self, query: str = "") -> Answer:
        return await self.browser.get(f"{LOG}?{query}" if query else LOG)

    async def finds(self, query: str) -> list[str]:
        """The sentences that a search shows."""
        return sentences(await self.opens(query))

    async def writes(self, *entries: AuditEntry) -> None:
        async with self.world.services.database.transaction() as tables:
            await tables.audit.add_many(entries)

    def entry(self, action: str = "user.change", actor: str | None = None, **more: object) -> AuditEntry:
        fields = {"at": self.world.now, "actor_id": actor, "actor_name": "ada", "action": action} | more
        return AuditEntry(**fields)


def sentences(page: Answer) -> list[str]:
    found = re.findall(r'<span class="event-text">(.*?)</span>\s*</summary>', page.text, re.DOTALL)
    return [words(html.unescape(text)).strip() for text in found]


def link(page: Answer, text: str) -> str:
    """Where a link with this text leads."""
    found = re.search(rf'<a[^>]*href="([^"]*)"[^>]*>{re.escape(text)}</a>', page.text)
    assert found is not None, words(page.text)
    return html.unescape(found[1])


@pytest.fixture
async def archive(world: World, browser: Browser) -> Archive:
    return Archive(world, await sit_down(world, browser, Permission.AUDIT_READ, name="olga"))


async def test_the_log_is_narrowed_by_person_action_day_and_outcome(archive, subtests):
    anna = await archive.world.person("anna")
    about = {"target_id": anna.id, "target_name": "anna"}
    earlier = archive.world.now - 3 * DAY
    await archive.writes(
        archive.entry("user.disable", at=earlier, **about),
        archive.entry("user.enable", **about),
        archive.entry("page.change", outcome="refused", actor=anna.id, actor_name="anna"),
        archive.entry("token.create"),
    )
    yesterday = datetime.fromtimestamp(archive.world.now - DAY, UTC).date().isoformat()
    refused = "anna tried to do what they may not Refused"
    expected = {
        "person=anna": [refused, "ada enabled anna", "ada disabled anna"],
        "person=ANNA@example.com": [refused, "ada enabled anna", "ada disabled anna"],
        f"person={anna.id}": [refused, "ada enabled anna", "ada disabled anna"],
        f"person=anna&since={yesterday}": [refused, "ada enabled anna"],
        "action=token.create": ["ada made an API token"],
        "outcome=refused": [refused],
        "person=anna&outcome=done&action=user.enable": ["ada enabled anna"],
        "person=anna&action=token.create": [],
        "since=0001-01-01&action=user.disable": ["ada disabled anna"],
        "since=9999-12-31": [],
    }
    for query, found in expected.items():
        with subtests.test(query):
            page = await archive.opens(query)
            assert sentences(page) == found
            assert ("No entry fits all of these filters." in page.text) == (not found)


async def test_a_filter_that_cannot_be_says_so_and_stays_in_the_form(archive, subtests):
    cases = {
        "person=nobody": ("Nobody has this user name or address.", "person", "nobody"),
        "person=%00": ("Nobody has this user name or address.", "person", ""),
        "since=yesterday": ("Write the day as", "since", "yesterday"),
        "since=2026-02-30": ("Write the day as", "since", "2026-02-30"),
        "outcome=perhaps": ("Choose one of the outcomes.", "", ""),
    }
    for query, (said, field, kept) in cases.items():
        with subtests.test(query):
            page = await archive.opens(query)
            assert (page.status, sentences(page)) == (200, [])
            assert re.search(rf'role="alert">[^<]*{said}', page.text)
            assert not field or page.value(field).strip("\0\ufffd") == kept


async def test_an_action_that_the_list_lacks_is_searched_for_and_shown_as_chosen(archive):
    await archive.writes(archive.entry("something.new"))
    page = await archive.opens("action=something.new")
    assert sentences(page) == ["ada: something.new"]
    assert '<option value="something.new" selected>' in page.text


async def test_pages_follow_one_another_without_a_gap_and_keep_the_filters(archive):
    await archive.writes(*(archive.entry(at=archive.world.now + at // 2, target_name=str(at)) for at in range(45)))
    page = await archive.opens("action=user.change")
    seen = sentences(page)
    assert len(seen) == SHOWN
    assert "First page" not in page.text
    while "Next page" in page.text:
        page = await archive.browser.get(link(page, "Next page"))
        seen += sentences(page)
    assert seen == [f"ada changed the details of {at}" for at in reversed(range(45))]
    assert link(page, "First page") == f"{LOG}?action=user.change"
    assert (await archive.opens("cursor=nonsense")).status == 404


async def test_the_chart_stands_on_the_first_page_of_everything_only(archive):
    await archive.writes(*(archive.entry("sign-in.failed") for _ in range(SHOWN + 1)))
    first = await archive.opens()
    assert CHART in first.text
    assert "In the last 30 days 1 sign-in succeeded and 21 failed." in html.unescape(first.text)
    assert CHART not in (await archive.opens("outcome=done")).text
    assert CHART not in (await archive.browser.get(link(first, "Next page"))).text


async def test_names_and_details_of_any_kind_stand_there_as_text(archive):
    details = {HOSTILE: HOSTILE, "before": {"groups": [HOSTILE]}, "nothing": None, "empty": {}, "ümlaut": "é\u202e"}
    await archive.writes(
        archive.entry(
            HOSTILE,
            actor_name=HOSTILE,
            target_name="%(who)s %s {0}",
            address=HOSTILE,
            request_id=HOSTILE,
            details=details,
        )
    )
    page = await archive.opens()
    assert "<script>alert" not in page.text
    assert f"{HOSTILE}: {HOSTILE}" in html.unescape(page.text)
    read = html.unescape(page.text)
    for text in ("[&quot;", "%(who)s %s {0}", "before.groups", "ümlaut", ">null<", ">{}<"):
        assert html.unescape(text) in read
    searched = await archive.browser.get(f"{LOG}?person=%22%3E%3Cscript%3E&action=%22%3E%3Cscript%3E")
    assert searched.value("person") == '"><script>'
    assert "><script>" not in searched.text


async def test_somebody_who_is_deleted_keeps_a_name_which_leads_to_the_rest_of_their_entries(archive):
    anna = await archive.world.person("Anna")
    entries = (
        archive.entry(action, target_id=anna.id, target_name="Anna") for action in ("user.enable", "user.delete")
    )
    await archive.writes(*entries)
    async with archive.world.services.database.transaction() as tables:
        await tables.users.delete(anna.id)
    page = await archive.opens("action=user.delete")
    assert "Anna (account deleted)" in words(page.text)
    assert link(page, "Anna") == f"{LOG}?person={anna.id}"
    for path in (link(page, "Anna"), f"{LOG}?person=anna"):
        assert sentences(await archive.browser.get(path)) == ["ada deleted Anna", "ada enabled Anna"]


async def test_a_name_leads_to_the_person_for_whoever_may_open_their_page(archive):
    anna = await archive.world.person("anna")
    await archive.writes(archive.entry(target_id=anna.id, target_name="anna"))
    where = urlsplit(link(await archive.opens(), "anna"))
    assert (where.path, parse_qs(where.query)) == (LOG, {"person": ["anna"]})
    async with archive.world.services.database.transaction() as tables:
        await tables.users.set_permissions(archive.desk.user.id, {Permission.AUDIT_READ, Permission.USERS_MANAGE})
    assert link(await archive.opens(), "anna") == f"/gatekeeper/admin/users/{anna.id}"


async def test_the_export_is_the_whole_log_as_json_lines_and_stands_in_it(archive):
    await archive.writes(archive.entry(details={"reason": "first\r\nsecond"}))
    answer = await archive.browser.get(f"{LOG}/export?action=none")
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit.jsonl"'
    assert answer.headers["Cache-Control"] == "no-store"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["action"] for line in lines] == ["sign-in.succeeded", "user.change", "audit.export"]
    assert lines[1]["details"] == {"reason": "first\r\nsecond"}
    assert lines[2]["actor_name"] == "olga"


async def test_without_the_permission_there_is_neither_log_nor_export(world, browser):
    await sit_down(world, browser, Permission.USERS_MANAGE)
    for path in (LOG, f"{LOG}?person=paula", f"{LOG}/export"):
        assert (await browser.get(path)).status == 403
    assert await world.log("audit.export") == []
