"""The scenes of what is seldom seen: somebody locked out, disabled or asked for something, and lists that are full."""

from __future__ import annotations

from tests.e2e.person import Person
from tests.e2e.scenes import NEVER, PASSWORD, Stage, scene

USERS = "/gatekeeper/admin/users"
PASSWORDS = "/gatekeeper/admin/passwords"


async def enrolled(stage: Stage, name: str) -> Person:
    """Somebody who has an authenticator, and is signed in."""
    person = await stage.nobody()
    await person.signs_in(name, PASSWORD)
    await person.enrols()
    return person


@scene
async def a_person_in_trouble(stage: Stage) -> None:
    """Somebody with everything, locked out, then disabled; and what was made for them."""
    gate, name, ada = stage.gate, await stage.newcomer(), await stage.person("admin@example.com")
    user_id = await gate.user_id(name)
    await gate.set_two_factor({"mode": "selected", "users": [user_id], "enrolment": "with-code"})
    there = f"{USERS}/{user_id}"
    await ada.opens(f"{there}/enrolment-code")
    await ada.page.locator("[name=reason]").fill("A picture")
    await ada.submits()
    await stage.shoot(ada, "person-enrolment-code-made")
    await gate.set_two_factor({"mode": "selected", "users": [user_id]})
    await gate.api("PUT", f"/users/{user_id}/permissions", {"permissions": ["users.manage", "audit.read"]})
    person = await stage.nobody()
    await person.signs_in(name, PASSWORD)
    await stage.shoot(person, "enrolment-with-code")
    async with gate.nodes[0].services.database.transaction() as tables:
        await tables.users.set_locked(name, gate.clock())
    await ada.opens(there)
    await stage.shoot(ada, "person-locked")
    await ada.opens(f"{USERS}?show=locked")
    await stage.shoot(ada, "users-locked")
    await gate.api("PATCH", f"/users/{user_id}", {"enabled": False})
    await ada.opens(there)
    await stage.shoot(ada, "person-disabled")
    gate.clock.forward(700)
    await ada.opens(f"{there}/enable")
    await ada.submits()
    await stage.shoot(ada, "person-confirm")


@scene
async def asked_for_a_password(stage: Stage) -> None:
    """An administrator asks everybody for a new one; a code that somebody cannot give."""
    gate, name = stage.gate, await stage.newcomer()
    await gate.set_two_factor({"mode": "everyone"})
    await enrolled(stage, name)
    person = await stage.nobody()
    gate.clock.forward(60)
    await person.signs_in(name, PASSWORD)
    await person.page.locator("[data-switch-to=recovery]").click()
    await stage.shoot(person, "code-recovery")
    await gate.set_two_factor({"mode": "off"})
    other = await stage.newcomer()
    await gate.api("POST", f"/users/{await gate.user_id(other)}/require-password-change", {"reason": "A picture"})
    asked = await stage.nobody()
    await asked.signs_in(other, PASSWORD)
    await stage.shoot(asked, "new-password-asked")


@scene
async def questions_of_an_account(stage: Stage) -> None:
    """What one's own account asks before something goes, and what it says when a code is wrong."""
    gate, name = stage.gate, await stage.newcomer()
    earlier = await stage.nobody()
    await earlier.signs_in(name, PASSWORD)
    await earlier.opens("/gatekeeper/account")
    await earlier.page.locator("form[action$='/account/authenticators'] button").click()
    await stage.shoot(earlier, "account-first-authenticator")
    await gate.set_two_factor({"mode": "everyone"})
    person = await enrolled(stage, name)
    await person.opens("/gatekeeper/account/sessions/others/end")
    await stage.shoot(person, "account-sessions-end")
    await earlier.opens("/gatekeeper/account")
    await earlier.page.locator("form[action$='/account/authenticators'] button").click()
    await earlier.page.locator("input[name=code]").fill("000000")
    await earlier.submits()
    await stage.shoot(earlier, "account-code-refused")


@scene
async def lists_of_people(stage: Stage) -> None:
    """The lists behind Password management with somebody on them, and without a list."""
    gate, ada = stage.gate, await stage.person("admin@example.com")
    await ada.opens(f"{PASSWORDS}/people")
    await stage.shoot(ada, "passwords-people-off")
    weak = await gate.user_id(await stage.newcomer())
    await gate.api("POST", f"/users/{weak}/password", {"new_password": "kwvzqhfxy", "must_change": False})
    await gate.set_password_policy(NEVER | {"strength": "medium"})
    await ada.opens(f"{PASSWORDS}/short")
    await stage.shoot(ada, "passwords-short-full")
    await ada.opens(PASSWORDS)
    await ada.page.locator("#who-selected").check()
    await ada.page.locator("#selected-query").fill("anna")
    await ada.page.locator("#selected-results [role=option]").first.click()
    await stage.shoot(ada, "passwords-selected")
    await ada.page.locator("#who-everyone").check()
    await ada.page.locator(f"form[action='{PASSWORDS}/two-step'] .policy-foot button").click()
    await ada.opens(ada.page.url.replace("/review?", "/review/people?").removeprefix(gate.base))
    await stage.shoot(ada, "passwords-affected")
    await ada.opens("/gatekeeper/admin/audit?person=nobody-of-this-name")
    await stage.shoot(ada, "audit-refused")
