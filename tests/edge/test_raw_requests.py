"""Raw bytes at the edge: what was judged is what was sent, and one request is never two."""

from __future__ import annotations

from typing import Any

import pytest

from tests.edge.conftest import House, config_of, route_to, session_of
from tests.edge.raw import Verdicts, Witness, check_invariant, sent, statuses, talk
from tests.edge.raw_requests import REQUESTS

AFTER = sent(b"GET /after")


async def house_before(build: Any, upstream_server: Any, witness: Witness) -> House:
    witness.port = await upstream_server(witness)
    house: House = await build(config_of(route_to(witness.port, host="mail.example.com")))
    house.sessions.add(session_of())
    return house


@pytest.mark.parametrize("family", REQUESTS)
async def test_what_was_judged_is_what_was_sent_and_one_request_is_never_two(
    build: Any, upstream_server: Any, subtests: pytest.Subtests, family: str
) -> None:
    witness = Witness()
    house = await house_before(build, upstream_server, witness)
    verdicts = Verdicts(house)
    for name, row in REQUESTS[family].items():
        with subtests.test(name):
            witness.reset()
            verdicts.heads.clear()
            answered = await talk(house, row.data)
            check_invariant(witness, verdicts)
            assert tuple(statuses(answered)) == row.answers + (() if row.ends else (200,))
            assert [got.raw for got in witness.got] == [*row.upstream, *([] if row.ends else [AFTER])]
