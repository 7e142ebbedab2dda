"""The mandatory change within a sign-in."""

from __future__ import annotations

import pytest

from gatekeeper.domain.errors import Unavailable
from gatekeeper.domain.model import Strength
from tests.flows.world import DAY, OTHER, PASSWORD

LOGIN = "/gatekeeper/login"
CHANGE = f"{LOGIN}/password"
NOTICE = f"{LOGIN}/notice"


def typed(new: str, again: str | None = None) -> dict[str, str]:
    return {"new_password": new, "new_password_again": new if again is None else again}


async def expired(world, browser, **policy):
    """Somebody whose password expired yesterday, on the page that asks for a new one."""
    user = await world.person()
    await world.password_policy(expiry_days=90, **policy)
    world.clock.advance(91 * DAY)
    form = await browser.follow(await browser.sign_in("anna", PASSWORD))
    assert form.title == "Choose a new password"
    return user, form


async def test_an_expired_password_locks_nobody_out_and_leads_on_to_where_they_wanted_to_go(world, browser):
    _, form = await expired(world, browser)
    assert "Your password expired on" in form.text
    assert 'name="current_password"' not in form.text
    assert (await browser.send(CHANGE, form, **typed(OTHER))).location == "/mail"
    assert (await browser.get(f"{LOGIN}?next=/mail")).location == "/mail"


async def test_an_administrators_demand_is_named_as_the_reason(world, browser):
    await world.person(change_required=True)
    form = await browser.follow(await browser.sign_in("anna", PASSWORD))
    assert "Your administrator asks for a new password" in form.text
    assert (await browser.send(CHANGE, form, **typed(OTHER))).location == "/mail"


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ("alllower1!", "an uppercase letter"),
        ("NoDigitsHere!", "a digit"),
        ("NoSpecial1", "a special character"),
        ("Sh0rt!", "too short"),
    ],
)
async def test_each_thing_that_the_level_asks_for_is_refused_by_name(world, browser, new, says):
    _, form = await expired(world, browser, strength=Strength.ADVANCED)
    answer = await browser.send(CHANGE, form, **typed(new))
    assert answer.status == 422
    assert says in answer.text


async def test_the_last_passwords_are_refused_and_an_older_one_is_not(world, browser):
    user, form = await expired(world, browser, forbid_last=3)
    hasher = world.services.hasher
    for number in range(3):
        async with world.services.database.transaction() as tables:
            hashed = await hasher.hash(f"Earlier-Pass-{number}")
            await tables.passwords.set(user.id, hashed, Strength.ADVANCED, 0.0)
    for number in (2, 1, 0):
        answer = await browser.send(CHANGE, form, **typed(f"Earlier-Pass-{number}"))
        assert answer.status == 422
        assert "used this password before" in answer.text
    assert (await browser.send(CHANGE, form, **typed(PASSWORD))).location == "/mail"


async def test_the_present_password_is_no_new_one_even_without_a_rule_of_reuse(world, browser):
    _, form = await expired(world, browser)
    assert (await browser.send(CHANGE, form, **typed(PASSWORD))).status == 422


async def test_four_thousand_characters_are_refused_before_anything_is_hashed(world, browser):
    _, form = await expired(world, browser)
    world.services.hasher.close()
    answer = await browser.send(CHANGE, form, **typed("a" * 4_000))
    assert answer.status == 422


async def test_every_character_of_a_long_password_counts(world, browser):
    _, form = await expired(world, browser)
    long = "Aé9!" * 60
    await browser.send(CHANGE, form, **typed(long))
    browser.jar.clear()
    assert (await browser.sign_in("anna", long[:-1])).status == 401
    assert (await browser.sign_in("anna", long)).status == 303


async def test_a_change_ends_the_sessions_elsewhere(world, new_browser):
    elsewhere, here = new_browser(), new_browser()
    user = await world.person()
    await elsewhere.sign_in("anna", PASSWORD)
    async with world.services.database.transaction() as tables:
        await tables.passwords.require_change(user.id)
    form = await here.follow(await here.sign_in("anna", PASSWORD))
    assert (await here.send(CHANGE, form, **typed(OTHER))).location == "/mail"
    assert (await elsewhere.get(LOGIN)).title == "Sign in"
    assert (await here.get(f"{LOGIN}?next=/mail")).location == "/mail"


async def test_a_change_ends_attempts_that_began_with_the_old_password(world, new_browser):
    thief, owner = new_browser(), new_browser()
    await world.person(change_required=True)
    stolen = await thief.follow(await thief.sign_in("anna", PASSWORD))
    form = await owner.follow(await owner.sign_in("anna", PASSWORD))
    await owner.send(CHANGE, form, **typed(OTHER))
    world.clock.advance(0.5)
    answer = await thief.send(CHANGE, stolen, **typed("Thiefs-Own-3"))
    assert answer.location == f"{LOGIN}?next=/mail"
    assert "Your password has been changed. Please sign in with the new one." in (await thief.follow(answer)).text
    assert "gatekeeper" not in thief.jar


async def test_a_password_that_was_changed_while_redis_went_away_is_not_said_to_have_failed(
    world, browser, monkeypatch
):
    async def away(*_):
        raise Unavailable("Redis")

    _, form = await expired(world, browser)
    with monkeypatch.context() as patched:
        for store, call in ((world.services.attempts, "update"), (world.services.sessions, "get")):
            patched.setattr(store, call, away)
        page = await browser.follow(await browser.send(CHANGE, form, **typed(OTHER)))
        assert page.title == "Sign in"
        assert "Your password has been changed. Please sign in with the new one." in page.text
    assert (await browser.sign_in("anna", OTHER)).location == "/mail"


async def test_two_clicks_change_the_password_once(world, browser):
    import asyncio

    _, form = await expired(world, browser)
    answers = await asyncio.gather(*(browser.send(CHANGE, form, **typed(OTHER)) for _ in range(5)))
    assert {answer.status for answer in answers} == {303}
    assert len(await world.log("password.changed")) == 1


async def expiring(world, browser):
    """Somebody whose password expires in six days, on the page that says so."""
    user = await world.person()
    await world.password_policy(expiry_days=90, warn_days=7)
    world.clock.advance(84 * DAY)
    page = await browser.follow(await browser.sign_in("anna", PASSWORD))
    assert page.title == "Your password expires soon"
    return user, page


async def test_that_it_expires_is_said_once_not_at_every_sign_in(world, new_browser):
    browser = new_browser()
    _, page = await expiring(world, browser)
    assert "It expires on" in page.text
    assert (await browser.send(NOTICE, page, choice="later")).location == "/mail"
    world.clock.advance(DAY)
    assert (await new_browser().sign_in("anna", PASSWORD)).location == "/mail"


async def test_who_leaves_without_choosing_is_told_at_the_next_sign_in(world, new_browser):
    await expiring(world, new_browser())
    again = new_browser()
    assert (await again.follow(await again.sign_in("anna", PASSWORD))).title == "Your password expires soon"


async def test_another_end_of_the_same_password_is_told_anew(world, new_browser):
    browser = new_browser()
    _, page = await expiring(world, browser)
    await browser.send(NOTICE, page, choice="later")
    await world.password_policy(expiry_days=89, warn_days=7)
    again = new_browser()
    assert (await again.follow(await again.sign_in("anna", PASSWORD))).title == "Your password expires soon"


async def test_change_now_leads_straight_to_the_new_password_and_on(world, browser):
    _, page = await expiring(world, browser)
    answer = await browser.send(NOTICE, page, choice="change")
    assert answer.location == f"{CHANGE}?next=/mail"
    form = await browser.follow(answer)
    assert form.title == "Choose a new password"
    assert "Yours expires on" in form.text
    assert 'name="current_password"' not in form.text
    assert (await browser.get(NOTICE)).location == CHANGE
    assert (await browser.send(CHANGE, form, **typed(OTHER))).location == "/mail"
    assert len(await world.log("password.changed")) == 1


async def test_who_thinks_again_may_do_it_later_after_all(world, browser):
    user, page = await expiring(world, browser)
    form = await browser.follow(await browser.send(NOTICE, page, choice="change"))
    assert (await browser.send(CHANGE, form, choice="later")).location == "/mail"
    assert (await world.user(user.id)).facts.password_changed_at < world.now - DAY


async def test_nobody_is_told_that_the_password_expires_that_they_have_just_chosen(world, browser):
    _, form = await expired(world, browser, warn_days=90)
    assert (await browser.send(CHANGE, form, **typed(OTHER))).location == "/mail"


async def test_a_change_that_is_due_cannot_be_put_off(world, browser):
    _, form = await expired(world, browser)
    assert (await browser.send(CHANGE, form, choice="later")).status == 422
