"""*Password management*: every choice is reviewed before it is applied, and what is wrong is said beside its field."""

from __future__ import annotations

import pytest

from gatekeeper.domain.model import Enrolment, Permission, Strength, TwoFactorMode
from tests.flows.world import DAY
from tests.web.console.desk import PAGE, RULES, TWO_STEP, sit_down, words

MANAGE = Permission.POLICIES_MANAGE


@pytest.fixture
async def desk(world, browser):
    return await sit_down(world, browser, MANAGE)


async def policies(world):
    return await world.services.database.read.policies.read()


async def test_each_password_rule_is_reviewed_then_applied(world, desk, subtests):
    chosen = (
        ({"expiry": "every", "days": "90", "warn_days": "14"}, {"expiry_days": 90, "warn_days": 14}),
        ({"expiry": "every", "days": "1", "warn_days": "0"}, {"expiry_days": 1, "warn_days": 0}),
        ({"reuse": "differ", "forbid_last": "24"}, {"expiry_days": None, "forbid_last": 24}),
        ({"strength": "medium"}, {"forbid_last": 0, "strength": Strength.MEDIUM}),
        ({"strength": "advanced"}, {"strength": Strength.ADVANCED}),
    )
    for version, (fields, expected) in enumerate(chosen):
        with subtests.test(str(fields)):
            review = await desk.reviews("/rules", RULES | fields | {"version": str(version)})
            assert (review.status, review.title) == (200, "Review change")
            assert (await policies(world)).password_version == version
            done = await desk.applies(review)
            assert (done.status, done.location) == (303, PAGE)
            standing = (await policies(world)).password
            assert {name: getattr(standing, name) for name in expected} == expected
            assert "Applied." in (await desk.opens()).text
    entries = await world.log("policy.password.replace")
    assert [entry.actor_name for entry in entries] == ["paula"] * len(chosen)


async def test_a_review_says_how_many_who_and_when(world, desk):
    await world.person("anna", strength=Strength.BASIC)
    await world.person("bert", strength=None)
    world.clock.advance(100 * DAY)
    await world.person("carl")
    desk.browser.jar.clear()
    await desk.browser.sign_in("paula", "Gatekeeper-1")
    review = await desk.reviews("/rules", RULES | {"expiry": "every", "strength": "medium"})
    said = words(review.text)
    assert "3 people are affected" in said
    assert "3 people have a password older than 90 days." in said
    assert "at the next sign-in; whoever is signed in now, at the next click" in said
    assert "1 person has a password that falls short of Medium." in said
    assert "1 person has an imported password of which nobody knows" in said
    assert "Anna" in said
    assert "Carl" not in said


async def test_a_review_shows_people_whichever_rule_they_meet(world, desk):
    await world.person("anna")
    world.clock.advance(100 * DAY)
    desk.browser.jar.clear()
    await desk.browser.sign_in("paula", "Gatekeeper-1")
    review = words((await desk.reviews("/rules", RULES | {"expiry": "every", "strength": "advanced"})).text)
    assert "2 people are affected" in review
    assert "Anna" in review
    assert "No password would expire in the coming eight weeks." in review


async def test_what_would_change_nothing_says_so_and_cannot_be_applied(desk):
    review = await desk.reviews("/rules", RULES)
    assert "Nothing would change" in review.text
    assert f'action="{PAGE}/apply"' not in review.text


async def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(world, desk, subtests):
    wrong = (
        ("days", "0", "Enter a whole number from 1 to 3,650."),
        ("days", "", "Enter a whole number from 1 to 3,650."),
        ("days", "ninety", "Enter a whole number from 1 to 3,650."),
        ("days", "9" * 5_000, "Enter a whole number from 1 to 3,650."),
        ("warn_days", "-1", "Enter a whole number from 0 to 365."),
        ("forbid_last", "25", "Enter a whole number from 1 to 24."),
        ("strength", "heroic", "Choose one of the three levels."),
    )
    for field, value, says in wrong:
        with subtests.test(f"{field} {value[:10]}"):
            answer = await desk.sends("/rules", RULES | {"expiry": "every", "reuse": "differ", field: value})
            assert answer.status == 422
            assert says in answer.text
            assert f'id="{field}-error"' in answer.text
            assert field == "strength" or answer.value(field) == value
    assert (await policies(world)).epoch == 0


async def test_fields_of_a_choice_that_is_not_made_are_not_looked_at(desk):
    review = await desk.reviews("/rules", RULES | {"days": "nonsense", "forbid_last": "", "strength": "medium"})
    assert review.status == 200


async def test_whoever_comes_second_sees_what_stands_now_and_loses_nothing(world, desk):
    review = await desk.reviews("/rules", RULES | {"expiry": "every", "days": "45"})
    await world.password_policy(expiry_days=30, strength=Strength.MEDIUM)
    for answer in (
        await desk.applies(review),
        await desk.sends("/rules", RULES | {"expiry": "every", "days": "45"}),
    ):
        assert answer.status == 409
        said = words(answer.text)
        assert "Somebody else changed these rules" in said
        assert "Now: A new password every 30 days" in said
        assert "Now: Medium" in said
        assert "Now: Passwords may be used again." not in said
        assert (answer.value("days"), answer.value("version")) == ("45", "1")
    assert (await policies(world)).password.expiry_days == 30
    again = await desk.reviews("/rules", RULES | {"expiry": "every", "days": "45", "version": "1"})
    await desk.applies(again)
    assert (await policies(world)).password.expiry_days == 45


async def test_a_review_of_a_version_that_is_gone_leads_back_to_the_form(world, desk):
    sent = await desk.sends("/rules", RULES | {"strength": "medium"})
    await world.password_policy(expiry_days=30)
    back = await desk.browser.get(sent.location)
    assert (back.status, back.location.partition("?")[0]) == (303, PAGE)
    assert "Somebody else changed these rules" in (await desk.browser.get(back.location)).text


async def test_a_draft_that_is_no_longer_kept_says_so(desk):
    for path in ("/review?draft=gone", "/review/people?draft=gone"):
        assert (await desk.opens(path)).location == PAGE
        assert "What you had entered is not kept any more." in (await desk.opens()).text
    assert "What you had entered is not kept any more." in (await desk.opens("?draft=gone")).text
    assert (await desk.sends("/apply", {"draft": "gone"})).location == PAGE


async def test_nobody_finds_the_draft_of_somebody_else(world, desk, new_browser):
    sent = await desk.sends("/rules", RULES | {"strength": "medium"})
    other = await sit_down(world, new_browser(), MANAGE, name="otto")
    assert (await other.browser.get(sent.location)).location == PAGE


async def test_an_old_proof_is_asked_for_before_a_change_not_before_a_review(world, desk):
    world.clock.advance(700)
    review = await desk.reviews("/rules", RULES | {"strength": "medium"})
    asked = await desk.applies(review)
    assert asked.status == 403
    assert 'name="current_password"' in asked.text
    fields = {"csrf_token": asked.token, "draft": asked.value("draft"), "current_password": "Gatekeeper-1"}
    done = await desk.browser.post(f"{PAGE}/apply", fields)
    assert (done.status, done.location) == (303, PAGE)
    assert (await policies(world)).password.strength is Strength.MEDIUM
    assert "Applied." in (await desk.opens()).text


async def test_everybody_is_asked_for_a_new_password_after_a_question_that_counts_them(world, desk):
    await world.person("anna")
    await world.person("closed", enabled=False)
    page = await desk.opens("/require-change")
    assert "2 people are asked for a new password" in page.text
    done = await desk.browser.send(f"{PAGE}/require-change", page)
    assert (done.status, done.location) == (303, PAGE)
    assert (await policies(world)).password.change_demanded_at == pytest.approx(world.now)
    assert len(await world.log("policy.password.require-change")) == 1


async def test_each_choice_of_two_step_verification_is_applied(world, desk, subtests):
    await world.enrol(desk.user.id)
    chosen = (
        ({"who": "everyone"}, (TwoFactorMode.EVERYONE, None, Enrolment.OPEN)),
        ({"who": "everyone", "enrolment": "with-code"}, (TwoFactorMode.EVERYONE, None, Enrolment.WITH_CODE)),
        ({"trusted": "days", "trusted_days": "14"}, (TwoFactorMode.OFF, 14, Enrolment.OPEN)),
    )
    for version, (fields, expected) in enumerate(chosen):
        with subtests.test(str(fields)):
            await desk.applies(await desk.reviews("/two-step", TWO_STEP | fields | {"version": str(version)}))
            standing = (await policies(world)).two_factor
            assert (standing.mode, standing.trusted_devices_days, standing.enrolment) == expected


async def test_people_are_picked_for_a_list_and_the_review_names_them(world, desk):
    anna, bert = await world.person("anna"), await world.person("bert")
    await world.person("carl")
    review = await desk.reviews(
        "/two-step", TWO_STEP | {"who": "selected"}, ("selected", anna.id), ("selected", bert.id)
    )
    said = words(review.text)
    assert "2 people have no authenticator yet." in said
    assert "Anna" in said
    assert "Carl" not in said
    await desk.applies(review)
    listed = await world.services.database.read.policies.people()
    assert [user.id for user in listed.items] == [anna.id, bert.id]
    page = await desk.opens()
    assert "Applies to 2 of 4 people" in page.text
    review = await desk.reviews(
        "/two-step", TWO_STEP | {"who": "selected", "version": "1"}, ("selected", bert.id), ("selected", desk.user.id)
    )
    said = words(review.text)
    assert "New on the list: Paula" in said
    assert "No longer on it: Anna" in said
    assert "You are among them" in said


async def test_everyone_except_counts_those_that_are_left(world, desk):
    anna = await world.person("anna")
    await world.person("bert")
    review = await desk.reviews(
        "/two-step", TWO_STEP | {"who": "except"}, ("except", anna.id), ("except", desk.user.id)
    )
    assert "1 person has no authenticator yet." in words(review.text)
    await desk.applies(review)
    assert "Applies to 1 of 3 people" in (await desk.opens()).text


async def test_a_list_of_nobody_is_refused_beside_its_search_box(desk):
    answer = await desk.sends("/two-step", TWO_STEP | {"who": "selected"})
    assert answer.status == 422
    assert 'id="selected-error"' in answer.text
    assert "Pick at least one person" in answer.text


async def test_somebody_who_was_deleted_meanwhile_is_told_of_and_gone_from_the_form(world, desk):
    anna, bert = await world.person("anna"), await world.person("bert")
    sent = await desk.sends("/two-step", TWO_STEP | {"who": "selected"}, ("selected", anna.id), ("selected", bert.id))
    async with world.services.database.transaction() as tables:
        await tables.users.delete(anna.id)
    answer = await desk.browser.get(sent.location)
    assert answer.status == 422
    assert "has been deleted meanwhile" in answer.text
    assert anna.id not in answer.text
    assert bert.id in answer.text


async def test_turning_it_off_says_who_is_asked_for_a_code_all_the_same(world, desk):
    await world.enrol(desk.user.id)
    await world.two_factor(TwoFactorMode.EVERYONE, trusted_devices_days=30)
    await world.person("anna")
    said = words((await desk.reviews("/two-step", TWO_STEP | {"version": "1"})).text)
    assert "Nobody has to set up an authenticator any more." in said
    assert "1 person has an authenticator already and is asked for its code" in said
    assert "Devices that are trusted now count no more" in said


@pytest.mark.parametrize("held", [(), (Permission.USERS_MANAGE, Permission.PERMISSIONS_GRANT)])
async def test_without_the_permission_the_page_says_whom_to_ask(world, browser, held):
    desk = await sit_down(world, browser, *held)
    for path in ("", "/review", "/people", "/people/search?query=a", "/enrolment", "/require-change"):
        answer = await desk.opens(path)
        assert answer.status == 403
        assert "It needs a permission that you do not have: Password management." in words(answer.text)


async def test_the_page_weighs_little_and_has_nothing_inline(desk):
    page = await desk.opens()
    assert len(page.text.encode()) < 40_000
    assert "style=" not in page.text
    assert "<script>" not in page.text
    assert " onclick" not in page.text
