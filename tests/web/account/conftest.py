"""Somebody at their account, in a browser without scripts."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from tests.flows.world import PASSWORD, SECRET, World
from tests.web.browser import Answer, Browser

ACCOUNT = "/gatekeeper/account"
LOGIN = "/gatekeeper/login"


@dataclass
class Visitor:
    """One person at one browser."""

    world: World
    browser: Browser

    async def signs_in(self, username: str = "anna", *, secret: str | None = None) -> None:
        answer = await self.browser.sign_in(username, PASSWORD, "/mail")
        if secret is not None:
            form = await self.browser.follow(answer)
            answer = await self.browser.send(f"{LOGIN}/code", form, code=self.world.code(secret))
        assert answer.location == "/mail"

    async def opens(self, path: str = "") -> Answer:
        return await self.browser.get(ACCOUNT + path)

    async def sends(self, path: str, form: Answer | None = None, **fields: str) -> Answer:
        return await self.browser.send(ACCOUNT + path, form or await self.opens(), **fields)

    async def does(self, path: str, **fields: str) -> str:
        """Sends a form that succeeds; the text of the page that it leads to."""
        answer = await self.sends(path, **fields)
        assert answer.status == 303, answer.text
        return (await self.browser.follow(answer)).text

    async def adds(self, **fields: str) -> str:
        """Goes through adding an authenticator; its secret."""
        page = await self.browser.follow(await self.sends("/authenticators"))
        answer = await self.sends("/authenticators/new", page, code=self.world.code(page.secret), **fields)
        assert answer.status == 303, answer.text
        return page.secret

    def ids(self, page: Answer, kind: str, action: str) -> list[str]:
        """The ids in the page's addresses of a kind: what can be done to which."""
        return re.findall(rf'href="{ACCOUNT}/{kind}/([0-9a-f-]+)/{action}"', page.text)


@pytest.fixture
def visitor(world, new_browser):
    return lambda: Visitor(world, new_browser())


@pytest.fixture
async def anna(world, visitor):
    """Anna, signed in with a code of her authenticator."""
    await world.person(secret=SECRET)
    one = visitor()
    await one.signs_in(secret=SECRET)
    return one
