"""Importing people: every bad row is reported, none is imported beside one, and a second run does nothing again."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from gatekeeper.domain.errors import AlreadyExists, Unavailable
from gatekeeper.domain.model import Permission, Strength
from gatekeeper.flows import imports
from gatekeeper.flows.acting import Forbidden, of_session
from gatekeeper.flows.imports import BadRows, Report, Step, import_people
from tests.api.world import PASSWORD, World, world

__all__ = ["world"]

BCRYPT = "$2b$05$abcdefghijklmnopqrstuuJoLJnU4L3LsEpQnYmVdmS5VLe8hjzS2"
GOOD = f"""username,email,display_name,password,password_hash,groups,enabled
anna,anna@example.com,Anna Arnold,{PASSWORD},,staff|board,
marco,marco@example.com,,,{BCRYPT},,no
lucia,lucia@example.com,Lucia,,,,yes
"""
BAD = """username,email,password,password_hash,enabled
good,good@example.com,,,
,nobody@example.com,,,
 GOOD ,other@example.com,,,
third,good@EXAMPLE.com,,,
fourth,fourth@example.com,short,,
fifth,nowhere,,,perhaps
sixth,sixth@example.com,,md5:rubbish,
seventh,seventh@example.com,Correct-Horse-9,$2b$05$x,
"""


async def run(world: World, text: str, **more):
    return await import_people(world.services, world.operator, text.encode(), now=world.now, **more)


async def names(world: World) -> list[str]:
    return [user.facts.username for user in (await world.services.database.read.users.search()).items]


async def test_people_are_imported_with_passwords_plain_or_hashed_or_none(world: World):
    report = await run(world, GOOD)
    assert (report.added, report.unchanged, report.faults, report.written) == (3, 0, (), True)
    read = world.services.database.read
    anna = await read.users.by_login("anna")
    assert (anna.facts.groups, anna.facts.password_strength) == (("staff", "board"), Strength.ADVANCED)
    assert (await world.services.hasher.verify((await read.passwords.current(anna.id)).hash, PASSWORD)).ok
    marco = await read.users.by_login("marco@example.com")
    assert (marco.facts.enabled, marco.facts.display_name, marco.facts.password_strength) == (False, "marco", None)
    assert (await read.passwords.current(marco.id)).hash == BCRYPT
    lucia = await read.users.by_login("lucia")
    assert await read.passwords.current(lucia.id) is None
    assert len(await world.log("user.create")) == 3
    assert (await world.log("user.import"))[0].details["added"] == 3


async def test_a_second_run_hashes_nothing_and_adds_nobody(world: World, monkeypatch):
    await run(world, GOOD)
    before = await world.services.database.read.users.by_login("anna")

    async def never(self, password):
        raise AssertionError("hashed again")

    monkeypatch.setattr(type(world.services.hasher), "hash", never)
    report = await run(world, "\ufeff" + GOOD.replace(",", ";").replace("\n", "\r\n"))
    assert (report.added, report.unchanged, report.faults) == (0, 3, ())
    assert await world.services.database.read.users.by_login("anna") == before


async def test_each_bad_row_is_reported_by_line_and_reason_and_none_is_imported(world: World):
    with pytest.raises(BadRows) as bad:
        await run(world, BAD)
    found = [(fault.line, fault.field) for fault in bad.value.report.faults]
    assert found == [
        (3, "username"),
        (4, "username"),
        (5, "email"),
        (6, "password"),
        (7, "email"),
        (7, "enabled"),
        (8, "password_hash"),
        (9, "password_hash"),
    ]
    assert all(fault.message for fault in bad.value.report.faults)
    assert await names(world) == []
    assert await world.log("user.create") == []


@pytest.mark.parametrize("text", [BCRYPT, "$1$salt$hash", "{SSHA}c2FsdGVk", "{SHA512-CRYPT}$6$salt$hash"])
async def test_a_hash_among_the_passwords_never_becomes_the_password(world: World, text: str):
    with pytest.raises(BadRows) as bad:
        await run(world, f"username,email,password\nanna,anna@example.com,{text}\n")
    assert [(fault.line, fault.field) for fault in bad.value.report.faults] == [(2, "password")]


async def test_a_bad_row_in_the_middle_mended_and_run_again(world: World):
    text = GOOD.replace("marco@example.com", "nowhere")
    with pytest.raises(BadRows):
        await run(world, text)
    assert (await run(world, GOOD)).added == 3
    assert await names(world) == ["anna", "lucia", "marco"]


async def test_good_rows_are_imported_where_bad_ones_may_be_skipped(world: World):
    report = await run(world, BAD, skip_bad=True)
    assert report.added == 1
    assert await names(world) == ["good"]


async def test_a_dry_run_tells_all_and_writes_nothing(world: World):
    report = await run(world, BAD, dry_run=True)
    assert (report.added, len(report.faults), report.written) == (1, 8, False)
    assert await names(world) == []
    assert await world.log("user.import") == []


async def test_somebody_who_is_there_with_other_details_is_not_overwritten(world: World):
    await run(world, GOOD)
    changed = GOOD.replace("Anna Arnold", "Somebody Else").replace("lucia@example.com", "marco@example.com")
    with pytest.raises(BadRows) as bad:
        await run(world, changed.replace("marco,marco@example.com", "marco,m2@example.com"))
    assert [(fault.line, fault.field) for fault in bad.value.report.faults] == [
        (2, "display_name"),
        (3, "email"),
        (4, "email"),
    ]
    assert (await world.services.database.read.users.by_login("anna")).facts.display_name == "Anna Arnold"


async def test_an_address_that_is_somebody_elses_is_refused(world: World):
    await run(world, GOOD)
    with pytest.raises(BadRows) as bad:
        await run(world, "username,email\nnew,ANNA@example.com\n")
    assert bad.value.report.faults[0].field == "email"


async def test_progress_is_told_of_the_hashing_and_of_the_writing(world: World):
    seen: list[tuple[str, int, int]] = []
    await run(world, GOOD, progress=lambda *told: seen.append(told))
    assert seen == [(Step.HASHING, 1, 1), (Step.WRITING, 3, 3)]


async def test_an_import_whose_passwords_must_wait_for_those_of_others_goes_on(world: World, monkeypatch):
    monkeypatch.setattr(imports, "AGAIN", 0.0)
    hashed, refused = type(world.services.hasher).hash, iter((Unavailable("hashing"), None))

    async def busy(self, password):
        if (error := next(refused)) is not None:
            raise error
        return await hashed(self, password)

    monkeypatch.setattr(type(world.services.hasher), "hash", busy)
    assert (await run(world, GOOD)).added == 3


async def test_two_imports_of_one_file_at_once_take_turns_and_one_adds_the_people(world: World, monkeypatch):
    monkeypatch.setattr(imports, "AGAIN", 0.01)
    monkeypatch.setattr(imports, "WRITTEN_AT_ONCE", 1)
    ended = await asyncio.gather(run(world, GOOD), run(world, GOOD), return_exceptions=True)
    assert sorted((type(end) for end in ended), key=str) == [AlreadyExists, Report]
    assert await names(world) == ["anna", "lucia", "marco"]


async def test_only_who_manages_people_imports_them(world: World):
    reader = await world.person("reader", Permission.AUDIT_READ)
    session, _ = await world.session(reader)
    actor = await of_session(world.services, session, world.operator.client)
    with pytest.raises(Forbidden):
        await import_people(world.services, actor, GOOD.encode(), now=world.now)


@pytest.mark.parametrize(("many", "known"), [(3, True), (4, False)])
async def test_after_many_have_come_the_database_knows_what_is_common(world: World, monkeypatch, many, known):
    monkeypatch.setattr(imports, "MANY", many)
    await run(world, GOOD)
    seen = await world.services.database._reads.value(
        text("SELECT count(*) FROM pg_stats WHERE tablename = 'user_words' AND attname = 'word'")
    )
    assert bool(seen) is known


async def test_thousands_are_imported_without_hashing_at_little_cost(world: World):
    lines = [f"user{number},user{number}@example.com,{BCRYPT}" for number in range(1000)]
    text = "username,email,password_hash\n" + "\n".join(lines)
    assert (await run(world, text)).added == 1000
    assert (await run(world, text)).unchanged == 1000


def test_few_passwords_are_hashed_at_once():
    assert imports.HASHED_AT_ONCE <= 2
