"""What ``make screenshots`` shows.

A page that somebody who is signed in just opens is a line of ``PAGES``. One that takes steps is shot on the way of a
scene: a function with ``@scene`` before it, which asks the stage for people and has them photographed. Every scene
begins with the policies that a new gateway has, and with nobody signed in.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Page
from redis import asyncio as redis

from gatekeeper.domain.login import DAY
from tests.e2e.gateway import Gate
from tests.e2e.person import Person
from tests.e2e.post import Post

PASSWORD = "Kwvzqhf-77"
NEVER = {"expiry": {"mode": "never"}, "reuse": {"forbid_last": 0}, "strength": "basic"}

ROUTES = """
[[route]]
name = "webmail"
host = "localhost"
path = "/"
upstream = "unix:{platform}"
background = ["/mail/?_action=refresh"]

[[route]]
name = "staff"
host = "localhost"
path = "/staff"
upstream = "unix:{platform}"
access = {{ groups = ["staff"] }}

[[route]]
name = "down"
host = "localhost"
path = "/down"
upstream = "unix:{platform}.is-down"

[[route]]
name = "slow"
host = "localhost"
path = "/slow"
upstream = "unix:{platform}.is-slow"

[[route]]
name = "files"
host = "files.localhost"
path = "/files"
upstream = "unix:{platform}"
"""
FRAMING = """<!doctype html><title>A page of the platform</title><meta name="color-scheme" content="light dark">
<body style="font: 1rem sans-serif; margin: 1rem">
<p>A page of the platform, with a frame in it:
<iframe src="/mail/folders/sent" style="width: 100%; max-width: 40rem; height: 24rem; border: 1px dashed"></iframe>
"""
CONFIG = {
    "GATEKEEPER__SERVER__LIMITS__UPSTREAM_TIMEOUT": "2s",
    "GATEKEEPER__SERVER__LIMITS__HEAD_BYTES": "16384",
    "GATEKEEPER__BRANDING__NAME": "Example Mail",
    "GATEKEEPER__MAIL__SENDER": "Example Mail <no-reply@example.com>",
    "GATEKEEPER__LOG__REQUESTS": "false",
}


@dataclass(frozen=True)
class Shown:
    """A page that is just opened. ``who`` of ``""``: by somebody who is not signed in."""

    name: str
    path: str
    who: str = "admin@example.com"


PAGES = [
    Shown("mail", "/mail/", "anna@example.com"),
    Shown("account", "/gatekeeper/account", "anna@example.com"),
    Shown("sign-in", "/mail/", ""),
]


@dataclass
class Stage:
    """The gateway, and the people before it."""

    gate: Gate
    redis_url: str
    post: Post
    _new_page: Callable[[], Awaitable[Page]] = field(init=False)
    _shoot: Callable[[Page, str], Awaitable[None]] = field(init=False)
    _people: dict[str, Person] = field(default_factory=dict)
    _names: Iterator[int] = field(default_factory=itertools.count)

    async def set(self, new_page: Callable[[], Awaitable[Page]], shoot: Callable[[Page, str], Awaitable[None]]) -> None:
        """Set it for the next scene."""
        self._new_page, self._shoot = new_page, shoot
        self._people.clear()
        await self.gate.set_two_factor({"mode": "off"})
        await self.gate.set_password_policy(NEVER)

    async def nobody(self) -> Person:
        """Somebody at a browser of their own, not signed in."""
        return Person(await self._new_page(), self.gate.base, self.gate.clock)

    async def person(self, username: str) -> Person:
        """One of the demo's people, signed in; the same one throughout a scene."""
        if username not in self._people:
            person = await self.nobody()
            await person.signs_in(username)
            self._people[username] = person
        return self._people[username]

    def name(self) -> str:
        """A user name that nobody has."""
        return f"shot-{next(self._names)}@example.com"

    async def newcomer(self) -> str:
        """The name of somebody who has never signed in; their password is ``PASSWORD``."""
        name = self.name()
        await self.gate.add_user(name, password=PASSWORD)
        return name

    async def shoot(self, person: Person, name: str) -> None:
        """Photograph what somebody sees, in every theme and width."""
        await self._shoot(person.page, name)


Scene = Callable[[Stage], Awaitable[Any]]
SCENES: dict[str, Scene] = {}


def scene(function: Scene) -> Scene:
    """Has a function called by ``make screenshots``; ``--only`` takes its name with dashes."""
    SCENES[function.__name__.replace("_", "-")] = function
    return function


@asynccontextmanager
async def neighbours(folder: Path) -> AsyncIterator[None]:
    """The upstreams of ``ROUTES`` that are not well."""

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_unix_server(say_nothing, folder / "platform.sock.is-slow"):
        yield


@scene
async def signing_in(stage: Stage) -> None:
    """Every page between somebody who is nobody yet and their mail, and out again."""
    gate, name = stage.gate, await stage.newcomer()
    person = await stage.nobody()
    await person.opens("/mail/")
    await person.gives_password("anna@example.com", "not-this-one-1")
    await stage.shoot(person, "sign-in-refused")
    await gate.set_two_factor({"mode": "everyone"})
    await person.gives_password(name, PASSWORD)
    await stage.shoot(person, "enrolment")
    await person.reads_secret()
    await person.types_code("000000")
    await stage.shoot(person, "enrolment-refused")
    await person.types_code(person.code())
    await stage.shoot(person, "recovery-codes")
    await person.saves_recovery_codes()
    await person.opens("/gatekeeper/account")
    await stage.shoot(person, "account-with-authenticator")
    await person.opens("/gatekeeper/logout")
    await stage.shoot(person, "sign-out")
    await person.submits()
    await stage.shoot(person, "signed-out")
    gate.clock.forward(60)
    await person.signs_in(name, PASSWORD)
    await stage.shoot(person, "code")
    await person.types_code("000000")
    await stage.shoot(person, "code-refused")


@scene
async def new_password(stage: Stage) -> None:
    """The mandatory change, and the notice before it."""
    gate, name = stage.gate, await stage.newcomer()
    await gate.set_password_policy(
        {"expiry": {"mode": "every", "days": 1}, "reuse": {"forbid_last": 3}, "strength": "advanced"}
    )
    gate.clock.forward(2 * DAY)
    person = await stage.nobody()
    await person.signs_in(name, PASSWORD)
    await stage.shoot(person, "new-password")
    await person.fills(new_password="short", new_password_again="short")
    await person.submits()
    await stage.shoot(person, "new-password-refused")
    await gate.set_password_policy(NEVER | {"expiry": {"mode": "every", "days": 9, "warn_days": 8}})
    await person.opens("/mail/")
    await stage.shoot(person, "notice")


@scene
async def throttled(stage: Stage) -> None:
    """Somebody guesses."""
    person, name = await stage.nobody(), await stage.newcomer()
    await person.opens("/mail/")
    for guess in range(8):
        await person.gives_password(name, f"not-this-one-{guess}")
    await stage.shoot(person, "429")


@scene
async def errors(stage: Stage) -> None:
    """What the edge says when it passes nothing on, each as the real thing that it is for."""
    person = await stage.person("anna@example.com")
    addresses = {
        "400": "/mail/%00",
        "403": "/staff/",
        "403-console": "/gatekeeper/admin/passwords",
        "404-own": "/gatekeeper/no-such-page",
        "502": "/down/",
        "504": "/slow/",
    }
    for name, path in addresses.items():
        await person.opens(path)
        await stage.shoot(person, name)
    others = {"404": "files.localhost", "421": "elsewhere.localhost"}
    for name, host in others.items():
        stranger = await stage.nobody()
        stranger.base = stage.gate.base.replace("localhost", host)
        await stranger.opens("/")
        await stage.shoot(stranger, name)
    stranger = await stage.nobody()
    await stranger.page.context.add_cookies(
        [{"name": f"piece-{piece}", "value": "x" * 4000, "url": stranger.base} for piece in range(5)]
    )
    await stranger.opens("/mail/")
    await stage.shoot(stranger, "431")


@scene
async def without_redis(stage: Stage) -> None:
    """Nobody can be known, so nobody is let through."""
    stranger = await stage.nobody()
    await stranger.opens("/mail/")  # what pages are made of is in the browser's memory now
    await stranger.page.context.add_cookies([{"name": "gatekeeper", "value": "A" * 43, "url": stranger.base}])
    with frozen(await redis_process(stage.redis_url)):
        await stranger.opens("/mail/")
        await stage.shoot(stranger, "503")


@scene
async def when_a_session_ends(stage: Stage) -> None:
    """A form is sent, and a frame loaded, after the session has ended."""
    person = await stage.person("anna@example.com")
    await person.opens("/mail/compose")
    await person.page.context.clear_cookies()
    async with person.page.expect_navigation():
        await person.page.evaluate("document.querySelector('main form, form[method=post]').submit()")
    await stage.shoot(person, "send-again")
    person = await stage.nobody()
    await person.signs_in("marco@example.com")
    await person.page.context.clear_cookies()
    await person.page.route("**/framing", lambda route: route.fulfill(content_type="text/html", body=FRAMING))
    await person.opens("/framing")
    await stage.shoot(person, "frame")


@scene
async def own_account(stage: Stage) -> None:
    """What people do with their own accounts."""
    gate, name = stage.gate, await stage.newcomer()
    earlier = await stage.nobody()
    await earlier.signs_in(name, PASSWORD)
    trusted = {"trusted_devices": {"mode": "days", "days": 30}}
    await gate.set_two_factor({"mode": "everyone"} | trusted)
    person = await stage.nobody()
    await person.signs_in(name, PASSWORD)
    await person.enrols()
    await gate.set_password_policy(NEVER | {"expiry": {"mode": "every", "days": 5, "warn_days": 7}})
    await person.opens("/gatekeeper/account")
    await person.page.get_by_text("Change password").or_(person.page.locator("details > summary")).first.click()
    await person.fills(current_password="not-this-one-1", new_password="short", new_password_again="short")
    await person.page.locator("details button[type=submit]").click()
    await stage.shoot(person, "account-password-refused")
    await person.page.locator("form[action$='/account/authenticators'] button").click()
    await stage.shoot(person, "account-authenticator")
    await person.reads_secret()
    await person.types_code("000000")
    await stage.shoot(person, "account-authenticator-refused")
    await person.fills(name="Tablet")
    await person.types_code(person.code())
    await stage.shoot(person, "account-two-authenticators")
    await person.page.locator("a[href$='/rename']").first.click()
    await person.page.locator("dialog[open]").wait_for()
    await stage.shoot(person, "account-rename-dialog")
    await person.opens("/gatekeeper/account")
    remove = await person.page.locator("a[href$='/remove']").first.get_attribute("href")
    assert remove is not None
    await person.opens(remove)
    await stage.shoot(person, "account-remove")
    await person.opens("/gatekeeper/account/recovery-codes/new")
    await person.submits()
    await stage.shoot(person, "account-recovery-codes")
    await person.opens("/gatekeeper/account/activity")
    await stage.shoot(person, "account-activity")
    await earlier.opens("/gatekeeper/account")
    await earlier.page.locator("form[action$='/account/authenticators'] button").click()
    await stage.shoot(earlier, "account-code")
    gate.clock.forward(700)
    await person.opens("/gatekeeper/account")
    await person.page.locator("form[action$='/account/authenticators'] button").click()
    await stage.shoot(person, "account-confirm")


@scene
async def password_management(stage: Stage) -> None:
    """Each state of the page of policies, and what it leads to."""
    gate, page = stage.gate, "/gatekeeper/admin/passwords"
    gate.clock.forward(40 * DAY)
    ada = await stage.person("admin@example.com")
    rules, two_step = (ada.page.locator(f"form[action='{page}/{name}']") for name in ("rules", "two-step"))
    await ada.opens(page)
    await stage.shoot(ada, "passwords")
    await ada.page.locator("#expiry-every").check()
    await ada.page.locator("#days").fill("0")
    await rules.locator(".policy-foot button").click()
    await stage.shoot(ada, "passwords-refused")
    await ada.page.locator("#days").fill("60")
    await ada.page.locator("#strength-advanced").check()
    await rules.locator(".policy-foot button").click()
    await stage.shoot(ada, "passwords-review")
    await gate.set_password_policy(NEVER | {"expiry": {"mode": "every", "days": 90}, "strength": "medium"})
    await ada.page.locator("form[action$='/apply'] button").click()
    await stage.shoot(ada, "passwords-stale")
    await ada.opens(page)
    await rules.locator(".policy-foot button").click()
    await stage.shoot(ada, "passwords-review-of-nothing")
    await ada.opens(page)
    await ada.page.locator("#who-except").check()
    for name in ("admin", "lucia"):
        await ada.page.locator("#except-query").fill(name)
        await ada.page.locator(f"#except-results [role=option]:has-text('{name}@')").click()
    await ada.page.locator("#except-query").fill("m")
    await ada.page.locator("#except-results [role=option]:has-text('marco@')").wait_for()
    await stage.shoot(ada, "passwords-picker")
    await two_step.locator(".policy-foot button").click()
    await stage.shoot(ada, "passwords-review-of-people")
    await ada.page.locator("form[action$='/apply'] button").click()
    await stage.shoot(ada, "passwords-applied")
    for name in ("enrolment", "short", "unknown", "people", "people?query=a", "people?query=nobody", "require-change"):
        await ada.opens(f"{page}/{name}")
        await stage.shoot(
            ada, f"passwords-{name.partition('?')[0]}{'-found' * ('=' in name)}{'-nobody' * ('nobody' in name)}"
        )
    await ada.opens(page)
    await ada.page.locator("a[data-asks]").click()
    await ada.page.locator("dialog[open]").wait_for()
    await stage.shoot(ada, "passwords-asks")


@scene
async def recovery_address(stage: Stage) -> None:
    """Setting a recovery address, and confirming it in another browser."""
    person, name, address = await stage.nobody(), await stage.newcomer(), "someone@home.example"
    await person.signs_in(name, PASSWORD)
    await person.opens("/gatekeeper/account/recovery-address/set")
    await stage.shoot(person, "recovery-address")
    await person.fills(recovery_email=name)
    await person.submits()
    await stage.shoot(person, "recovery-address-refused")
    await person.fills(recovery_email=address)
    await person.submits()
    await stage.shoot(person, "account-recovery-address-to-confirm")
    link = (await stage.post.letter(address)).link.removeprefix(stage.gate.base)
    stranger = await stage.nobody()
    await stranger.opens(link)
    await stage.shoot(stranger, "recovery-address-confirm")
    await stranger.submits()
    await stage.shoot(stranger, "recovery-address-confirmed")
    await stranger.opens(link)
    await stage.shoot(stranger, "recovery-address-ended")
    await person.opens("/gatekeeper/account/recovery-address/remove")
    await stage.shoot(person, "recovery-address-remove")


async def redis_process(url: str) -> int:
    """The process behind a Redis address."""
    async with redis.from_url(url) as client:
        return int((await client.info("server"))["process_id"])


@contextmanager
def frozen(process: int) -> Iterator[None]:
    """A process that neither answers nor ends."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)
