"""``gatekeeper policy show``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.cli.opening import with_services
from gatekeeper.cli.options import AsJson, ConfigFile  # noqa: TC001 - cyclopts reads annotations when it runs
from gatekeeper.cli.output import moment, print_facts, print_json
from gatekeeper.domain.model import TwoFactorMode

if TYPE_CHECKING:
    from gatekeeper.domain.model import Policies
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services

PAGE = 200


def show(*, as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Show the policies in force."""
    policies, people = with_services(config, read_both)
    if as_json:
        print_json(_as_json(policies, people))
        return
    password, second = policies.password, policies.two_factor
    expiry = "never" if password.expiry_days is None else f"every {password.expiry_days} days"
    days = second.trusted_devices_days
    names = ", ".join(people.values()) if len(people) == second.listed else f"{second.listed} people"
    print_facts(
        (
            ("Passwords expire", expiry),
            ("People are warned", "-" if password.expiry_days is None else f"{password.warn_days} days before"),
            ("Must differ from", f"the last {password.forbid_last}" if password.forbid_last else "none"),
            ("Strength", password.strength.value),
            ("Change demanded", moment(password.change_demanded_at, "never")),
            ("Two-step verification", second.mode.value),
            *([] if second.mode is TwoFactorMode.OFF else [(_list_word(second.mode), names or "nobody")]),
            ("Trusted devices", "off" if days is None else f"{days} days"),
            ("Enrolment", second.enrolment.value),
        )
    )


def _list_word(mode: TwoFactorMode) -> str:
    return "Except" if mode is TwoFactorMode.EVERYONE else "Selected"


async def read_both(services: Services, actor: Actor, now: float) -> tuple[Policies, dict[str, str]]:  # noqa: ARG001 - reads
    """The policies, and who is on the list (id to name) where that is short enough to be shown."""
    from gatekeeper.flows import administration

    policies = await administration.read(services, actor)
    people: dict[str, str] = {}
    if policies.two_factor.mode is TwoFactorMode.OFF or policies.two_factor.listed > administration.MOST_LISTED:
        return policies, people
    cursor = None
    while True:
        page = await administration.people(services, actor, cursor=cursor, limit=PAGE)
        people |= {user.id: user.facts.username for user in page.items}
        cursor = page.next_cursor
        if cursor is None:
            return policies, people


def _as_json(policies: Policies, people: dict[str, str]) -> object:
    from gatekeeper.api.policy_shapes import PasswordPolicyShape, TwoFactorPolicyShape

    ids = list(people) if len(people) == policies.two_factor.listed else None
    two_factor = TwoFactorPolicyShape.of(policies.two_factor, ids)
    return {
        "password": PasswordPolicyShape.of(policies.password).model_dump(mode="json", exclude_none=True),
        "two_factor": two_factor.model_dump(mode="json", exclude_none=True, by_alias=True),
    }
