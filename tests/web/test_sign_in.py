"""Name and password, and everything that can be odd about the page that asks for them."""

from __future__ import annotations

import pytest

from gatekeeper.domain.model import Step, TwoFactorMode
from tests.flows.world import DAY, OTHER, PASSWORD, SECRET

LOGIN = "/gatekeeper/login"


async def test_a_right_password_leads_to_where_the_person_wanted_to_go(world, browser):
    await world.person()
    answer = await browser.sign_in("anna", PASSWORD, "/mail?a=1&b=2#/client/9")
    assert (answer.status, answer.location) == (303, "/mail?a=1&b=2#/client/9")
    assert browser.jar["gatekeeper"]


async def test_a_wrong_password_gets_the_form_again_with_the_name_and_without_the_password(world, browser):
    await world.person()
    answer = await browser.sign_in("anna", OTHER)
    assert answer.status == 401
    assert answer.value("username") == "anna"
    assert "do not go together" in answer.text
    assert OTHER not in answer.text
    assert "gatekeeper" not in browser.jar


@pytest.mark.parametrize("name", ["anna@example.com", " Anna ", "ANNA@EXAMPLE.COM", "\uff41nna"])
async def test_a_name_is_taken_however_it_is_spelt(world, browser, name):
    await world.person()
    assert (await browser.sign_in(name, PASSWORD)).status == 303


async def test_a_password_is_taken_as_it_is(world, browser):
    await world.person()
    assert (await browser.sign_in("anna", PASSWORD + " ")).status == 401


@pytest.mark.parametrize(
    ("name", "password", "says"),
    [("", PASSWORD, "Enter your user name"), ("  ", PASSWORD, "Enter your user name"), ("anna", "", "Enter your pass")],
)
async def test_what_is_missing_is_asked_for(world, browser, name, password, says):
    await world.person()
    answer = await browser.sign_in(name, password)
    assert answer.status == 422
    assert says in answer.text


@pytest.mark.parametrize(
    ("name", "password"),
    [("\x00", "x"), ("a" * 5_000, "b" * 5_000), ("\ud83d".encode("utf-16", "surrogatepass").decode("latin-1"), "p")],
)
async def test_odd_names_and_passwords_are_wrong_and_no_more_than_that(browser, name, password):
    assert (await browser.sign_in(name, password)).status == 401


async def test_before_the_password_is_proven_nothing_is_stored(world, browser):
    await browser.get(LOGIN)
    assert await world.services.attempts._redis.keys("gk:a:*") == []


async def test_pages_are_neither_cached_nor_framed(browser):
    answer = await browser.get(LOGIN)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "form-action 'self';" in answer.headers["Content-Security-Policy"]


async def test_a_form_that_leads_to_another_host_of_ours_may_be_redirected_there(new_browser, world):
    answer = await new_browser().get(f"{LOGIN}?next=http://lists.example.com/a")
    assert "form-action 'self' http://lists.example.com;" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("evil", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
async def test_a_sign_in_leads_nowhere_else(world, browser, evil):
    await world.person()
    assert (await browser.sign_in("anna", PASSWORD, evil)).location == "/"


async def test_whoever_is_signed_in_goes_on_at_once(world, browser):
    await world.person()
    await browser.sign_in("anna", PASSWORD)
    assert (await browser.get(f"{LOGIN}?next=/calendar")).location == "/calendar"


async def test_another_tab_that_is_sent_or_reloaded_later_goes_on_too(world, browser):
    await world.person()
    other_tab = await browser.get(f"{LOGIN}?next=/calendar")
    await browser.sign_in("anna", PASSWORD)
    sent = await browser.send(LOGIN, other_tab, username="anna", password="whatever")
    assert (sent.status, sent.location) == (303, "/calendar")


async def test_two_tabs_opened_at_once_both_work(world, browser):
    await world.person()
    first, second = await browser.get(LOGIN), await browser.get(LOGIN)
    assert first.token == second.token
    assert (await browser.send(LOGIN, first, username="anna", password=PASSWORD)).status == 303


async def test_a_form_without_its_cookie_comes_back_filled_in_but_for_the_secret(world, browser):
    await world.person()
    form = await browser.get(LOGIN)
    browser.jar.clear()
    answer = await browser.send(LOGIN, form, username="anna", password=PASSWORD)
    assert answer.status == 403
    assert answer.value("username") == "anna"
    assert "open for too long" in answer.text
    assert (await browser.send(LOGIN, answer, username="anna", password=PASSWORD)).status == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
async def test_a_form_that_another_site_sends_is_refused_even_with_the_token(world, browser, headers):
    await world.person()
    form = await browser.get(LOGIN)
    fields = {"csrf_token": form.token, "username": "anna", "password": PASSWORD}
    answer = await browser.post(LOGIN, fields, **headers)
    assert answer.status == 403
    assert answer.value("username") == ""
    assert "gatekeeper" not in browser.jar


async def test_a_form_that_our_own_page_sends_is_taken(world, browser):
    await world.person()
    form = await browser.get(LOGIN)
    fields = {"csrf_token": form.token, "username": "anna", "password": PASSWORD}
    own = f"http://{browser.client.host}:{browser.client.port}"
    assert (await browser.post(LOGIN, fields, Origin=own, **{"Sec-Fetch-Site": "same-origin"})).status == 303


async def test_a_token_of_another_browser_is_worth_nothing(world, new_browser):
    await world.person()
    one, other = new_browser(), new_browser()
    form = await one.get(LOGIN)
    await other.get(LOGIN)
    assert (await other.send(LOGIN, form, username="anna", password=PASSWORD)).status == 403


async def test_too_many_wrong_passwords_have_to_wait_and_are_told_how_long(world, browser):
    await world.person()
    for number in range(5):
        assert (await browser.sign_in("anna", f"wrong-{number}")).status == 401
    answer = await browser.sign_in("anna", PASSWORD)
    assert answer.status == 429
    assert answer.headers["Retry-After"] == "1"
    assert "Wait 1 second, then try again" in answer.text
    assert answer.value("username") == "anna"
    world.clock.advance(2)
    assert (await browser.sign_in("anna", PASSWORD)).status == 303


async def test_a_session_id_is_new_at_every_sign_in_and_a_planted_one_is_never_upgraded(world, browser):
    await world.person()
    browser.jar["gatekeeper"] = "p" * 43
    await browser.sign_in("anna", PASSWORD)
    assert browser.jar["gatekeeper"] != "p" * 43


async def test_a_session_that_owes_a_new_password_gets_a_new_id_and_the_old_one_is_dead(world, browser):
    await world.person()
    await browser.sign_in("anna", PASSWORD)
    old = dict(browser.jar)
    await world.password_policy(expiry_days=90)
    world.clock.advance(60)
    async with world.services.database.transaction() as tables:
        await tables.policies.demand_change(world.now)
    await world.services.node.refresh()
    form = await browser.follow(await browser.get(f"{LOGIN}?next=/mail"))
    assert form.title == "Choose a new password"
    assert 'name="current_password"' in form.text
    fields = {"current_password": PASSWORD, "new_password": OTHER, "new_password_again": OTHER}
    done = await browser.send("/gatekeeper/login/password", form, **fields)
    assert done.location == "/mail"
    assert browser.jar["gatekeeper"] != old["gatekeeper"]
    browser.jar = old
    assert (await browser.get(LOGIN)).title == "Sign in"


async def test_an_old_proof_is_asked_for_again_before_anything_changes(world, browser):
    await world.person()
    await browser.sign_in("anna", PASSWORD)
    await world.two_factor()
    world.clock.advance(601)
    form = await browser.get(f"{LOGIN}?next=/mail")
    assert form.title == "Sign in"
    assert form.value("username") == "anna"
    assert "confirm that it is you" in form.text
    answer = await browser.send(LOGIN, form, username="anna", password=PASSWORD)
    assert answer.location.startswith("/gatekeeper/login/enrol")


async def test_a_fresh_proof_is_taken_over_so_the_password_is_not_asked_again(world, browser):
    await world.person()
    await browser.sign_in("anna", PASSWORD)
    await world.two_factor()
    assert (await browser.get(LOGIN)).location.startswith("/gatekeeper/login/enrol")


async def test_a_place_that_asks_for_a_code_leads_a_signed_in_person_through_it(world, browser):
    user = await world.person()
    await browser.sign_in("anna", PASSWORD)
    await world.enrol(user.id)
    await world.services.sessions.rewrite_owner((await world.user(user.id)).facts)
    assert (await browser.get(f"{LOGIN}?next=/mail")).location == "/mail"
    form = await browser.follow(await browser.get(f"{LOGIN}?next=/vault/x"))
    assert form.title == "Enter your code"
    assert (await browser.send("/gatekeeper/login/code", form, code=world.code())).location == "/vault/x"
    assert (await browser.get(f"{LOGIN}?next=/vault/x")).location == "/vault/x"


async def test_not_you_goes_back_to_the_first_step(world, browser):
    await world.person(secret=SECRET)
    await world.person("marco")
    await browser.sign_in("anna", PASSWORD)
    assert (await browser.get(LOGIN)).location.startswith("/gatekeeper/login/code")
    form = await browser.get(f"{LOGIN}?switch=1&next=/mail")
    assert form.title == "Sign in"
    answer = await browser.send(LOGIN, form, username="marco", password=PASSWORD)
    assert answer.location == "/mail"


async def test_the_step_that_a_form_is_not_for_leads_to_the_one_that_is_due(world, browser):
    await world.person(secret=SECRET)
    other_tab = await browser.get(f"{LOGIN}?next=/mail")
    await browser.sign_in("anna", PASSWORD)
    answer = await browser.send(LOGIN, other_tab, username="anna", password=PASSWORD)
    assert (answer.status, answer.location) == (303, "/gatekeeper/login/code?next=/mail")


@pytest.mark.parametrize("step", ["code", "enrol", "password", "recovery-codes", "notice"])
async def test_no_later_step_opens_to_somebody_who_has_proven_nothing(browser, step):
    for answer in (await browser.get(f"{LOGIN}/{step}"), await browser.post(f"{LOGIN}/{step}", {"code": "1"})):
        assert (answer.status, answer.location) == (303, LOGIN)


async def test_an_attempt_that_has_ended_goes_back_to_the_first_step_with_a_sentence(world, browser):
    user = await world.person(secret=SECRET)
    form = await browser.follow(await browser.sign_in("anna", PASSWORD))
    world.clock.advance(601)
    answer = await browser.send(f"{LOGIN}/code", form, code=world.code())
    assert answer.location == f"{LOGIN}?next=/mail"
    first = await browser.follow(answer)
    assert "took too long" in first.text
    assert "took too long" not in (await browser.get(LOGIN)).text
    assert await world.services.throttle.count(f"code:person:{user.id}") == 0


async def test_cookies_are_strict_and_carry_no_lifetime_but_for_the_device(world, browser):
    await world.person()
    answer = await browser.sign_in("anna", PASSWORD)
    lines = {line.partition("=")[0]: line for line in answer.headers.getall("Set-Cookie")}
    assert set(lines) == {"gatekeeper", "gatekeeper-device", "gatekeeper-login"}
    for line in lines.values():
        assert "HttpOnly" in line
        assert "SameSite=Lax" in line
        assert "Path=/" in line
        assert "Domain" not in line
    assert "Max-Age" not in lines["gatekeeper"]
    assert "Max-Age" in lines["gatekeeper-device"]


async def test_every_time_the_policy_loosens_before_the_step_was_done_the_person_is_in(world, browser):
    await world.person()
    await world.two_factor()
    form = await browser.follow(await browser.sign_in("anna", PASSWORD))
    assert form.title == "Protect your account"
    await world.two_factor(mode=TwoFactorMode.OFF)
    assert (await browser.get("/gatekeeper/login/enrol?next=/mail")).location == "/mail"
    assert browser.jar["gatekeeper"]


async def test_a_disabled_person_gets_no_further_with_an_attempt(world, browser):
    user = await world.person(secret=SECRET)
    form = await browser.follow(await browser.sign_in("anna", PASSWORD))
    async with world.services.database.transaction() as tables:
        await tables.users.set_enabled(user.id, False)
    assert (await browser.send(f"{LOGIN}/code", form, code=world.code())).location == f"{LOGIN}?next=/mail"
    assert "gatekeeper" not in browser.jar


async def test_the_order_is_code_then_password_then_enrolment():
    steps = list(Step)
    assert steps.index(Step.CODE) < steps.index(Step.NEW_PASSWORD) < steps.index(Step.ENROL)


async def test_an_unreachable_redis_gets_a_page_that_says_so(world, browser):
    await world.person()
    form = await browser.get(LOGIN)
    redis = world.services.attempts._redis
    await redis.client_pause(20_000, all=False)
    try:
        answer = await browser.send(LOGIN, form, username="anna", password="wrong")
    finally:
        await redis.client_unpause()
    assert answer.status == 503
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"username=%ff%fe&password=%00", "application/x-www-form-urlencoded; charset=nonsense", 403),
        (b"a" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"&".join(b"a=1" for _ in range(60)), "application/x-www-form-urlencoded", 400),
    ],
)
async def test_forms_that_no_page_of_ours_sends_are_refused_as_pages(browser, body, kind, status):
    answer = await browser._ask("POST", LOGIN, body, {"Content-Type": kind})
    assert answer.status == status
    assert "<html" in answer.text


async def test_unknown_addresses_and_methods_get_pages(browser):
    assert (await browser.get("/gatekeeper/nothing")).status == 404
    answer = await browser._ask("DELETE", LOGIN, None, {})
    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]


async def test_the_notice_comes_in_the_last_days_and_leads_on(world, browser):
    await world.person()
    await world.password_policy(expiry_days=90, warn_days=7)
    world.clock.advance(85 * DAY)
    form = await browser.follow(await browser.sign_in("anna", PASSWORD))
    assert form.title == "Your password expires soon"
    assert (await browser.send(f"{LOGIN}/notice", form, choice="later")).location == "/mail"
