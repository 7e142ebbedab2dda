"""``gatekeeper token …``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gatekeeper.cli.failures import Failure, Usage
from gatekeeper.cli.opening import person, printable, with_services
from gatekeeper.cli.options import AsJson, ConfigFile, PermissionName  # noqa: TC001 - cyclopts reads annotations when it runs
from gatekeeper.cli.output import moment, print_json, print_table
from gatekeeper.domain.model import Permission

if TYPE_CHECKING:
    from gatekeeper.domain.model import User
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services
    from gatekeeper.store.tokens import ApiToken

Owner = Annotated[str | None, Parameter(name="--user", help="Whose.")]


def create(
    name: str,
    /,
    *,
    user: Annotated[str, Parameter(help="Whose token it is; it never holds more than they do.")],
    permission: Annotated[list[PermissionName], Parameter(help="A permission; may be repeated.")],
    expires: Annotated[str | None, Parameter(help="When it ends: 90d, 12h, or never.")] = None,
    config: ConfigFile = None,
) -> None:
    """Make an API token. It alone is printed, this once."""
    lifetime = _lifetime(expires)

    async def work(services: Services, actor: Actor, now: float) -> str:
        from gatekeeper.flows import tokens

        owner = await person(services, user)
        wanted = frozenset(Permission(given) for given in permission)
        ends_at = None if lifetime is None else now + lifetime
        made = await tokens.create(services, actor, name, wanted, expires_at=ends_at, now=now, owner_id=owner.id)
        return made.secret

    print(with_services(config, work))


def _lifetime(expires: str | None) -> float | None:
    from gatekeeper.config.values import duration

    if expires in {None, "never"}:
        return None
    try:
        return duration(expires)
    except ValueError as error:
        raise Usage(f"--expires {error}") from None


def list_(*, user: Owner = None, as_json: AsJson = False, config: ConfigFile = None) -> None:
    """List API tokens, everybody's or one person's."""

    async def work(services: Services, actor: Actor, now: float) -> list[tuple[ApiToken, User]]:  # noqa: ARG001 - reads
        return await _tokens(services, actor, user)

    found = with_services(config, work)
    if as_json:
        from gatekeeper.api.log_shapes import TokenShape

        print_json(
            [TokenShape.of(token).model_dump(mode="json") | {"owner": owner.facts.username} for token, owner in found]
        )
        return
    rows = [
        (
            token.id,
            token.name,
            owner.facts.username,
            ", ".join(sorted(token.permissions)),
            moment(token.expires_at, "never"),
            moment(token.last_used_at, "never"),
        )
        for token, owner in found
    ]
    print_table(("Id", "Name", "User", "Permissions", "Expires", "Last used"), rows, empty="no token")


async def _tokens(services: Services, actor: Actor, name: str | None) -> list[tuple[ApiToken, User]]:
    from gatekeeper.flows import tokens

    if name is not None:
        owner = await person(services, name)
        return [(token, owner) for token in await tokens.of_owner(services, actor, owner.id)]
    read = services.database.read
    everybody = await read.tokens.all()
    owners = {owner.id: owner for owner in await read.users.by_ids({token.owner_id for token in everybody})}
    return [(token, owners[token.owner_id]) for token in everybody if token.owner_id in owners]


def revoke(token: str, /, *, user: Owner = None, config: ConfigFile = None) -> None:
    """End an API token, named by its id, or by its name where only one is called so."""

    async def work(services: Services, actor: Actor, now: float) -> str:
        from gatekeeper.flows import tokens

        found = [one for one, _ in await _tokens(services, actor, user) if token in {one.id, one.name}]
        if len(found) != 1:
            count = f"{len(found)} tokens are" if found else "no token is"
            raise Failure(f"{count} called {printable(token)}{': name it by its id' if found else ''}")
        await tokens.revoke(services, actor, found[0].id, now)
        return found[0].name

    print(f"{with_services(config, work)} is revoked")
