"""``gatekeeper user grant`` and ``user revoke``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gatekeeper.cli.failures import Usage
from gatekeeper.cli.opening import person, with_services
from gatekeeper.cli.options import ConfigFile, PermissionName
from gatekeeper.domain.model import Permission

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services

Names = Annotated[list[PermissionName] | None, Parameter(name="--permission", help="A permission; may be repeated.")]
Held = frozenset[Permission]


def grant(username: str, /, *permissions: PermissionName, permission: Names = None, config: ConfigFile = None) -> None:
    """Give a person permissions, beside those that they hold."""
    named = _named(permissions, permission)
    _change(username, config, lambda held: held | named)


def revoke(username: str, /, *permissions: PermissionName, permission: Names = None, config: ConfigFile = None) -> None:
    """Take permissions from a person; their sessions end. The last who can grant permissions keeps that one."""
    named = _named(permissions, permission)
    _change(username, config, lambda held: held - named)


def _named(positional: Sequence[str], options: Sequence[str] | None) -> Held:
    named = frozenset(Permission(name) for name in (*positional, *(options or ())))
    if not named:
        raise Usage(f"which permission? There are {', '.join(Permission)}")
    return named


def _change(username: str, config: ConfigFile, change: Callable[[Held], Held]) -> None:
    async def work(services: Services, actor: Actor, now: float) -> Held:
        from gatekeeper.flows import granting

        user = await person(services, username)
        wanted = change(user.facts.permissions)
        return (await granting.set_permissions(services, actor, user.id, wanted, now)).facts.permissions

    held = with_services(config, work)
    print(f"{username} holds {', '.join(sorted(held)) or 'no permission'}")
