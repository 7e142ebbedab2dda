from __future__ import annotations

import asyncio

import asyncpg
import pytest

from gatekeeper.store.database import Database
from gatekeeper.store.outbox import Mail, NewMail

NOW = 1_800_000_000.0


def mail(kind: str = "password-changed", at: float = NOW, sealed: str | None = None) -> NewMail:
    return NewMail(kind, "anna@example.com", at, at + 100.0, "an id", "it", {"username": "anna"}, sealed)


async def put(database: Database, *mails: NewMail) -> None:
    async with database.transaction() as tables:
        for one in mails:
            await tables.outbox.add(one)


async def taken(database: Database, now: float = NOW) -> Mail | None:
    async with database.transaction() as tables:
        return await tables.outbox.take(now)


async def test_a_mail_comes_out_as_it_went_in(database):
    await put(database, mail(sealed="1.k.x"))
    found = await taken(database)
    assert found is not None
    assert (found.kind, found.recipient, found.user_id, found.language) == (
        "password-changed",
        "anna@example.com",
        "an id",
        "it",
    )
    assert found.details == {"username": "anna"}
    assert (found.sealed, found.created_at, found.give_up_at, found.tries) == ("1.k.x", NOW, NOW + 100.0, 0)


async def test_a_mail_stands_or_falls_with_its_transaction(database):
    async def fail() -> None:
        async with database.transaction() as tables:
            await tables.outbox.add(mail())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert not database.posted.is_set()
    assert await taken(database) is None


async def test_this_node_hears_of_mail_once_it_is_committed(database):
    async with database.transaction() as tables:
        await tables.outbox.add(mail())
        assert not database.posted.is_set()
    assert database.posted.is_set()
    database.posted.clear()
    async with database.transaction() as tables:
        await tables.outbox.count(10)
    assert not database.posted.is_set()


async def test_links_go_first_then_what_is_due_longest(database):
    await put(database, mail("b", NOW - 1.0), mail("a", NOW - 2.0), mail("link", NOW, sealed="x"))
    order = []
    async with database.transaction() as tables:
        while (found := await tables.outbox.take(NOW)) is not None:
            order.append(found.kind)
            await tables.outbox.remove(found)
    assert order == ["link", "a", "b"]


async def test_what_is_put_off_rests_and_counts_a_try(database):
    await put(database, mail())
    async with database.transaction() as tables:
        found = await tables.outbox.take(NOW)
        assert found is not None
        await tables.outbox.put_off(found, NOW + 30.0)
    assert await taken(database, NOW + 29.0) is None
    again = await taken(database, NOW + 30.0)
    assert again is not None
    assert again.tries == 1


async def test_what_is_past_its_time_is_taken_by_nobody_who_sends(database):
    await put(database, mail())
    assert await taken(database, NOW + 100.0) is None
    async with database.transaction() as tables:
        assert await tables.outbox.take_outlived(NOW + 99.0) is None
        assert await tables.outbox.take_outlived(NOW + 100.0) is not None


async def test_a_mail_that_one_node_sends_is_passed_by_by_another(database, emptied_url):
    await put(database, mail("a", NOW - 1.0), mail("b"))
    other = Database.connect(emptied_url)
    try:
        async with database.transaction() as mine, other.transaction() as theirs:
            first, second = await mine.outbox.take(NOW), await theirs.outbox.take(NOW)
            assert first is not None
            assert second is not None
            assert (first.kind, second.kind) == ("a", "b")
            assert await mine.outbox.take_outlived(NOW + 1e6) is not None
    finally:
        await other.close()


async def test_many_who_send_at_once_take_each_mail_once(database):
    await put(database, *(mail(str(number)) for number in range(20)))

    async def send() -> list[str]:
        sent = []
        while True:
            async with database.transaction() as tables:
                found = await tables.outbox.take(NOW)
                if found is None:
                    return sent
                await asyncio.sleep(0)
                await tables.outbox.remove(found)
                sent.append(found.kind)

    sent = await asyncio.gather(*(send() for _ in range(5)))
    assert sorted(kind for some in sent for kind in some) == sorted(str(number) for number in range(20))


async def test_what_waits_is_counted_no_further_than_asked(database):
    await put(database, *(mail() for _ in range(5)))
    assert await database.read.outbox.count(3) == 3
    assert await database.read.outbox.count(10) == 5


async def test_taking_walks_an_index_however_much_waits(database, emptied_url):
    connection = await asyncpg.connect(emptied_url)
    try:
        await connection.execute(
            """INSERT INTO outbox (kind, recipient, created_at, next_try_at, give_up_at)
               SELECT 'x', 'x', now(), now() - make_interval(secs => n), now() + interval '1 day'
               FROM generate_series(1, 20000) n"""
        )
        await connection.execute("ANALYZE outbox")
        plan = "\n".join(
            row[0]
            for row in await connection.fetch(
                """EXPLAIN SELECT * FROM outbox WHERE next_try_at <= now() AND give_up_at > now()
                   ORDER BY next_try_at LIMIT 1 FOR UPDATE SKIP LOCKED"""
            )
        )
    finally:
        await connection.close()
    assert "outbox_next_try_at" in plan
