"""Who is acting: a person in a session, a token on its owner's behalf, or whoever holds the command line.

What an actor holds is asked of PostgreSQL at each request, never taken from a session, so losing a permission works at
the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from gatekeeper.domain import permissions
from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.domain.login import PROOF_AGE
from gatekeeper.domain.model import Client, OwnerFacts, Permission
from gatekeeper.domain.wording import N_

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatekeeper.domain.model import Session, User
    from gatekeeper.flows.services import Services

MOST_NAMES = 5


class Via(StrEnum):
    """By which door an actor came."""

    SESSION = "session"
    TOKEN = "token"  # noqa: S105 - the name of a door
    COMMAND_LINE = "command-line"


class Forbidden(GatekeeperError):
    """The actor may not do this; ``needed`` are the permissions any of which would open it."""

    def __init__(self, message: str, needed: Iterable[Permission]) -> None:
        super().__init__(message)
        self.message = message
        self.needed = frozenset(needed)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who asks for something.

    ``permissions`` is what they hold now, at most. ``authenticated_at`` is their latest proof; a token gives none.
    ``expires_at`` is when the token ends by which they came, ``None`` where it does not, or there is none.
    """

    user: OwnerFacts
    permissions: frozenset[Permission]
    client: Client
    via: Via
    authenticated_at: float | None = None
    session: Session | None = None
    token_id: str | None = None
    expires_at: float | None = None

    @property
    def id(self) -> str | None:
        """The person's id; ``None`` at the command line, where nobody in particular is known."""
        return self.user.user_id or None

    @property
    def session_id(self) -> str | None:
        """The session by which they came, if they did."""
        return None if self.session is None else self.session.id

    def proved_recently(self, now: float) -> bool:
        """Whether a grave change is open to them: by cookie only within ten minutes of a proof."""
        if self.via is not Via.SESSION:
            return True
        return self.authenticated_at is not None and now - self.authenticated_at <= PROOF_AGE


def command_line(name: str = "command line") -> Actor:
    """Whoever runs the commands: they read the key file and the database anyway, so they hold everything."""
    owner = OwnerFacts(user_id="", username=name, email="", display_name=name, permissions=permissions.ALL)
    return Actor(owner, permissions.ALL, Client(address=""), Via.COMMAND_LINE)


async def of_session(services: Services, session: Session, client: Client) -> Actor:
    """The actor in a session, with what they hold in PostgreSQL now.

    Raises:
        NotFound: the person has been deleted.
        Unavailable: PostgreSQL does not answer.
    """
    user = await services.database.read.users.by_id(session.owner.user_id)
    held = user.facts.permissions if user.facts.enabled else permissions.NOTHING
    return Actor(user.facts, held, client, Via.SESSION, session.authenticated_at, session)


def require(actor: Actor, *any_of: Permission) -> None:
    """Let an actor on who holds one of the permissions.

    Raises:
        Forbidden: they hold none of them.
    """
    if not permissions.may(actor.permissions, any_of):
        names = " or ".join(permissions.in_order(any_of))
        raise Forbidden(N_("This needs the permission %(names)s.", names=names), any_of)


def require_over(actor: Actor, target: User) -> None:
    """Let an actor on who lacks nothing that the person acted on holds.

    Raises:
        Forbidden: the person holds a permission that the actor lacks.
    """
    missing = permissions.lacking(actor.permissions, target.facts.permissions)
    if missing:
        names = ", ".join(permissions.in_order(missing))
        raise Forbidden(
            N_("%(name)s holds what you do not: %(names)s.", name=target.facts.username, names=names), missing
        )


async def who_can_help(services: Services) -> tuple[str, ...]:
    """The names of people who can grant a permission, a few of them, in order.

    Raises:
        Unavailable: PostgreSQL does not answer.
    """
    holders = await services.database.read.users.holders(Permission.PERMISSIONS_GRANT)
    names = sorted(f"{user.facts.display_name} ({user.facts.email})" for user in holders if user.facts.enabled)
    return tuple(names[:MOST_NAMES])
