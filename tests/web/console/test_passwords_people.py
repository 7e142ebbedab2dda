"""Finding and picking people for two-step verification: with a script, without one, and where the list is long."""

from __future__ import annotations

import json
import re

import pytest

from gatekeeper.domain.model import NewUser, Permission, Strength, TwoFactorMode, TwoFactorPolicy
from gatekeeper.flows import administration
from tests.flows.world import DAY
from tests.web.console.desk import PAGE, TWO_STEP, sit_down, words

NAMES = {"lelievre": "Chloé Lelièvre", "pal": "Pál Erdős", "fred": "Frédéric Blanc", "marco": "100% real_name"}


@pytest.fixture
async def desk(world, browser):
    return await sit_down(world, browser, Permission.POLICIES_MANAGE)


@pytest.fixture
async def people(world):
    for name, shown in NAMES.items():
        user = await world.person(name)
        async with world.services.database.transaction() as tables:
            await tables.users.update(user.id, display_name=shown)
    return {name: (await world.services.database.read.users.by_login(name)).id for name in NAMES}


def ids(form, name: str) -> list[str]:
    return re.findall(rf'<input type="hidden" name="{name}" value="([^"]+)">', form.text)


async def test_the_search_box_finds_by_name_user_name_and_address_whatever_the_accents(desk, people, subtests):
    asked = (
        ("lelievre", ["Chloé Lelièvre"]),
        ("erdos", ["Pál Erdős"]),
        ("FREDERIC", ["Frédéric Blanc"]),
        ("pal@example", ["Pál Erdős"]),
        ("%25", []),
        ("_", []),
        ("100%25", ["100% real_name"]),
        ("real_", ["100% real_name"]),
    )
    for query, found in asked:
        with subtests.test(query):
            answer = await desk.opens(f"/people/search?query={query}")
            assert answer.headers["Cache-Control"] == "no-store"
            assert [person["name"] for person in json.loads(answer.text)["people"]] == found


async def test_the_search_box_shows_a_few_and_says_that_there_are_more(world, desk):
    for number in range(10):
        await world.person(f"rossi{number}")
    answer = json.loads((await desk.opens("/people/search?query=rossi")).text)
    assert (len(answer["people"]), answer["more"]) == (8, True)


async def test_without_a_script_people_are_searched_picked_and_dropped_by_buttons(world, desk, people):
    fields = {name: value for name, value in TWO_STEP.items() if name != "do"}
    sent = await desk.sends("/two-step", fields | {"selected_query": "erdos", "do": "find_selected"})
    assert sent.location.startswith(f"{PAGE}?draft=")
    assert sent.location.endswith("#two-step")
    page = await desk.browser.get(sent.location)
    assert f'name="add_selected" value="{people["pal"]}"' in page.text
    sent = await desk.sends("/two-step", fields | {"selected_query": "erdos", "add_selected": people["pal"]})
    page = await desk.browser.get(sent.location)
    assert ids(page, "selected") == [people["pal"]]
    assert "Applies to 1 of 5 people" in page.text
    assert re.search(r'id="who-selected"[^>]*checked', page.text)
    picked = [("selected", people["pal"]), ("selected", people["fred"])]
    sent = await desk.sends("/two-step", fields | {"remove_selected": people["pal"]}, *picked)
    assert ids(await desk.browser.get(sent.location), "selected") == [people["fred"]]


async def test_enter_in_the_search_box_searches_and_elsewhere_reviews(desk, people):
    fields = {name: value for name, value in TWO_STEP.items() if name != "do"}
    sent = await desk.sends("/two-step", fields | {"except_query": "fred"})
    assert "Frédéric Blanc" in (await desk.browser.get(sent.location)).text
    sent = await desk.sends("/two-step", fields | {"who": "everyone", "except_query": " "})
    assert sent.location.startswith(f"{PAGE}/review?")


async def test_select_all_begins_a_list_of_exceptions(desk, people):
    sent = await desk.sends("/two-step", TWO_STEP | {"who": "selected", "do": "all"}, ("selected", people["pal"]))
    page = await desk.browser.get(sent.location)
    assert re.search(r'id="who-except"[^>]*checked', page.text)
    assert ids(page, "selected") == ids(page, "except") == []
    assert "Applies to 5 of 5 people" in page.text


async def fill(world, count: int) -> list[str]:
    new = [
        NewUser(
            id=f"00000000-0000-4000-8000-{number:012}",
            username=f"many{number}",
            email=f"many{number}@example.com",
            display_name=f"Many {number}",
            groups=(),
            permissions=frozenset(),
            created_at=world.now,
        )
        for number in range(count)
    ]
    async with world.services.database.transaction() as tables:
        await tables.users.add_many(new)
    return [user.id for user in new]


async def test_a_long_list_stays_out_of_the_form_and_is_changed_person_by_person(world, desk):
    most = administration.MOST_LISTED
    everybody = await fill(world, most + 2)
    await world.enrol(desk.user.id)
    async with world.services.database.transaction() as tables:
        await tables.policies.set_two_factor(TwoFactorPolicy(TwoFactorMode.EVERYONE), everybody[: most + 1], None)
    page = await desk.opens()
    assert "This list is too long to be shown in a form." in page.text
    assert "Applies to 2 of 1,003 people" in page.text
    assert len(page.text) < 60_000
    review = await desk.reviews("/two-step", TWO_STEP | {"who": "except", "enrolment": "with-code", "version": "1"})
    await desk.applies(review)
    assert (await world.services.database.read.policies.read()).two_factor.listed == most + 1
    form = await desk.opens(f"/people?query=many{most + 1}")
    done = await desk.browser.send(f"{PAGE}/people", form, add=everybody[-1], query="many1001")
    assert (done.status, done.location) == (303, f"{PAGE}/people?query=many1001")
    shown = await desk.browser.get(done.location)
    assert "Many 1001 is on the list now." in shown.text
    assert f'name="remove" value="{everybody[-1]}"' in shown.text
    await desk.browser.send(f"{PAGE}/people", form, remove=everybody[0])
    standing = (await world.services.database.read.policies.read()).two_factor
    assert standing.listed == most + 1
    assert len(await world.log("policy.two-factor.person.add")) == 1
    review = await desk.reviews("/two-step", TWO_STEP | {"who": "everyone", "version": "4"})
    assert "Everyone except 1,001 people." in words(review.text)
    await desk.applies(review)
    assert (await world.services.database.read.policies.read()).two_factor.listed == 0


async def test_a_form_takes_a_thousand_people_and_no_more(world, desk):
    most = administration.MOST_LISTED
    everybody = await fill(world, most + 1)
    review = await desk.reviews(
        "/two-step", TWO_STEP | {"who": "selected"}, *(("selected", one) for one in everybody[:most])
    )
    assert "Only 1,000 people." in words(review.text)
    refused = await desk.sends("/two-step", TWO_STEP | {"who": "selected"}, *(("selected", one) for one in everybody))
    assert refused.status == 422
    assert "At most 1,000 people fit here." in refused.text


async def test_the_list_of_a_policy_that_is_off_says_what_to_do(world, desk, people):
    form = await desk.opens("/people")
    assert "There is no list" in form.text
    assert (await desk.sends("/people", {"add": people["pal"]})).location == PAGE
    assert "turned off meanwhile" in (await desk.opens()).text


async def test_somebody_who_is_gone_cannot_be_added(world, desk):
    await world.two_factor(TwoFactorMode.SELECTED)
    for nobody in ("00000000-0000-4000-8000-000000000000", "nonsense", ""):
        assert (await desk.sends("/people", {"add": nobody})).location == f"{PAGE}/people"
        assert "There is no such person any more." in (await desk.opens("/people")).text


async def test_who_must_enrol_is_listed_with_the_day_since_when(world, desk):
    await world.person("anna")
    world.clock.advance(3 * DAY)
    desk.browser.jar.clear()
    await desk.browser.sign_in("paula", "Gatekeeper-1")
    async with world.services.database.transaction() as tables:
        await tables.policies.set_two_factor(TwoFactorPolicy(TwoFactorMode.EVERYONE), [desk.user.id], None, world.now)
    assert "See who must still set one up" in (await desk.opens()).text
    page = await desk.opens("/enrolment")
    said = words(page.text)
    assert "1 person. They are led through it at the next sign-in." in said
    assert "Anna" in said
    assert "18 January 2027" in said


async def test_passwords_that_fall_short_and_those_nobody_knows_are_listed_apart(world, desk):
    await world.person("anna", strength=Strength.BASIC)
    await world.person("bert", strength=None)
    await world.password_policy(strength=Strength.MEDIUM)
    short, unknown = words((await desk.opens("/short")).text), words((await desk.opens("/unknown")).text)
    assert "1 person, whose password does not meet Medium." in short
    assert ("Anna" in short, "Bert" in short) == (True, False)
    assert ("Anna" in unknown, "Bert" in unknown) == (False, True)


async def test_lists_are_paged_and_the_people_of_a_review_too(world, desk):
    await fill(world, 60)
    await world.two_factor(TwoFactorMode.SELECTED)
    await world.enrol(desk.user.id)
    sent = await desk.sends("/two-step", TWO_STEP | {"who": "everyone", "version": "1"})
    review = await desk.browser.get(sent.location)
    assert "60 people have no authenticator yet." in words(review.text)
    more = re.search(r'href="([^"]*/review/people[^"]*)"', review.text)
    assert more is not None
    first = await desk.browser.get(more[1].replace("&amp;", "&"))
    following = re.search(r'href="([^"]*cursor=[^"]*)" rel="next"', first.text)
    assert following is not None
    second = await desk.browser.get(following[1].replace("&amp;", "&"))
    assert first.text.count('scope="row"') + second.text.count('scope="row"') == 60
