"""A million people, made by the database itself: names, addresses, groups, authenticators and passwords as they occur.

First names and last names are drawn with the heavy head and the long tail that they have, so that a search meets what
many have, what a few have, and both at once. How old a password is falls off with its age.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import asyncpg

from gatekeeper.store.words import folded, words_of

FIRST = """
    Andrea Francesco Maria Giulia Matteo Marco Sofia Alessandro Anna Lorenzo Luca Chiara Sara Giovanni Martina Davide
    Elena Paolo Laura Simone Federica Antonio Alice Giuseppe Valentina Riccardo Elisa Stefano Francesca Roberto Silvia
    Luigi Lucia Carlo Ilaria Michele Giorgia Daniele Beatrice Fabio Camilla Nicola Aurora Emanuele Ginevra Tommaso Emma
    Filippo Greta Edoardo Noemi Pietro Lisa Mario Marta Salvatore Monica Vincenzo Claudia Enrico Teresa Massimo Rosa
    Giacomo Irene Leonardo Bianca Gabriele Viola Diego Linda Samuele Nicole Cristian Erika Mattia Serena Luciano Lucio
    Chloé Frédéric Zoë Jörg Łukasz Ágnes Søren Sinéad Nuria José Wei Aisha Mohammed Priya Yusuf Ivan Olga Dmitri Xenia
"""
LAST = """
    Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti De_Luca Mancini Costa
    Giordano Rizzo Lombardi Moretti Barbieri Fontana Santoro Mariani Rinaldi Caruso Ferrara Galli Martini Leone Longo
    Gentile Martinelli Vitale Lombardo Serra Coppola De_Santis D'Angelo Marchetti Parisi Villa Conte Ferraro Ferri
    Fabbri Bianco Marini Grasso Valentini Messina Sala De_Angelis Gatti Pellegrini Palumbo Sanna Farina Rizzi Monti
    Cattaneo Morelli Amato Silvestri Mazza Testa Grassi Pellegrino Carbone Giuliani Benedetti Barone Rossetti Caputo
    Montanari Guerra Palmieri Bernardi Martino Fiore De_Rosa Ferretti Bellini Basile Riva Donati Piras Vitali Battaglia
    Sartori Neri Costantini Milani Pagano Ruggiero Sorrentino D'Amico Orlando Negri Mantovani Müller Nguyen Wang Khan
"""
HEADS = """
    Bar Bel Bon Cal Can Cas Del Fal Far Gal Gar Lan Lor Mal Man Mar Mon Nar Pal Par Pel Per Ros Sal San Sar Tar
    Val Ver Vol
"""
MIDDLES = """
    a ab al am an ar as at ba ca chi di do ga gi la li lo ma me mi na ne ni ra re ri ro sa si ta te ti to va vi
"""
TAILS = """
    bardi celli dini etti ghi landi letti lini menti nelli netti nucci oni otti relli retti roli setti soni tti
    vani zani zzi
"""
RARE = "Lelièvre Quattrocchi Zanardelli Ypsilanti"
"""Each is the last name of a few hundred people."""

DOMAINS = (
    ("example.com", 40), ("mail.example.com", 20), ("example.it", 15), ("studenti.example.it", 12), ("example.org", 6),
    ("research.example.org", 4), ("example.net", 2), ("sales.example.net", 1),
)  # fmt: skip
"""Each with how many of a hundred people have it."""

TABLES = ("users", "user_words", "login_names", "authenticators", "notices", "audit")
HASH = "$argon2id$v=19$m=19456,t=2,p=1$bm90IGEgc2FsdCBhdCBhbA$bm90IGEgaGFzaCBlaXRoZXIsIGJ1dCBqdXN0IGFzIGxvbmc"

NAMES = """
CREATE UNLOGGED TABLE first_names (at integer PRIMARY KEY, shown text, plain text, words text[]);
CREATE UNLOGGED TABLE last_names (at integer PRIMARY KEY, shown text, plain text, words text[]);
CREATE UNLOGGED TABLE domains (at integer PRIMARY KEY, domain text, words text[]);
"""

DRAWN = """
CREATE UNLOGGED TABLE drawn AS
SELECT n, md5(n::text)::uuid AS id, (random() ^ 2 * {first})::integer % {first} AS first,
    CASE WHEN n % 757 = 0 THEN {common} + {tail} + n / 757 % {rare}
         WHEN random() < 0.45 THEN (random() ^ 2 * {common})::integer % {common}
         ELSE {common} + (random() * {tail})::integer % {tail} END AS last,
    (random() * 100)::integer % 100 AS domain, random() AS style, random() AS luck, random() AS age, random() AS level
FROM generate_series(1, {count}) AS n
"""

MADE = """
CREATE UNLOGGED TABLE made AS
SELECT n, id, luck, age, level, style, named.username, named.username || '@' || domains.domain AS email,
    f.shown || ' ' || l.shown AS display_name,
    ARRAY[named.username || '@' || domains.domain] || domains.words || f.words || l.words
        || CASE WHEN style < 0.7 THEN ARRAY[l.plain || n || '@' || domains.domain] ELSE '{}' END AS words
FROM drawn
JOIN first_names AS f ON f.at = drawn.first
JOIN last_names AS l ON l.at = drawn.last
JOIN domains ON domains.at = drawn.domain
CROSS JOIN LATERAL (SELECT CASE WHEN style < 0.7 THEN f.plain || '.' || l.plain || n
    WHEN style < 0.9 THEN left(f.plain, 1) || l.plain || n ELSE 'u' || lpad(n::text, 7, '0') END AS username) AS named
"""

USERS = """
INSERT INTO users (id, username, username_canonical, email, email_canonical, display_name, groups, permissions, enabled,
    created_at, last_sign_in_at, locked_at, password_hash, password_changed_at, password_strength, change_required,
    enrolled)
SELECT id, username, username, email, email, display_name,
    jsonb_build_array(CASE WHEN style < 0.6 THEN 'staff' ELSE 'students' END, 'unit-' || n % 240),
    CASE WHEN n % 100000 = 7 THEN ARRAY['users.manage', 'audit.read'] WHEN n % 250000 = 11
        THEN ARRAY['audit.read', 'policies.manage', 'permissions.grant'] ELSE '{{}}' END,
    luck >= 0.03, {now} - age * interval '6 years', {now} - level * interval '60 days',
    CASE WHEN n % 1009 = 0 THEN {now} - level * interval '2 days' END,
    CASE WHEN n % 50 <> 0 THEN {hash} END,
    CASE WHEN n % 50 <> 0 THEN {now} - LEAST(-ln(1 - age) * interval '120 days', interval '5 years') END,
    CASE WHEN n % 50 <> 0 THEN CASE WHEN level < 0.15 THEN 0 WHEN level < 0.5 THEN 1 WHEN level < 0.92 THEN 2 END END,
    n % 97 = 0, n % 20 < 11
FROM made
"""

WORDS = """
INSERT INTO user_words (word, name)
SELECT DISTINCT word, username FROM made CROSS JOIN LATERAL unnest(words) AS word
WHERE NOT EXISTS (SELECT FROM unnest(words) AS other WHERE other <> word AND starts_with(other, word))
"""

REST = (
    ("names for signing in", """
    INSERT INTO login_names (name, user_id) SELECT username, id FROM made UNION ALL SELECT email, id FROM made
    """),
    ("authenticators", """
    INSERT INTO authenticators (id, user_id, name, sealed_secret, created_at, last_counter, last_used_at)
    SELECT md5('authenticator ' || n)::uuid, id, 'Phone', repeat(md5(n::text), 3), {now} - age * interval '2 years', 0,
        {now} - level * interval '60 days'
    FROM made WHERE n % 20 < 11
    """),
    ("who was told that a password ends", """
    INSERT INTO notices (user_id, kind, about, at)
    SELECT id, 'password-expires', floor(extract(epoch FROM password_changed_at)) || '+90', {now}
    FROM users WHERE password_changed_at BETWEEN {now} - interval '90 days' AND {now} - interval '84 days'
        AND change_required = false
    """),
    ("the audit log", """
    INSERT INTO audit (at, actor_id, actor_name, action, target_id, target_name, address, request_id, outcome, details)
    SELECT {now} - level * interval '30 days', id::text, username, 'session.start', id::text, username, '192.0.2.1',
        md5(n::text), CASE WHEN luck < 0.05 THEN 'refused' ELSE 'done' END, '{{}}'
    FROM made WHERE n % 4 = 0
    """),
)  # fmt: skip


class People:
    """The people of a database.

    Args:
        connection: to an empty database with the current schema.
        now: the time as of which they are.
        say: told what is being made.
    """

    def __init__(self, connection: asyncpg.Connection, now: float, say: Callable[[str], None]) -> None:
        self._connection = connection
        self._now = f"to_timestamp({now!r}::double precision)"
        self._say = say

    async def make(self, count: int) -> None:
        """Make so many. Indexes are made afterwards, and foreign keys need no check: it is all from one hand."""
        begun = time.monotonic()

        async def step(said: str, *statements: str) -> None:
            self._say(f"  {time.monotonic() - begun:4.0f} s  {said} …")
            for statement in statements:
                await self._connection.execute(statement)

        indexes = await self._drop_indexes()
        await self._connection.execute(
            "SET session_replication_role = replica; SET synchronous_commit = off; SET work_mem = '256MB'; "
            "SET maintenance_work_mem = '512MB'; SELECT setseed(0.4)"
        )
        await step(f"who the {count:,} are", *self._drawn(count), MADE)
        await step("people", USERS.format(now=self._now, hash=f"'{HASH}'"))
        await step("the words that find them", WORDS)
        for said, statement in REST:
            await step(said, statement.format(now=self._now))
        await step("indexes", *indexes)
        await step(
            "what the planner knows",
            "DROP TABLE made, drawn, first_names, last_names, domains",
            *(f"VACUUM (ANALYZE) {table}" for table in TABLES),
            "CHECKPOINT",
        )
        self._say(f"  {time.monotonic() - begun:4.0f} s  made")

    async def check(self) -> None:
        """See that the first and a few others are found by the words by which the flows would have let them be."""
        for row in await self._connection.fetch(
            "SELECT username, email, display_name FROM users TABLESAMPLE SYSTEM (0.01) UNION ALL "
            "(SELECT username, email, display_name FROM users LIMIT 200)"
        ):
            kept = await self._connection.fetch("SELECT word FROM user_words WHERE name = $1", row["username"])
            wanted = words_of(row["username"], row["email"], row["display_name"])
            if {word for (word,) in kept} != wanted:
                raise RuntimeError(f"{row['username']} is found by {kept}, and ought to be by {wanted}")

    def _drawn(self, count: int) -> Iterator[str]:
        yield NAMES
        first, last = FIRST.split(), [name.replace("_", " ") for name in LAST.split()]
        tail, rare = list(tail_of_names()), RARE.split()
        yield from _names("first_names", first)
        yield from _names("last_names", [*last, *tail, *rare])
        yield from _domains()
        yield DRAWN.format(count=count, first=len(first), common=len(last), tail=len(tail), rare=len(rare))
        yield "ANALYZE drawn"

    async def _drop_indexes(self) -> list[str]:
        """Drop what only slows down filling; the statements that make it again."""
        constraints = await self._connection.fetch(
            "SELECT conname, conrelid::regclass::text AS table, pg_get_constraintdef(oid) AS definition "
            "FROM pg_constraint WHERE conname IN ('user_words_pkey', 'login_names_pkey')"
        )
        indexes = await self._connection.fetch(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY($1) "
            "AND indexname NOT IN (SELECT conname FROM pg_constraint)",
            TABLES,
        )
        for row in constraints:
            await self._connection.execute(f"ALTER TABLE {row['table']} DROP CONSTRAINT {row['conname']}")
        for row in indexes:
            await self._connection.execute(f'DROP INDEX "{row["indexname"]}"')
        return [
            *(f"ALTER TABLE {row['table']} ADD CONSTRAINT {row['conname']} {row['definition']}" for row in constraints),
            *(row["indexdef"] for row in indexes),
        ]


def tail_of_names() -> Iterator[str]:
    """Last names that few people have: thousands of them."""
    for head in HEADS.split():
        for middle in MIDDLES.split():
            for tail in TAILS.split()[len(middle) % 3 :: 5]:
                yield head + middle + tail


def _names(table: str, names: list[str]) -> Iterator[str]:
    rows = []
    for at, name in enumerate(names):
        words = words_of("", "", name)
        plain = "".join(character for character in folded(name) if character.isalnum())
        rows.append(f"({at}, {_text(name)}, {_text(plain)}, ARRAY[{', '.join(map(_text, sorted(words)))}])")
    yield f"INSERT INTO {table} VALUES {', '.join(rows)}"


def _domains() -> Iterator[str]:
    at = 0
    for domain, share in DOMAINS:
        words = ", ".join(map(_text, sorted(words_of("", domain, ""))))
        for _ in range(share):
            yield f"INSERT INTO domains VALUES ({at}, {_text(domain)}, ARRAY[{words}])"
            at += 1


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
