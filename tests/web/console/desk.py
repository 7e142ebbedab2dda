"""An administrator at *Password management*: forms filled in, reviewed, applied, as a browser without scripts does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from gatekeeper.domain.model import Permission, User
from tests.flows.world import PASSWORD, World
from tests.web.browser import Answer, Browser

PAGE = "/gatekeeper/admin/passwords"
RULES = {
    "expiry": "never",
    "days": "90",
    "warn_days": "7",
    "reuse": "any",
    "forbid_last": "5",
    "strength": "basic",
    "version": "0",
}
TWO_STEP = {"who": "off", "trusted": "off", "trusted_days": "30", "enrolment": "open", "version": "0", "do": "review"}


@dataclass
class Desk:
    """Who sits there, and their browser."""

    world: World
    browser: Browser
    user: User

    async def opens(self, path: str = "") -> Answer:
        return await self.browser.get(PAGE + path)

    async def sends(self, path: str, fields: dict[str, str], *more: tuple[str, str]) -> Answer:
        """Sends a form of the page."""
        token = (await self.opens()).token
        return await self.browser.post(PAGE + path, [("csrf_token", token), *fields.items(), *more])  # type: ignore[arg-type]

    async def reviews(self, path: str, fields: dict[str, str], *more: tuple[str, str]) -> Answer:
        """Sends a form, and sees the review that it leads to."""
        sent = await self.sends(path, fields, *more)
        assert (sent.status, urlsplit(sent.location).path) == (303, f"{PAGE}/review"), sent.text
        return await self.browser.get(sent.location)

    async def applies(self, review: Answer) -> Answer:
        """Presses *Apply* on a review."""
        fields = {"csrf_token": review.token, "draft": review.value("draft")}
        return await self.browser.post(f"{PAGE}/apply", fields)


async def sit_down(world: World, browser: Browser, *held: Permission, name: str = "paula") -> Desk:
    """Somebody with these permissions, signed in."""
    user = await world.person(name)
    async with world.services.database.transaction() as tables:
        user = await tables.users.set_permissions(user.id, held)
    await browser.sign_in(name, PASSWORD)
    return Desk(world, browser, user)


def words(text: str) -> str:
    """A page as it is read: without its tags, in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text))
