"""The audit log: in the change's transaction, the newest first, and never rewritten."""

from __future__ import annotations

import pytest

from gatekeeper.domain.errors import Refused
from gatekeeper.store.audit import Audit, AuditEntry, AuditRecord
from gatekeeper.store.database import Database


def entry(at: float, **changes) -> AuditEntry:
    values = {"actor_id": "actor", "actor_name": "Admin", "action": "user.create"}
    return AuditEntry(at=at, **{**values, **changes})


async def write(database: Database, *entries: AuditEntry) -> None:
    async with database.transaction() as tables:
        for one in entries:
            await tables.audit.add(one)


async def test_an_entry_is_read_as_written(database):
    whole = AuditEntry(
        at=12.25,
        actor_id="actor",
        actor_name="Jörn",
        action="user.delete",
        target_id="target",
        target_name="anna",
        address="2001:db8::1",
        request_id="r1",
        outcome="refused",
        details={"reason": "a\r\nb", "count": 3, "list": ["x"], "nothing": None},
    )
    await write(database, whole)
    [record] = (await database.read.audit.search()).items
    values = {name: getattr(record, name) for name in AuditEntry.__dataclass_fields__}
    assert AuditEntry(**values) == whole
    assert isinstance(record, AuditRecord)
    assert record.id > 0


async def test_what_people_type_never_keeps_an_entry_out(database):
    await write(database, entry(1.0, target_name="a\x00b", details={"rea\x00son": ["\x00", {"x": "\ud800"}]}))
    [record] = (await database.read.audit.search()).items
    assert record.target_name == "a\ufffdb"
    assert record.details == {"rea\ufffdson": ["\ufffd", {"x": "?"}]}


async def test_without_the_change_there_is_no_entry(database):
    async def fail() -> None:
        async with database.transaction() as tables:
            await tables.audit.add(entry(1.0))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert (await database.read.audit.search()).items == []


async def test_entries_come_newest_first_and_page_also_where_times_are_equal(database):
    await write(database, *(entry(float(number // 4), action=f"a{number}") for number in range(10)))
    seen, cursor = [], None
    while True:
        page = await database.read.audit.search(cursor=cursor, limit=3)
        seen += [record.action for record in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == [f"a{number}" for number in reversed(range(10))]


async def test_a_search_narrows_by_person_action_and_time(database):
    await write(
        database,
        entry(1.0, actor_id="anna", action="a"),
        entry(2.0, target_id="anna", action="b"),
        entry(3.0, actor_id=None, action="b"),
    )
    read = database.read.audit

    async def times(**filters) -> list[float]:
        return [record.at for record in (await read.search(**filters)).items]

    assert await times(user="anna") == [2.0, 1.0]
    assert await times(user="anna", action="b") == [2.0]
    assert await times(action="b") == [3.0, 2.0]
    assert await times(since=2.0) == [3.0, 2.0]
    assert await times(user="an\x00na") == []


async def test_what_happened_to_one_person_is_read_whoever_did_it_and_pages(database):
    await write(
        database,
        *(entry(float(at), target_id="anna") for at in range(5)),
        entry(9.0, actor_id="anna", target_id="marco"),
    )
    first = await database.read.audit.about("anna", limit=3)
    rest = await database.read.audit.about("anna", first.next_cursor, limit=3)
    assert [record.at for record in (*first.items, *rest.items)] == [4.0, 3.0, 2.0, 1.0, 0.0]
    assert rest.next_cursor is None


async def test_a_cursor_of_another_list_is_refused(database):
    with pytest.raises(Refused):
        await database.read.audit.search(cursor="WyJhIl0")


async def test_the_whole_log_streams_in_the_order_of_writing(database, monkeypatch):
    monkeypatch.setattr("gatekeeper.store.audit.BATCH", 10)
    async with database.transaction() as tables:
        for number in range(25):
            await tables.audit.add(entry(float(number), action=str(number)))
    assert [record.action async for record in database.read.audit.stream()] == [str(number) for number in range(25)]


def test_nothing_rewrites_the_log():
    assert {name for name in vars(Audit) if not name.startswith("_")} == {
        "add",
        "add_many",
        "search",
        "about",
        "find_deleted",
        "count_daily",
        "stream",
    }


async def test_who_was_deleted_is_found_by_name_the_last_of_that_name(database, subtests):
    async with database.transaction() as tables:
        for at, (action, target) in enumerate((("user.delete", "a"), ("user.delete", "b"), ("user.disable", "c"))):
            entry = AuditEntry(float(at), None, "ada", action, target_id=target, target_name="Änna@example.com")
            await tables.audit.add(entry)
    for name, found in {"änna@EXAMPLE.com": "b", "anna@example.com": None, "%": None, "\x00": None, "": None}.items():
        with subtests.test(name):
            assert await database.read.audit.find_deleted(name) == found
