"""The scenes of *User permissions*, the audit log, the import, and of the ways back in."""

from __future__ import annotations

from tests.e2e.person import Person
from tests.e2e.scenes import PASSWORD, Stage, scene

USERS = "/gatekeeper/admin/users"
BAD = "paolo,nonsense,Paolo Poli\nanna@example.com,another@example.com,Anna Rossi\n"
NO_TABLE = "Nina Neri\n"


def people(*names: str) -> str:
    """A file of two people."""
    nina, olga = names
    return f"username,email,display_name\n{nina},{nina},Nina Neri\n{olga},{olga},Olga Oliva\n"


async def chooses(person: Person, content: str) -> None:
    """Chooses a file, and waits until it has been read."""
    await person.page.locator("input[type=file]").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": content.encode()}
    )
    await person.submits()
    await person.page.locator("#job[data-running=no]").wait_for()


@scene
async def user_permissions(stage: Stage) -> None:
    """Finding somebody, their page, and everything that can be done with them."""
    gate, ada = stage.gate, await stage.person("admin@example.com")
    await gate.set_two_factor({"mode": "everyone", "except": [await gate.user_id("admin@example.com")]})
    await ada.opens(USERS)
    await stage.shoot(ada, "users")
    await ada.page.locator(".row-menu summary").nth(1).click()
    await stage.shoot(ada, "users-menu")
    await ada.opens(f"{USERS}?query=nobody-at-all")
    await stage.shoot(ada, "users-nobody")
    anna = f"{USERS}/{await gate.user_id('anna@example.com')}"
    await ada.opens(anna)
    await stage.shoot(ada, "person")
    for name in ("edit", "permissions", "password", "reset-two-factor", "one-time-link", "disable", "delete"):
        await ada.opens(f"{anna}/{name}")
        await stage.shoot(ada, f"person-{name}")
    await ada.opens(anna)
    await ada.page.locator("main a[data-asks][href$='/require-password']").click()
    await ada.page.locator("dialog[open]").wait_for()
    await stage.shoot(ada, "person-asks")
    await ada.opens(f"{anna}/one-time-link")
    await ada.submits()
    await stage.shoot(ada, "person-one-time-link-refused")
    await ada.page.locator("[name=reason]").fill("Lost the phone")
    await ada.submits()
    await stage.shoot(ada, "person-one-time-link-made")
    await ada.opens(f"{USERS}/new")
    await stage.shoot(ada, "person-new")
    await ada.fills(username="anna@example.com", email="nonsense")
    await ada.submits()
    await stage.shoot(ada, "person-new-refused")


@scene
async def importing(stage: Stage) -> None:
    """A file of people: judged, with faults and without, and carried out."""
    ada, good = await stage.person("admin@example.com"), people(stage.name(), stage.name())
    await ada.opens(f"{USERS}/import")
    await stage.shoot(ada, "import")
    await ada.submits()
    await stage.shoot(ada, "import-refused")
    await chooses(ada, NO_TABLE)
    await stage.shoot(ada, "import-failed")
    await ada.opens(f"{USERS}/import")
    await chooses(ada, good + BAD)
    await stage.shoot(ada, "import-with-bad-rows")
    await ada.opens(f"{USERS}/import")
    await chooses(ada, good)
    await stage.shoot(ada, "import-judged")
    await ada.submits()
    await ada.page.locator("#job[data-running=no]").wait_for()
    await stage.shoot(ada, "import-done")
    await ada.opens(f"{USERS}/import")
    await chooses(ada, good)
    await stage.shoot(ada, "import-of-nobody")


@scene
async def audit_log(stage: Stage) -> None:
    """What happened, and what is found in it."""
    person = await stage.nobody()
    await person.opens("/mail/")
    await person.gives_password("anna@example.com", "not-this-one-1")
    ada = await stage.person("admin@example.com")
    await ada.opens("/gatekeeper/admin/audit")
    await stage.shoot(ada, "audit")
    await ada.page.locator("#events summary").first.click()
    await ada.page.locator(".chart-figures summary").click()
    await stage.shoot(ada, "audit-opened")
    await ada.opens("/gatekeeper/admin/audit?outcome=failed&since=2999-01-01")
    await stage.shoot(ada, "audit-nothing")
    await ada.opens("/gatekeeper/admin/clients")
    await stage.shoot(ada, "applications")


@scene
async def getting_back_in(stage: Stage) -> None:
    """A forgotten password, the link, and what has become of it."""
    gate, name = stage.gate, await stage.newcomer()
    visitor = await stage.nobody()
    await visitor.opens("/gatekeeper/login/forgot")
    await stage.shoot(visitor, "forgot")
    await visitor.submits()
    await stage.shoot(visitor, "forgot-refused")
    await visitor.fills(username=name)
    await visitor.submits()
    await stage.shoot(visitor, "forgot-sent")
    user_id = await gate.user_id(name)
    link = (await gate.api("POST", f"/users/{user_id}/one-time-link", {"reason": "A picture"}))["link"]
    await visitor.page.goto(link)
    await stage.shoot(visitor, "reset")
    await visitor.submits()
    await stage.shoot(visitor, "reset-new-password")
    await visitor.fills(new_password="Quite-another-1", new_password_again="Quite-another-1")
    await visitor.submits()
    stranger = await stage.nobody()
    await stranger.page.goto(link)
    await stage.shoot(stranger, "reset-ended")


@scene
async def a_trusted_device(stage: Stage) -> None:
    """The box beside the code, and the device on the account page."""
    gate, name = stage.gate, await stage.newcomer()
    await gate.set_two_factor({"mode": "everyone", "trusted_devices": {"mode": "days", "days": 30}})
    person = await stage.nobody()
    await person.signs_in(name, PASSWORD)
    await person.enrols()
    gate.clock.forward(60)
    other = await stage.nobody()
    other.secret = person.secret
    await other.signs_in(name, PASSWORD)
    await stage.shoot(other, "code-with-trust")
    await other.page.locator("#trust").check()
    await other.types_code(other.code())
    await other.opens("/gatekeeper/account")
    await stage.shoot(other, "account-trusted-device")
