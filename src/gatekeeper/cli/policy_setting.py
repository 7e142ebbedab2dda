"""``gatekeeper policy set …``. What is not named stays as it is."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from cyclopts import Parameter

from gatekeeper.cli.failures import Failure, Usage
from gatekeeper.cli.opening import person, with_services
from gatekeeper.cli.options import ConfigFile  # noqa: TC001 - cyclopts reads annotations when it runs
from gatekeeper.cli.policies import read_both, show
from gatekeeper.domain.model import Enrolment, Strength, TwoFactorMode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel

    from gatekeeper.domain.model import PasswordPolicy, Policies, TwoFactorPolicy
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services

    S = TypeVar("S", bound=BaseModel)

Expiry = Annotated[str | None, Parameter(help="Days after which a change is mandatory (90 or 90d), or never.")]
WarnDays = Annotated[int | None, Parameter(help="How many days before that people are told.")]
ForbidLast = Annotated[int | None, Parameter(help="From how many of the last ones a new one must differ.")]
DemandChange = Annotated[bool, Parameter(help="Ask everybody for a new password, now.")]
Excepted = Annotated[list[str] | None, Parameter(name="--except", help="With everyone: who is left out; repeatable.")]
Selected = Annotated[list[str] | None, Parameter(name="--user", help="With selected: who is asked; repeatable.")]
TrustedDevices = Annotated[
    str | None, Parameter(help="Days for which a device stands in for the code (30 or 30d), or off.")
]
FromStdin = Annotated[
    bool, Parameter(name="--stdin", help="The whole policy as JSON (as in the API) from standard input.")
]


def set_password(
    *,
    expiry: Expiry = None,
    warn_days: WarnDays = None,
    forbid_last: ForbidLast = None,
    strength: Literal["basic", "medium", "advanced"] | None = None,
    demand_change: DemandChange = False,
    stdin: FromStdin = False,
    config: ConfigFile = None,
) -> None:
    """Set expiry, reuse and strength of passwords. It acts at once, on people who are signed in too."""
    named: dict[str, object] = {}
    if expiry is not None:
        named["expiry_days"] = _days(expiry, "--expiry", otherwise="never")
    if warn_days is not None:
        named["warn_days"] = warn_days
    if forbid_last is not None:
        named["forbid_last"] = forbid_last
    if strength is not None:
        named["strength"] = Strength(strength)
    if not named and not stdin and not demand_change:
        raise Usage("what shall be set? --expiry, --warn-days, --forbid-last, --strength, --demand-change or --stdin")
    whole = _password_policy_from_stdin() if stdin else None

    async def work(services: Services, actor: Actor, now: float) -> None:
        from gatekeeper.flows import administration

        standing = await administration.read(services, actor)
        if named or whole is not None:
            policy: PasswordPolicy = replace(whole or standing.password, **named)  # type: ignore[arg-type]
            version = standing.password_version
            await administration.set_password(services, actor, policy, expected=version, now=now)
        if demand_change:
            await administration.demand_change(services, actor, now)

    with_services(config, work)
    show(config=config)


def set_two_factor(
    *,
    mode: Literal["off", "everyone", "selected"] | None = None,
    excepted: Excepted = None,
    selected: Selected = None,
    trusted_devices: TrustedDevices = None,
    enrolment: Literal["open", "with-code"] | None = None,
    stdin: FromStdin = False,
    config: ConfigFile = None,
) -> None:
    """Set whom two-step verification reaches. It acts at once, on people who are signed in too.

    People are named by user name or address. A list that is named replaces the one that stands.
    """
    named: dict[str, object] = {}
    if mode is not None:
        named["mode"] = TwoFactorMode(mode)
    if trusted_devices is not None:
        named["trusted_devices_days"] = _days(trusted_devices, "--trusted-devices", otherwise="off")
    if enrolment is not None:
        named["enrolment"] = Enrolment(enrolment)
    if not named and not stdin and excepted is None and selected is None:
        raise Usage("what shall be set? --mode, --except, --user, --trusted-devices, --enrolment or --stdin")
    if stdin and (named or excepted or selected):
        raise Usage("--stdin takes the whole policy, so no other option goes with it")
    whole = _two_factor_policy_from_stdin() if stdin else None

    async def work(services: Services, actor: Actor, now: float) -> None:
        from gatekeeper.flows import administration

        standing, people = await read_both(services, actor, now)
        if whole is not None:
            policy, ids = whole
        else:
            policy = replace(standing.two_factor, **named)  # type: ignore[arg-type]
            names = _list_of(policy.mode, excepted, selected)
            ids = _kept(standing, policy, list(people)) if names is None else await _ids(services, names)
        version = standing.two_factor_version
        await administration.set_two_factor(services, actor, policy, ids, expected=version, now=now)

    with_services(config, work)
    show(config=config)


def _list_of(
    mode: TwoFactorMode, excepted: Sequence[str] | None, selected: Sequence[str] | None
) -> Sequence[str] | None:
    """The list that goes with a mode; ``None`` where none was named."""
    if excepted is not None and mode is not TwoFactorMode.EVERYONE:
        raise Usage("--except goes with --mode everyone")
    if selected is not None and mode is not TwoFactorMode.SELECTED:
        raise Usage("--user goes with --mode selected")
    return excepted if excepted is not None else selected


def _kept(standing: Policies, policy: TwoFactorPolicy, people: list[str]) -> list[str] | None:
    """The list where none was named: the one that stands if the mode does, else an empty one."""
    if policy.mode is not standing.two_factor.mode:
        return []
    return people if len(people) == standing.two_factor.listed else None


async def _ids(services: Services, names: Sequence[str]) -> list[str]:
    return [(await person(services, name)).id for name in names]


def _days(text: str, option: str, *, otherwise: str) -> int | None:
    """A number of days (``90``, ``90d``), or ``None`` for the word that means none."""
    if text == otherwise:
        return None
    digits = text.removesuffix("d")
    if not (digits.isascii() and digits.isdigit()):
        raise Usage(f"{option} is a number of days, or {otherwise}")
    return int(digits)


def _password_policy_from_stdin() -> PasswordPolicy:
    from gatekeeper.api.policy_shapes import PasswordPolicyShape

    return _parsed(PasswordPolicyShape).policy()


def _two_factor_policy_from_stdin() -> tuple[TwoFactorPolicy, list[str] | None]:
    from gatekeeper.api.policy_shapes import TwoFactorPolicyShape

    shape = _parsed(TwoFactorPolicyShape)
    return shape.policy(), shape.people()


def _parsed(shape: type[S]) -> S:
    """What standard input holds, as the API would read it."""
    from pydantic import ValidationError

    try:
        return shape.model_validate_json(sys.stdin.read())
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        places = [".".join(str(part) for part in fault["loc"]) or "the policy" for fault in faults]
        lines = [f"{place}: {fault['msg']}" for place, fault in zip(places, faults, strict=True)]
        raise Failure(*lines) from None
