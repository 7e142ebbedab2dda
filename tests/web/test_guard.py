"""The guard at the doors inside: nothing that was sent is lost on the way, and nothing comes in that should not."""

from __future__ import annotations

import html

import pytest
from aiohttp import web

from gatekeeper import web as pages
from gatekeeper.crypto.tokens import digest
from gatekeeper.domain.errors import NotFound
from gatekeeper.domain.model import Permission
from gatekeeper.flows import ending
from gatekeeper.flows.acting import Forbidden, command_line
from gatekeeper.manners.render import Renderer
from gatekeeper.web import routes
from gatekeeper.web.inside import Door, Turn
from tests.flows.world import PASSWORD, World
from tests.web.browser import Answer, Browser, open_client

PATH = "/gatekeeper/test/grave"
MAY = (Permission.USERS_MANAGE,)
TYPED = {"reason": 'lost the <phone> & the "key"', "new_password": "Another-secret-1", "code": "123456"}


class Handler:
    """Notes what came in, and raises what it is told to."""

    def __init__(self) -> None:
        self.came: list[dict[str, str]] = []
        self.raises: Exception | None = None

    async def __call__(self, turn: Turn) -> web.StreamResponse:
        if self.raises is not None:
            raise self.raises
        self.came.append({name: value for name, value in turn.form.items() if name != "csrf_token"})
        return await turn.done("It is done.", "/account")


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
async def client(world: World, monkeypatch: pytest.MonkeyPatch, handler: Handler):
    grave = Door("POST", "/test/grave", handler, MAY, grave=True)
    monkeypatch.setattr(routes, "DOORS", (*routes.DOORS, grave))
    app = web.Application()
    pages.setup(app, world.services, Renderer(world.services.config.branding, "/gatekeeper"), world.clock)
    client = await open_client(app)
    yield client
    await client.close()


@pytest.fixture
async def ada(world: World, browser: Browser) -> Browser:
    """Somebody who may, in her browser."""
    user = await world.person("ada")
    async with world.services.database.transaction() as tables:
        await tables.users.set_permissions(user.id, frozenset(MAY))
    assert (await browser.sign_in("ada", PASSWORD)).location == "/mail"
    return browser


async def token_of(browser: Browser) -> str:
    return (await browser.get("/gatekeeper/account")).token


def again(answer: Answer) -> dict[str, str]:
    """The hidden fields of the page that holds what was sent."""
    return {name: answer.value(name) for name in ("csrf_token", "reason", "secrets_lost") if answer.value(name)}


async def test_a_fresh_proof_lets_a_change_through(ada, handler):
    answer = await ada.post(PATH, TYPED | {"csrf_token": await token_of(ada)})
    assert (answer.status, handler.came) == (303, [TYPED])
    assert "It is done." in (await ada.follow(answer)).text


async def test_an_old_proof_is_asked_for_and_what_was_sent_goes_on(world, ada, handler):
    token, old = await token_of(ada), ada.jar["gatekeeper"]
    world.clock.advance(601)
    answer = await ada.post(PATH, TYPED | {"csrf_token": token})
    assert (answer.status, handler.came) == (403, [])
    assert html.escape(TYPED["reason"], quote=True).replace("&#x27;", "&#39;")[:20] in answer.text
    done = await ada.post(PATH, again(answer) | {"current_password": PASSWORD})
    assert done.status == 303
    assert handler.came[0]["reason"] == TYPED["reason"]
    assert ada.jar["gatekeeper"] != old
    assert await world.services.sessions.get(digest(old)) is None
    assert await world.services.sessions.get(digest(ada.jar["gatekeeper"])) is not None


async def test_secrets_are_never_put_into_a_page_again_and_the_handler_knows(world, ada, handler):
    token = await token_of(ada)
    world.clock.advance(601)
    answer = await ada.post(PATH, TYPED | {"csrf_token": token})
    assert TYPED["new_password"] not in answer.text
    assert TYPED["code"] not in answer.text
    await ada.post(PATH, again(answer) | {"current_password": PASSWORD})
    assert handler.came[0].get("secrets_lost") == "yes"
    assert "new_password" not in handler.came[0]


async def test_a_wrong_password_is_refused_counted_and_loses_nothing(world, ada, handler):
    token = await token_of(ada)
    world.clock.advance(601)
    answer = await ada.post(PATH, TYPED | {"csrf_token": token})
    wrong = await ada.post(PATH, again(answer) | {"current_password": "not-this-one"})
    assert (wrong.status, handler.came) == (401, [])
    assert wrong.value("reason") == TYPED["reason"]
    for number in range(5):
        wrong = await ada.post(PATH, again(wrong) | {"current_password": f"another-guess-{number}"})
    assert wrong.status == 429
    assert handler.came == []


async def test_a_form_of_an_earlier_session_comes_back_whole_and_can_be_sent(world, ada, handler):
    stale = await token_of(ada)
    await ada.send("/gatekeeper/logout", await ada.get("/gatekeeper/logout"))
    assert (await ada.post(PATH, TYPED | {"csrf_token": stale})).status == 401
    await ada.sign_in("ada", PASSWORD)
    answer = await ada.post(PATH, TYPED | {"csrf_token": stale})
    assert (answer.status, answer.value("reason"), handler.came) == (403, TYPED["reason"], [])
    assert (await ada.post(PATH, again(answer))).status == 303
    assert handler.came[0]["reason"] == TYPED["reason"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
    ids=str,
)
@pytest.mark.parametrize("with_token", [True, False], ids=["with-token", "without"])
async def test_what_another_site_sent_is_refused_and_not_offered_again(ada, handler, headers, with_token):
    token = await token_of(ada) if with_token else "guessed"
    answer = await ada.post(PATH, TYPED | {"csrf_token": token}, **headers)
    assert (answer.status, handler.came) == (403, [])
    assert "lost the" not in answer.text


async def test_a_change_that_is_refused_is_in_the_log(world, ada, handler):
    handler.raises = Forbidden("Not over her.", MAY)
    answer = await ada.post(PATH, TYPED | {"csrf_token": await token_of(ada)})
    assert answer.status == 403
    [entry] = await world.log("page.change")
    assert entry.details["reason"] == "Not over her."
    assert TYPED["new_password"] not in str(entry)


async def test_what_is_not_there_is_no_page(ada, handler):
    handler.raises = NotFound("there is no such person")
    assert (await ada.post(PATH, TYPED | {"csrf_token": await token_of(ada)})).status == 404


async def test_a_session_that_ended_meanwhile_comes_in_no_more(world, ada, handler):
    token = await token_of(ada)
    user = await world.services.database.read.users.by_login("ada")
    await ending.sign_out(world.services, command_line(), user.id, world.now)
    answer = await ada.post(PATH, TYPED | {"csrf_token": token})
    assert (answer.status, handler.came) == (401, [])


async def test_a_permission_that_was_lost_is_missed_at_the_next_request(world, ada, handler):
    token = await token_of(ada)
    user = await world.services.database.read.users.by_login("ada")
    async with world.services.database.transaction() as tables:
        await tables.users.set_permissions(user.id, frozenset())
    answer = await ada.post(PATH, TYPED | {"csrf_token": token})
    assert (answer.status, handler.came) == (403, [])
