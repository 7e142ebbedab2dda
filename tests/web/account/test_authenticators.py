"""Adding, replacing, renaming and removing one's own authenticators, with nothing but forms."""

from __future__ import annotations

import asyncio
import html

import pytest

from gatekeeper.domain.model import Enrolment, TwoFactorMode
from gatekeeper.flows.two_factor import enrolment_code_digest
from tests.flows.world import PASSWORD, SECRET
from tests.web.account.conftest import ACCOUNT, LOGIN

NEW = "/authenticators/new"
OTHER_SECRET = "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU"


def held(world, username="anna"):
    async def read():
        user = await world.services.database.read.users.by_login(username)
        return await world.services.database.read.authenticators.of_user(user.id)

    return read()


async def test_a_first_one_can_be_set_up_although_nobody_asks_for_it(world, visitor):
    await world.person()
    anna = visitor()
    await anna.signs_in()
    assert "Set up two-step verification" in (await anna.opens()).text
    page = await anna.browser.follow(await anna.sends("/authenticators"))
    old = dict(anna.browser.jar)
    answer = await anna.sends(NEW, page, code=world.code(page.secret))
    assert (answer.status, answer.location) == (303, f"{ACCOUNT}/recovery-codes")
    assert anna.browser.jar["gatekeeper"] != old["gatekeeper"]
    codes = await anna.opens("/recovery-codes")
    assert codes.text.count("<li>") == 10
    assert (await anna.sends("/recovery-codes", codes)).status == 422
    assert "Your recovery codes are saved." in await anna.does("/recovery-codes", saved="1")
    world.clock.advance(60)
    form = await visitor().browser.sign_in("anna", PASSWORD)
    assert form.location.startswith(f"{LOGIN}/code")


async def test_the_page_shows_the_same_secret_until_its_code_is_right(world, anna):
    page = await anna.browser.follow(await anna.sends("/authenticators"))
    for answer in (
        await anna.opens(NEW),
        await anna.sends(NEW, page, code="000000", name="Tablet"),
        await anna.sends(NEW, page, code=""),
        await anna.browser.follow(await anna.sends("/authenticators")),
    ):
        assert answer.secret == page.secret
    refused = await anna.sends(NEW, page, code="000000", name="Tablet & co")
    assert refused.status == 401
    assert refused.value("name") == "Tablet & co"
    assert refused.value("code") == ""
    assert len(await held(world)) == 1


async def test_another_one_is_added_named_and_accepted_at_sign_in(world, anna, visitor):
    secret = await anna.adds(name="Tablet")
    page = await anna.opens()
    assert "“Tablet” has been added." in page.text
    assert "not used yet" in page.text
    world.clock.advance(60)
    await visitor().signs_in(secret=secret)
    await visitor().signs_in(secret=SECRET)
    assert "not used yet" not in (await anna.opens()).text


async def test_replacing_ends_the_old_one_only_once_the_new_one_is_confirmed(world, anna, visitor):
    (old,) = await held(world)
    page = await anna.browser.follow(await anna.sends(f"/authenticators/{old.id}"))
    assert page.title == "Replace “App”"
    world.clock.advance(60)
    await visitor().signs_in(secret=SECRET)
    answer = await anna.sends(f"/authenticators/{old.id}/replace", page, code=world.code(page.secret))
    assert "has been replaced" in (await anna.browser.follow(answer)).text
    (new,) = await held(world)
    assert new.id != old.id
    world.clock.advance(60)
    other = visitor()
    form = await other.browser.follow(await other.browser.sign_in("anna", PASSWORD))
    assert (await other.browser.send(f"{LOGIN}/code", form, code=world.code(SECRET))).status == 401
    assert (await other.browser.send(f"{LOGIN}/code", form, code=world.code(page.secret))).status == 303


async def test_one_is_renamed(world, anna):
    (one,) = await held(world)
    form = await anna.opens(f"/authenticators/{one.id}/rename")
    assert form.value("name") == "App"
    assert (await anna.sends(f"/authenticators/{one.id}/rename", form, name=" ")).status == 422
    assert "Work phone" in await anna.does(f"/authenticators/{one.id}/rename", name="Work phone")


async def test_the_page_asks_before_one_goes_and_names_it(world, anna):
    await anna.adds(name="Tablet")
    ids = anna.ids(await anna.opens(), "authenticators", "remove")
    assert len(ids) == 2
    (tablet,) = [one.id for one in await held(world) if one.name == "Tablet"]
    asked = await anna.opens(f"/authenticators/{tablet}/remove")
    assert asked.title == "Remove “Tablet”?"
    assert "“Tablet” has been removed." in await anna.does(f"/authenticators/{tablet}/remove")
    assert [one.name for one in await held(world)] == ["App"]


async def test_the_last_one_stays_where_the_policy_asks_for_one(world, anna):
    (one,) = await held(world)
    await world.two_factor()
    asked = await anna.opens(f"/authenticators/{one.id}/remove")
    assert "one has to stay" in asked.text
    assert 'class="danger"' not in asked.text
    assert (await anna.sends(f"/authenticators/{one.id}/remove")).status == 422
    assert await held(world) == [one]


async def test_two_tabs_that_remove_the_last_two_at_once_leave_one(world, anna):
    await anna.adds(name="Tablet")
    await world.two_factor()
    form = await anna.opens()
    answers = await asyncio.gather(*(anna.sends(f"/authenticators/{one.id}/remove", form) for one in await held(world)))
    assert sorted(answer.status for answer in answers) == [303, 422]
    assert len(await held(world)) == 1


async def test_the_last_one_may_go_where_nothing_asks_for_it_and_then_the_password_is_enough(world, anna, visitor):
    (one,) = await held(world)
    assert "with your password alone" in (await anna.opens(f"/authenticators/{one.id}/remove")).text
    await anna.does(f"/authenticators/{one.id}/remove")
    await visitor().signs_in()


@pytest.mark.parametrize("action", ["", "/rename", "/remove", "/replace"])
async def test_somebody_elses_is_no_page_and_nothing_happens_to_it(world, anna, action):
    await world.person("marco", secret=OTHER_SECRET)
    (his,) = await held(world, "marco")
    for identity in (his.id, "nonsense", "00000000-0000-0000-0000-000000000000"):
        path = f"/authenticators/{identity}{action}"
        if action:
            assert (await anna.opens(path)).status == 404
        assert (await anna.sends(path, name="Mine", code=world.code())).status == 404
    assert await held(world, "marco") == [his]
    assert len(await held(world)) == 1


@pytest.mark.parametrize(
    "path", ["/authenticators", "/authenticators/new", "/authenticators/{id}", "/authenticators/{id}/remove"]
)
async def test_an_old_proof_is_not_enough_and_the_password_goes_on(world, anna, path):
    (one,) = await held(world)
    await anna.sends("/authenticators")
    path = path.format(id=one.id)
    world.clock.advance(601)
    answer = await anna.sends(path, code=world.code())
    assert (answer.status, answer.title) == (403, "Confirm that it is you")
    assert (await anna.sends(path, answer, current_password="wrong")).status == 401
    assert await held(world) == [one]
    on = await anna.sends(path, answer, current_password=PASSWORD)
    assert on.status in {303, 422}


@pytest.mark.parametrize("path", ["/authenticators", "/authenticators/{id}/remove", "/recovery-codes/new"])
async def test_a_password_alone_changes_no_factor_of_somebody_who_has_one(world, visitor, path):
    user = await world.person()
    thief = visitor()
    await thief.signs_in()
    await world.enrol(user.id)
    (one,) = await held(world)
    path = path.format(id=one.id)
    asked = await thief.sends(path)
    assert (asked.status, asked.title) == (403, "Enter your code")
    assert (await thief.sends(path, asked, code="000000")).status == 401
    assert await held(world) == [one]
    answer = await thief.sends(path, asked, code=world.code())
    assert answer.status == 303
    assert (await thief.opens()).status == 200
    assert (await thief.sends("/authenticators")).status == 303


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/authenticators",
        "/authenticators/new",
        "/authenticators/{id}",
        "/authenticators/{id}/rename",
        "/authenticators/{id}/remove",
        "/recovery-codes",
        "/recovery-codes/new",
        "/sessions/others/end",
        "/language",
    ],
)
async def test_what_another_site_sends_changes_nothing(world, anna, path):
    (one,) = await held(world)
    before = await world.log("sign-in.succeeded")
    form = await anna.opens()
    path = ACCOUNT + path.format(id=one.id)
    fields = {"csrf_token": form.token, "name": "x", "language": "it", "saved": "1"}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert (await anna.browser.post(path, fields, **headers)).status == 403
    for token in ("", "x" * 43):
        assert (await anna.browser.post(path, fields | {"csrf_token": token})).status == 403
    assert await held(world) == [one]
    assert (await world.user(one.user_id)).language is None
    assert await world.log("sign-in.succeeded") == before


async def test_half_way_opens_nothing(world, visitor):
    await world.person(secret=SECRET)
    (one,) = await held(world)
    half = visitor()
    form = await half.browser.follow(await half.browser.sign_in("anna", PASSWORD))
    for path in ("", "/activity", NEW, f"/authenticators/{one.id}/remove", "/recovery-codes"):
        answer = await half.opens(path)
        assert answer.status == 303
        assert answer.location.startswith(f"{LOGIN}?next=")
        assert (await half.sends(path, form)).status in {401, 405}
    assert await held(world) == [one]


async def test_who_gave_a_code_for_what_is_not_theirs_stays_signed_in(world, visitor):
    user = await world.person()
    anna = visitor()
    await anna.signs_in()
    await world.enrol(user.id)
    asked = await anna.sends("/authenticators/nonsense/remove")
    assert asked.status == 404 or asked.title == "Enter your code"
    answer = await anna.sends("/authenticators/nonsense/remove", code=world.code())
    assert answer.status == 404
    assert (await anna.opens()).status == 200


async def test_with_codes_a_first_one_needs_the_administrators(world, visitor):
    user = await world.person()
    await world.two_factor(TwoFactorMode.OFF, Enrolment.WITH_CODE)
    anna = visitor()
    await anna.signs_in()
    page = await anna.browser.follow(await anna.sends("/authenticators"))
    assert 'name="enrolment_code"' in page.text
    refused = await anna.sends(NEW, page, code=world.code(page.secret), enrolment_code="aaaaa-bbbbb")
    assert refused.status == 401
    assert await held(world) == []
    async with world.services.database.transaction() as tables:
        await tables.users.set_enrolment_code(user.id, enrolment_code_digest("abcde-fghij"), required=True)
    right = await anna.sends(NEW, refused, code=world.code(page.secret), enrolment_code="abcde-fghij")
    assert right.location == f"{ACCOUNT}/recovery-codes"


async def test_what_took_too_long_says_so_and_changes_nothing(world, anna):
    page = await anna.browser.follow(await anna.sends("/authenticators"))
    redis = world.services.drafts._redis
    await redis.delete(*[key async for key in redis.scan_iter("gk:d:*")])
    answer = await anna.sends(NEW, page, code=world.code(page.secret))
    assert answer.location == ACCOUNT
    assert "nothing to confirm any more" in html.unescape((await anna.browser.follow(answer)).text)
    assert (await anna.opens(NEW)).location == ACCOUNT
    assert len(await held(world)) == 1


async def test_names_are_shown_as_text(world, anna):
    await anna.adds(name="<b>Tablet</b>")
    page = await anna.opens()
    assert "<b>Tablet</b>" not in page.text
    assert "&lt;b&gt;Tablet&lt;/b&gt;" in page.text
