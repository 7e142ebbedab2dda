"""One's own recent activity: in plain words, all of it, and nobody else's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gatekeeper
from gatekeeper.domain.wording import Text
from gatekeeper.store.audit import AuditEntry, AuditRecord
from gatekeeper.web.account.activity import DEPENDING, WORDS, words_of
from tests.flows.world import PASSWORD

OF_PEOPLE = (
    "user|session|sign-in|password|two-factor|recovery-codes?|recovery-address|authenticator|device|proof|link|token"
    r"|policy\.two-factor\.person"
)
RECORDED = re.compile(rf'"((?:{OF_PEOPLE})\.[a-z.-]+)"')
SEEN_BY_NOBODY = {"user.delete"}


def recorded() -> set[str]:
    """Every action about people that the flows write down."""
    flows = Path(gatekeeper.__file__).parent / "flows"
    return {action for file in flows.glob("*.py") for action in RECORDED.findall(file.read_text())} - SEEN_BY_NOBODY


def record(action: str, **details: object) -> AuditRecord:
    return AuditRecord(0.0, "a", "Anna", action, details=details)


def test_everything_that_the_flows_write_down_about_people_has_words():
    assert recorded() - set(WORDS) - set(DEPENDING) == set()


@pytest.mark.parametrize("action", [*WORDS, *DEPENDING, "something.new"])
def test_every_sentence_can_be_translated(action):
    assert isinstance(words_of(record(action)), Text)


async def write(world, user, number, **changes):
    async with world.services.database.transaction() as tables:
        for count in range(number):
            values = {"actor_id": user.id, "actor_name": "", "action": "user.unlock", "target_id": user.id}
            await tables.audit.add(AuditEntry(at=world.now + count, **values | changes))


async def test_sign_ins_and_failures_are_told_with_their_addresses(world, visitor):
    await world.person()
    anna, guesser = visitor(), visitor()
    await guesser.browser.sign_in("anna", "not-her-password")
    await anna.signs_in()
    page = await anna.opens()
    assert "You signed in" in page.text
    assert "A wrong password was entered" in page.text


async def test_the_rest_is_shown_page_by_page(world, visitor):
    user = await world.person()
    anna = visitor()
    await anna.signs_in()
    await write(world, user, 120)
    assert f'href="{"/gatekeeper/account/activity"}"' in (await anna.opens()).text
    seen, page = 0, await anna.opens("/activity")
    while True:
        seen += page.text.count('class="meta"')
        following = re.search(r'href="/gatekeeper/account(/activity\?cursor=[^"]+)" rel="next"', page.text)
        if following is None:
            break
        page = await anna.opens(following.group(1))
    assert seen == 121


async def test_what_others_did_is_not_told_nor_from_where_an_administrator_acted(world, visitor):
    anna_user, marco = await world.person(), await world.person("marco")
    await write(world, marco, 1, action="user.two-factor.reset", address="203.0.113.1")
    await write(world, anna_user, 1, actor_id=marco.id, action="user.sign-out", address="203.0.113.2")
    await write(world, anna_user, 1, target_id=marco.id, action="user.password.set", address="203.0.113.3")
    anna = visitor()
    await anna.signs_in()
    for page in (await anna.opens(), await anna.opens("/activity")):
        assert "An administrator signed you out everywhere" in page.text
        assert "reset your two-step" not in page.text
        assert "set your password" not in page.text
        assert "203.0.113" not in page.text


@pytest.mark.parametrize("cursor", ["x", "%00", "a" * 3000])
async def test_a_cursor_that_is_none_is_no_page(world, visitor, cursor):
    await world.person()
    anna = visitor()
    await anna.signs_in()
    assert (await anna.opens(f"/activity?cursor={cursor}")).status == 404
    assert PASSWORD not in (await anna.opens()).text
