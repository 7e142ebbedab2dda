"""``gatekeeper user …``, but importing and granting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gatekeeper.cli import asking
from gatekeeper.cli.opening import person, with_services
from gatekeeper.cli.options import AsJson, ConfigFile, PasswordStdin, PermissionName  # noqa: TC001 - cyclopts reads annotations when it runs
from gatekeeper.cli.output import moment, print_facts, print_json, print_table, yes_no
from gatekeeper.domain.model import Permission

if TYPE_CHECKING:
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.portraits import Portrait
    from gatekeeper.flows.services import Services

PAGE = 200


def add(
    username: str,
    /,
    *,
    email: str,
    display_name: str = "",
    group: Annotated[list[str] | None, Parameter(help="A group; may be repeated.")] = None,
    permission: Annotated[list[PermissionName] | None, Parameter(help="A permission; may be repeated.")] = None,
    password_stdin: PasswordStdin = False,
    must_change: bool = False,
    config: ConfigFile = None,
) -> None:
    """Add a person. The password is asked for, or read from standard input."""
    given = asking.password(stdin=password_stdin)

    async def work(services: Services, actor: Actor, now: float) -> str:
        from gatekeeper.flows.people import Candidate, create

        candidate = Candidate(
            username=username,
            email=email,
            display_name=display_name,
            groups=tuple(group or ()),
            permissions=frozenset(Permission(name) for name in permission or ()),
            password=given,
            must_change=must_change,
        )
        return (await create(services, actor, candidate, now)).facts.username

    print(f"{with_services(config, work)} can sign in")


def list_(
    query: str = "",
    /,
    *,
    permission: Annotated[PermissionName | None, Parameter(help="Only who holds this.")] = None,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """List people, all of them or those in whose name or address a word begins so."""

    async def work(services: Services, actor: Actor, now: float) -> list[Portrait]:
        from gatekeeper.flows import people, portraits

        found: list[Portrait] = []
        cursor = None
        wanted = None if permission is None else Permission(permission)
        while True:
            page = await people.search(services, actor, query, cursor=cursor, limit=PAGE, permission=wanted)
            found += await portraits.of(services, page.items, now)
            cursor = page.next_cursor
            if cursor is None:
                return found

    found = with_services(config, work)
    if as_json:
        print_json([_as_json(portrait) for portrait in found])
        return
    rows = [
        (
            facts.username,
            facts.display_name,
            facts.email,
            _state(portrait),
            _second_step(portrait),
            ", ".join(sorted(facts.permissions)),
        )
        for portrait in found
        for facts in (portrait.user.facts,)
    ]
    print_table(("User name", "Name", "Address", "State", "Second step", "Permissions"), rows, empty="nobody")


def show(username: str, /, *, as_json: AsJson = False, config: ConfigFile = None) -> None:
    """Show one person."""

    async def work(services: Services, actor: Actor, now: float) -> Portrait:  # noqa: ARG001 - reads only
        from gatekeeper.flows import portraits

        return await portraits.of_one(services, await person(services, username), now)

    portrait = with_services(config, work)
    if as_json:
        print_json(_as_json(portrait))
        return
    user, facts = portrait.user, portrait.user.facts
    print_facts(
        (
            ("User name", facts.username),
            ("Name", facts.display_name),
            ("Address", facts.email),
            ("Id", facts.user_id),
            ("State", _state(portrait)),
            ("Groups", ", ".join(facts.groups) or "-"),
            ("Permissions", ", ".join(sorted(facts.permissions)) or "-"),
            ("Second step", _second_step(portrait)),
            ("Password changed", moment(facts.password_changed_at if portrait.has_password else None, "no password")),
            ("Password expires", moment(portrait.password_expires_at, "never")),
            ("Password level", facts.password_strength or "unknown"),
            ("Change required", yes_no(portrait.change_required)),
            ("Last sign-in", moment(user.last_sign_in_at, "never")),
            ("Added", moment(user.created_at)),
        )
    )


def set_password(
    username: str,
    /,
    *,
    password_stdin: PasswordStdin = False,
    must_change: bool = False,
    config: ConfigFile = None,
) -> None:
    """Give a person a password. Their sessions end; with --must-change they choose their own at the next sign-in."""
    given = asking.password(stdin=password_stdin)

    async def work(services: Services, actor: Actor, now: float) -> str:
        from gatekeeper.flows import given_passwords

        user = await person(services, username)
        await given_passwords.set_password(services, actor, user.id, given, must_change=must_change, now=now)
        return user.facts.username

    print(f"{with_services(config, work)} has a new password")


def disable(username: str, /, *, config: ConfigFile = None) -> None:
    """Close an account; its sessions end."""
    print(f"{_set_enabled(username, config, enabled=False)} is disabled")


def enable(username: str, /, *, config: ConfigFile = None) -> None:
    """Open an account again."""
    print(f"{_set_enabled(username, config, enabled=True)} is enabled")


def _set_enabled(username: str, config: ConfigFile, *, enabled: bool) -> str:
    async def work(services: Services, actor: Actor, now: float) -> str:
        from gatekeeper.flows import people

        user = await person(services, username)
        await people.change(services, actor, user.id, people.Wanted(enabled=enabled), now)
        return user.facts.username

    return with_services(config, work)


def reset_two_factor(
    username: str,
    /,
    *,
    reason: Annotated[str | None, Parameter(help="Why; it is kept in the audit log.")] = None,
    config: ConfigFile = None,
) -> None:
    """Remove a person's authenticators and end their sessions; the next sign-in enrols anew.

    Where enrolment needs a one-time code, that code is printed alone on standard output.
    """
    why = asking.reason(reason)

    async def work(services: Services, actor: Actor, now: float) -> str | None:
        from gatekeeper.flows import assistance

        user = await person(services, username)
        return await assistance.reset_two_factor(services, actor, user.id, why, now)

    code = with_services(config, work)
    print(code or f"two-factor authentication of {username} is reset")


def _as_json(portrait: Portrait) -> object:
    from gatekeeper.api.user_shapes import UserShape

    return UserShape.of(portrait).model_dump(mode="json")


def _state(portrait: Portrait) -> str:
    if not portrait.user.facts.enabled:
        return "disabled"
    return "locked" if portrait.user.locked_at is not None else "enabled"


def _second_step(portrait: Portrait) -> str:
    if portrait.user.facts.enrolled:
        return "enrolled"
    return "owed" if portrait.two_factor_required else "not required"
