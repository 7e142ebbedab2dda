"""*Import people*: a file is judged, nothing is added before that is wanted, and every end of it is told."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import re
from dataclasses import replace

import pytest

from gatekeeper.domain.errors import Unavailable
from gatekeeper.domain.model import Permission
from gatekeeper.flows import import_jobs
from gatekeeper.flows.acting import Actor, of_session
from gatekeeper.flows.import_jobs import Stage
from gatekeeper.flows.imports import Step
from gatekeeper.store.users import Users
from gatekeeper.web.console import importing
from tests.flows.world import HOME, PASSWORD, World
from tests.web.browser import Answer, Browser
from tests.web.console.desk import Desk, sit_down, words

PAGE = "/gatekeeper/admin/users/import"
GOOD = b"username,email,display_name\nnina,nina@example.com,Nina Neri\nugo,ugo@example.com,Ugo\n"
BAD = b"""username,email,password
good,good@example.com,
GOOD,other@example.com,
<b>x,nowhere,
=cmd,cmd@example.com,short
"""


class Counter:
    """Where files are handed in, by somebody who manages people."""

    def __init__(self, world: World, desk: Desk) -> None:
        self.world, self.desk, self.browser = world, desk, desk.browser

    async def hands_in(self, content: bytes, **fields: str) -> Answer:
        token = (await self.browser.get(PAGE)).token
        return await self.browser.upload(PAGE, {"csrf_token": token} | fields, content)

    async def sees(self, content: bytes) -> tuple[str, Answer]:
        """Hands a file in; where its page is, and what it says."""
        sent = await self.hands_in(content)
        assert sent.status == 303, words(sent.text)
        return sent.location, await self.browser.get(sent.location)

    async def confirms(self, path: str, page: Answer) -> Answer:
        """Presses *Import* on the page of a file, and sees what comes of it."""
        fields = {"csrf_token": page.token} | ({"skip_bad": "yes"} if 'name="skip_bad"' in page.text else {})
        return await self.browser.follow(await self.browser.post(path, fields))

    async def names(self) -> list[str]:
        return [user.facts.username for user in (await self.world.services.database.read.users.search()).items]

    async def actor(self) -> Actor:
        [session] = await self.world.services.sessions.of_user(self.desk.user.id)
        return await of_session(self.world.services, session, HOME)


def figures(page: Answer) -> list[str]:
    """What would be added, what is there already, and how many faults there are."""
    found = re.search(r'<ul class="figures">(.*?)</ul>', page.text, re.DOTALL)
    assert found is not None, words(page.text)
    return re.findall(r">([\d,]+)<", found[1])


def rows(page: Answer) -> list[list[str]]:
    """The table of bad rows."""
    found = re.findall(r"<tr>\s*(<th scope=\"row\".*?)</tr>", page.text, re.DOTALL)
    return [
        [html.unescape(words(cell)).strip() for cell in re.findall(r"<t[hd][^>]*>.*?</t[hd]>", row)] for row in found
    ]


@pytest.fixture
async def counter(world: World, browser: Browser) -> Counter:
    return Counter(world, await sit_down(world, browser, Permission.USERS_MANAGE))


async def test_a_file_is_judged_first_and_imported_when_that_is_wanted(counter):
    path, page = await counter.sees(GOOD)
    assert (page.title, figures(page)) == ("Check the import", ["2", "0", "0"])
    assert await counter.names() == ["paula"]
    page = await counter.confirms(path, page)
    assert (page.title, figures(page)) == ("The import is done", ["2", "0", "0"])
    assert await counter.names() == ["nina", "paula", "ugo"]
    [entry] = await counter.world.log("user.import")
    assert (entry.actor_name, entry.details["added"]) == ("paula", 2)
    assert await counter.world.services.jobs.file(path.rpartition("/")[2]) == []


async def test_a_file_that_was_imported_is_not_imported_again(counter):
    path, page = await counter.sees(GOOD)
    await counter.confirms(path, page)
    assert "This file is imported already." in words((await counter.confirms(path, page)).text)
    assert len(await counter.world.log("user.import")) == 1
    _, page = await counter.sees(GOOD)
    assert figures(page) == ["0", "2", "0"]
    assert "There is nobody to add." in page.text
    assert f'action="{path}"' not in page.text


async def test_of_two_who_press_at_once_one_imports(counter):
    path, page = await counter.sees(GOOD)
    await asyncio.gather(counter.confirms(path, page), counter.confirms(path, page))
    assert len(await counter.world.log("user.import")) == 1
    assert await counter.names() == ["nina", "paula", "ugo"]


async def test_bad_rows_are_told_by_line_name_column_and_reason_and_left_out_when_that_is_wanted(counter):
    path, page = await counter.sees(BAD)
    assert figures(page) == ["1", "0", "3"]
    assert rows(page) == [
        ["Line 3", "GOOD", "username", "The user name is on line 2 already."],
        ["Line 4", "<b>x", "email", "An address looks like name@example.com."],
        ["Line 5", "=cmd", "password", "The password is too short: use at least 8 characters."],
    ]
    assert "<b>x" not in page.text
    assert "Import 1 person, without the bad rows" in words(page.text)
    page = await counter.confirms(path, page)
    assert (page.title, figures(page)) == ("The import is done", ["1", "0", "3"])
    assert await counter.names() == ["good", "paula"]


async def test_bad_rows_are_downloaded_as_a_file_that_no_spreadsheet_runs(counter):
    path, _ = await counter.sees(BAD)
    answer = await counter.browser.get(f"{path}/bad-rows")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    found = list(csv.reader(io.StringIO(answer.text)))
    assert found[0] == ["line", "username", "field", "reason"]
    assert [row[:3] for row in found[1:]] == [
        ["3", "GOOD", "username"],
        ["4", "<b>x", "email"],
        ["5", "'=cmd", "password"],
    ]


async def test_of_very_many_bad_rows_the_page_shows_the_first_and_says_so(counter):
    lines = b"".join(b"name%d,nowhere\n" % number for number in range(importing.SHOWN + 20))
    path, page = await counter.sees(b"username,email\n" + lines)
    assert len(rows(page)) == importing.SHOWN
    assert "The first 100 of 120 are shown." in words(page.text)
    assert len((await counter.browser.get(f"{path}/bad-rows")).text.splitlines()) == 121


async def test_any_separator_any_line_end_and_a_mark_at_the_beginning_will_do(counter, subtests):
    for separator, end in ((b";", b"\r\n"), (b"\t", b"\n"), (b",", b"\r")):
        with subtests.test(repr(separator + end)):
            content = GOOD.replace(b",", separator).replace(b"\n", end)
            assert figures((await counter.sees(b"\xef\xbb\xbf" + content))[1]) == ["2", "0", "0"]


async def test_a_file_that_cannot_be_read_says_why_and_leaves_nothing_behind(counter, subtests):
    cases = {
        b"username,email\nnina,\xff\n": "The file is not UTF-8 (line 2)",
        b"\n \n": "The file is empty.",
        b"nina,nina@example.com\n": "There is no column “nina”",
        b"username,display_name\n": "The column “email” is missing.",
        b"username,email,email\n": "The column “email” is there twice.",
        b"username,email,permissions\nnina,nina@example.com,users.manage\n": "There is no column “permissions”",
        b"username,email,<script>\n": "There is no column “<script>”",
    }
    for content, said in cases.items():
        with subtests.test(said):
            path, page = await counter.sees(content)
            assert page.title == "Nothing was imported"
            assert said in html.unescape(page.text)
            assert "<script>”" not in page.text
            assert await counter.world.services.jobs.file(path.rpartition("/")[2]) == []


async def test_without_a_file_it_is_asked_for(counter):
    for content, name in ((b"", ""), (b"", "empty.csv"), (GOOD, "")):
        token = (await counter.browser.get(PAGE)).token
        answer = await counter.browser.upload(PAGE, {"csrf_token": token}, content, name)
        assert answer.status == 422
        assert 'id="file-error"' in answer.text


async def test_a_file_that_is_too_large_is_refused_with_a_page(counter):
    door = next(door for door in importing.DOORS if door.takes_file)
    object.__setattr__(door, "largest", len(GOOD) + 1000)  # the real limit would take a second for each test
    try:
        assert (await counter.hands_in(GOOD)).status == 303
        answer = await counter.hands_in(GOOD + b"x" * 1000)
    finally:
        object.__setattr__(door, "largest", import_jobs.LARGEST)
    assert answer.status == 413
    assert "<main" in answer.text


async def test_a_form_from_elsewhere_or_of_an_old_session_imports_nothing(counter):
    assert (await counter.browser.upload(PAGE, {}, GOOD)).location == PAGE
    assert "Choose the file again." in (await counter.browser.get(PAGE)).text
    path, page = await counter.sees(GOOD)
    for token in ("", "nonsense"):
        await counter.browser.post(path, {"csrf_token": token})
    assert await counter.names() == ["paula"]
    assert figures(await counter.browser.get(path)) == figures(page)


async def test_who_was_away_gives_the_password_and_the_import_goes_on(counter):
    path, _ = await counter.sees(GOOD)
    counter.world.clock.advance(700)
    asked = await counter.browser.post(path, {"csrf_token": (await counter.browser.get(path)).token})
    assert asked.status == 403
    assert 'name="current_password"' in asked.text
    assert await counter.names() == ["paula"]
    sent = await counter.browser.post(path, {"csrf_token": asked.token, "current_password": PASSWORD})
    assert (await counter.browser.follow(sent)).title == "The import is done"


async def test_a_running_job_looks_again_with_a_script_and_without(counter, subtests):
    actor, services, now = await counter.actor(), counter.world.services, counter.world.now
    job = await import_jobs.begin(services, actor, GOOD, now)
    hashing = {"stage": Stage.IMPORTING, "step": Step.HASHING.value, "done": 40, "total": 1200}
    cases = (
        ({}, "Checking the file…", "Reading every row"),
        ({"stage": Stage.IMPORTING}, "Importing…", "Reading every row"),
        (hashing, "Importing…", "40 of 1,200 passwords are secured"),
        (hashing | {"step": Step.WRITING.value}, "Importing…", "40 of 1,200 people are written"),
    )
    for changes, title, said in cases:
        with subtests.test(said):
            await import_jobs._write(services, replace(job, **changes))
            page = await counter.browser.get(f"{PAGE}/{job.id}")
            assert (page.title, page.status) == (title, 200)
            assert said in words(page.text)
            assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page.text
            assert re.search(r"import[.-][^\"]*js", page.text)
            assert ('value="40" max="1200"' in page.text) == ("total" in changes)
            assert figures_are_absent(page)


def figures_are_absent(page: Answer) -> bool:
    return 'class="figures"' not in page.text and "<form" not in page.text.partition("<main")[2]


async def test_a_job_that_says_no_more_ends_on_its_page_and_does_not_claim_more_than_is_known(counter):
    actor, services = await counter.actor(), counter.world.services
    job = await import_jobs.begin(services, actor, GOOD, counter.world.now)
    counter.world.clock.advance(import_jobs.SILENCE + 1)
    page = await counter.browser.get(f"{PAGE}/{job.id}")
    assert page.title == "Nothing was imported"
    assert "refresh" not in page.text
    await import_jobs._write(services, replace(job, stage=Stage.IMPORTING))
    page = await counter.browser.get(f"{PAGE}/{job.id}")
    assert page.title == "The import broke off"
    assert "whoever was added is left alone" in page.text


async def test_who_was_added_meanwhile_is_not_added_twice(counter):
    path, page = await counter.sees(GOOD)
    await counter.world.person("nina")
    page = await counter.confirms(path, page)
    assert page.title == "Nothing was imported"
    assert "have changed since the file was checked" in page.text
    assert [row[:3] for row in rows(page)] == [["Line 2", "nina", "display_name"]]
    assert await counter.names() == ["nina", "paula"]


async def test_what_fails_on_the_way_leaves_nobody_behind(counter, monkeypatch, subtests):
    for error, title in (
        (Unavailable("PostgreSQL"), "The import broke off"),
        (RuntimeError("x"), "Nothing was imported"),
    ):
        with subtests.test(title):
            path, page = await counter.sees(GOOD)
            with monkeypatch.context() as patch:

                async def fails(self, new, error=error):
                    raise error

                patch.setattr(Users, "add_many", fails)
                page = await counter.confirms(path, page)
            assert page.title == title
            assert await counter.names() == ["paula"]


async def test_a_job_is_its_owners_alone(counter, new_browser):
    path, _ = await counter.sees(GOOD)
    other = await sit_down(counter.world, new_browser(), Permission.USERS_MANAGE, name="peter")
    for address in (path, f"{path}/bad-rows", f"{PAGE}/no-job"):
        assert (await other.browser.get(address)).status == 404
    token = (await other.browser.get(PAGE)).token
    assert (await other.browser.post(path, {"csrf_token": token})).status == 404
    assert "nina" not in await counter.names()


async def test_without_the_permission_there_is_no_import(world, browser):
    desk = await sit_down(world, browser, Permission.USERS_RESET_TWO_FACTOR)
    token = (await browser.get("/gatekeeper/account")).token
    assert (await desk.browser.get(PAGE)).status == 403
    assert (await desk.browser.upload(PAGE, {"csrf_token": token}, GOOD)).status == 403
    assert 'href="/gatekeeper/admin/users/import"' not in (await desk.browser.get("/gatekeeper/admin/users")).text
