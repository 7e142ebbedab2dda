"""Of two who would write an import one has the turn, until its transaction ends."""

from __future__ import annotations


async def test_the_turn_is_one_transactions_at_a_time(database):
    async with database.transaction() as first:
        assert await first.imports.take_turn()
        async with database.transaction() as second:
            assert not await second.imports.take_turn()
    async with database.transaction() as third:
        assert await third.imports.take_turn()
