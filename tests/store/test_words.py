"""Search: the beginning of any word, accents and case aside, every other character literal, and from an index."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.dialects import postgresql

from gatekeeper.domain.errors import Refused
from gatekeeper.domain.model import Permission
from gatekeeper.store import searching
from gatekeeper.store import users as users_module
from gatekeeper.store.database import Database
from gatekeeper.store.words import MAX_WORD, folded, words_asked, words_of
from tests.store.samples import new_user


async def found(database: Database, query: str, **filters) -> list[str]:
    return [user.facts.username for user in (await database.read.users.search(query, **filters)).items]


@pytest.fixture
async def people(database, add):
    await add("c.lelievre", display_name="Chloé Lelièvre")
    await add("erdos", email="pal@math.example.org", display_name="Pál Erdős")
    await add("fred", display_name="Frédéric d'Étienne")
    await add("joern", email="joern@xn--mnchen-3ya.de", display_name="Jörn Weiß", enabled=False)
    await add("lodz", display_name="Łukasz Øster", permissions=frozenset({Permission.AUDIT_READ}))
    await add("a_b%c", email="sign@example.net", display_name="100% real_name")
    return database


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("lelievre", ["c.lelievre"]),
        ("LELIÈVRE", ["c.lelievre"]),
        ("erdos", ["erdos"]),
        ("Erdős", ["erdos"]),
        ("FREDERIC", ["fred"]),
        ("etienne", ["fred"]),
        ("d'et", ["fred"]),
        ("weiss", ["joern"]),
        ("lukasz", ["lodz"]),
        ("oster", ["lodz"]),
        ("chloe lelie", ["c.lelievre"]),
        ("Lelièvre, Chloé", ["c.lelievre"]),
        ("chloe erdos", []),
        ("pal@math", ["erdos"]),
        ("math.ex", ["erdos"]),
        ("org", ["erdos"]),
        ("münchen", ["joern"]),
        ("xn--mnchen", ["joern"]),
        ("elievre", []),
        ("%", []),
        ("_", []),
        ("100%", ["a_b%c"]),
        ("a_b", ["a_b%c"]),
        ("a%b", []),
        ("real_", ["a_b%c"]),
        ("realxname", []),
        ("\x00erdos", ["erdos"]),
        ("\ud800", ["a_b%c", "c.lelievre", "erdos", "fred", "joern", "lodz"]),
        ("   ", ["a_b%c", "c.lelievre", "erdos", "fred", "joern", "lodz"]),
    ],
)
async def test_people_are_found_by_the_beginnings_of_their_words(people, query, names):
    assert await found(people, query) == names


async def test_filters_narrow_what_is_found(people):
    assert await found(people, "", has_permission=Permission.AUDIT_READ) == ["lodz"]
    assert await found(people, "fred", has_permission=Permission.AUDIT_READ) == []
    assert await found(people, "", enabled=False) == ["joern"]
    assert "joern" not in await found(people, "", enabled=True)


async def test_who_is_renamed_is_found_by_the_new_words_only(people):
    user = await people.read.users.by_login("erdos")
    async with people.transaction() as tables:
        await tables.users.update(user.id, display_name="Paul Turán", email="turan@example.org")
    assert await found(people, "turan") == ["erdos"]
    assert await found(people, "paul tur") == ["erdos"]
    assert await found(people, "math") == []
    assert await found(people, "erdos") == ["erdos"]


async def test_pages_follow_one_another_without_gap_or_repetition(database):
    async with database.transaction() as tables:
        await tables.users.add_many([new_user(f"user{number:02}") for number in range(25)])
    names, cursor = [], None
    while True:
        page = await database.read.users.search("user", cursor=cursor, limit=10)
        names += [user.facts.username for user in page.items]
        if (cursor := page.next_cursor) is None:
            break
        gone = page.items[-1].id
        async with database.transaction() as tables:
            await tables.users.delete(gone)
    assert names == [f"user{number:02}" for number in range(25)]


@pytest.mark.parametrize("cursor", ["", "x", "WyJhIiwiYiJd", "WzFd", "bnVsbA", "WyJcdTAwMDAiXQ", "é", "-" * 10_000])
async def test_a_cursor_of_another_list_is_refused(database, cursor):
    with pytest.raises(Refused) as refused:
        await database.read.users.search(cursor=cursor)
    assert refused.value.field == "cursor"


@given(st.text(max_size=40), st.text(max_size=40))
def test_every_word_of_a_name_finds_it(name: str, other: str):
    stored = words_of(name, "x@example.com", other)
    for word in words_asked(name):
        assert any(kept.startswith(word) for kept in stored)


@given(st.text(max_size=60))
def test_folding_twice_is_folding_once(text: str):
    assert folded(folded(text)) == folded(text)


@given(st.text(max_size=300))
def test_words_are_short_and_storable(text: str):
    for word in words_of(text, text, text):
        assert 0 < len(word) <= MAX_WORD


def test_a_query_has_at_most_eight_words():
    assert len(words_asked(" ".join(f"w{number}" for number in range(100)))) == 8


CROWD = 30_000
"""Their rows are wide, so that reading them all costs the server what it would with a few times as many."""


@pytest.fixture(scope="session")
def crowd_url(store_url: str) -> Iterator[str]:
    """A database with many people, most of whom share words; filled by the server itself."""
    address, _, name = store_url.partition("?")[0].rpartition("/")
    crowd = store_url.replace(f"/{name}?", "/gatekeeper_crowd?") if "?" in store_url else f"{address}/gatekeeper_crowd"
    asyncio.run(_fill(store_url, name, crowd))
    yield crowd
    asyncio.run(_run(store_url, "DROP DATABASE gatekeeper_crowd WITH (FORCE)"))


async def _run(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _fill(store_url: str, name: str, crowd: str) -> None:
    from gatekeeper.store.migrations import migrate

    await _run(store_url, "CREATE DATABASE gatekeeper_crowd")
    await migrate(crowd)
    await _run(
        crowd,
        f"""
        INSERT INTO users (id, username, username_canonical, email, email_canonical, display_name, created_at,
                           password_hash, password_changed_at, password_strength)
        SELECT gen_random_uuid(), 'user' || n, 'user' || n, 'user' || n || '@example.com',
               'user' || n || '@example.com', 'Person ' || n, now(),
               repeat('h', 900), now() - n * interval '1 minute', n % 3
        FROM generate_series(1, {CROWD}) AS n
        """,
        """
        INSERT INTO user_words
        SELECT word, username FROM users, LATERAL (VALUES (email), ('example.com'), ('com'), ('person'),
                                                          (substr(username, 5))) AS words (word)
        """,
        "UPDATE users SET permissions = '{audit.read}' WHERE username IN ('user7', 'user77')",
        "VACUUM ANALYZE",
    )


async def explained(url: str, statement: str, arguments: Sequence[object], *, generic: bool) -> str:
    """How the server would run a statement: with its arguments known, or for whatever they may be."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"SET plan_cache_mode = force_{'generic' if generic else 'custom'}_plan")
        prepared = await connection.prepare(f"EXPLAIN (FORMAT JSON) {statement}")
        return json.dumps(json.loads(await prepared.fetchval(*arguments)))
    finally:
        await connection.close()


async def plan(url: str, statement, *, generic: bool) -> str:
    compiled = statement.compile(dialect=postgresql.asyncpg.dialect(), compile_kwargs={"render_postcompile": True})
    processed = compiled.construct_params()
    return await explained(url, str(compiled), [processed[name] for name in compiled.positiontup], generic=generic)


async def statements_of(database: Database, query: str, **filters) -> list[tuple[str, Sequence[object]]]:
    """What a search sends, but for what it asks the planner."""
    sent = []
    event.listen(
        database._engine.sync_engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, arguments, *_: sent.append((statement, arguments)),
    )
    await database.read.users.search(query, **filters)
    return [(statement, arguments) for statement, arguments in sent if not statement.startswith("EXPLAIN")]


@pytest.mark.parametrize("generic", [False, True], ids=["custom", "generic"])
@pytest.mark.parametrize(("few", "together"), [(0, 0), (100_000, 0), (100_000, 75_000)], ids=["walk", "rarest", "all"])
@pytest.mark.parametrize("query", ["1234", "user123 person", "nobody", "user2999 29999", ""])
async def test_a_search_reads_no_whole_table(crowd_url, monkeypatch, query, few, together, generic):
    monkeypatch.setattr(searching, "FEW", few)
    monkeypatch.setattr(searching, "FEW_TOGETHER", together)
    database = Database.connect(crowd_url)
    try:
        for statement, arguments in await statements_of(database, query):
            text = await explained(crowd_url, statement, arguments, generic=generic)
            assert "Seq Scan" not in text, text
    finally:
        await database.close()


@pytest.mark.parametrize("query", ["123 person", "person user29 com", "nobody person", "29 user29"])
async def test_whichever_way_is_taken_the_same_people_are_found(crowd_url, monkeypatch, query):
    database = Database.connect(crowd_url)
    words = query.split()

    async def all_found(**filters) -> list[str]:
        names, cursor = [], None
        while True:
            page = await database.read.users.search(query, cursor=cursor, limit=300, **filters)
            names += [user.facts.username for user in page.items]
            if (cursor := page.next_cursor) is None:
                return names

    def expected(numbers: Iterable[int]) -> list[str]:
        texts = {f"user{n}": f" user{n}@example.com example.com com person {n} " for n in numbers}
        return sorted(name for name, text in texts.items() if all(f" {word}" in text for word in words))

    try:
        for few, together, block in ((100_000, 75_000, 512), (100_000, 0, 512), (100_000, 0, 16), (0, 0, 16)):
            monkeypatch.setattr(searching, "FEW", few)
            monkeypatch.setattr(searching, "FEW_TOGETHER", together)
            monkeypatch.setattr(searching, "BLOCK", block)
            assert await all_found() == expected(range(1, CROWD + 1))
            assert await all_found(has_permission=Permission.AUDIT_READ) == expected((7, 77))
            assert await all_found(enabled=False) == []
        monkeypatch.setattr(searching, "FEW", 100)
        assert await all_found(has_permission=Permission.AUDIT_READ) == expected((7, 77))
    finally:
        await database.close()


@pytest.mark.parametrize("query", ["user1234", "user29 person", "example", "e", "nobody"])
async def test_a_search_among_many_is_quick(crowd_url, query):
    database = Database.connect(crowd_url, command_timeout=2.0)
    try:
        page = await database.read.users.search(query, limit=50)
        assert bool(page.items) == (query != "nobody")
    finally:
        await database.close()


async def test_holders_are_found_from_an_index(crowd_url):
    statement = users_module.people().where(users_module.ADMINISTRATES, users_module.holds(Permission.AUDIT_READ))
    assert "users_administrators" in await plan(crowd_url, statement, generic=True)
