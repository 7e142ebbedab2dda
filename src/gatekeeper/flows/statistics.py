"""Numbers for charts: how many have an authenticator, how many passwords fall short, and when passwords expire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.domain.login import DAY
from gatekeeper.domain.model import Permission, Strength, TwoFactorMode
from gatekeeper.domain.passwords import falls_short
from gatekeeper.flows.acting import require
from gatekeeper.store.paging import Page

if TYPE_CHECKING:
    from gatekeeper.domain.model import User
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services

WEEKS = 8
WEEK = 7 * DAY


@dataclass(frozen=True, slots=True)
class TwoFactorNumbers:
    """How far two-step verification has come.

    Attributes:
        people: all there are, closed accounts too.
        enabled: those who can sign in; all that follow are among them.
        enrolled: who have an authenticator, whether they must or not.
        must: whom the policy reaches.
        waiting: of those, who have none yet.
    """

    people: int
    enabled: int
    enrolled: int
    must: int
    waiting: int

    @property
    def free(self) -> int:
        """Who have no authenticator and need none."""
        return self.enabled - self.enrolled - self.waiting


@dataclass(frozen=True, slots=True)
class StrengthNumbers:
    """Of how many people the password meets a level, falls short of it, or tells none yet."""

    meets: int
    short: int
    unknown: int

    @property
    def total(self) -> int:
        """Everybody who can sign in with a password."""
        return self.meets + self.short + self.unknown


@dataclass(frozen=True, slots=True)
class Week:
    """How many passwords expire in the seven days from ``begins_at`` on."""

    begins_at: float
    count: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who must enrol and has not.

    ``since``: the latest of when the rule began, when the person was added, and when it came to reach them, be it by
    their place on its list or by a reset.
    """

    user: User
    since: float


async def of_two_factor(services: Services, actor: Actor) -> TwoFactorNumbers:
    """How many people have an authenticator, of those who must and of all.

    Raises:
        Forbidden: without ``policies.manage``.
    """
    require(actor, Permission.POLICIES_MANAGE)
    read = services.database.read
    policy = (await read.policies.read()).two_factor
    everybody = await read.statistics.everybody()
    must = enrolled = 0
    if policy.mode is not TwoFactorMode.OFF:
        listed = await read.statistics.listed()
        must, enrolled = listed.enabled, listed.enrolled
        if policy.mode is TwoFactorMode.EVERYONE:
            must, enrolled = everybody.enabled - must, everybody.enrolled - enrolled
    return TwoFactorNumbers(everybody.people, everybody.enabled, everybody.enrolled, must, must - enrolled)


async def of_strength(services: Services, actor: Actor, level: Strength) -> StrengthNumbers:
    """How many passwords meet a level.

    Raises:
        Forbidden: without ``policies.manage``.
    """
    require(actor, Permission.POLICIES_MANAGE)
    counted = await services.database.read.statistics.by_strength()
    short = sum(count for met, count in counted.items() if falls_short(met, level))
    unknown = counted[None]
    return StrengthNumbers(sum(counted.values()) - short - unknown, short, unknown)


async def expiring(services: Services, actor: Actor, days: int, now: float) -> list[Week]:
    """How many passwords would expire in each of the coming weeks, if each lived so many days.

    Args:
        services: the stores.
        actor: who asks.
        days: how long a password lives.
        now: when the first week begins; what has expired before is in none.

    Raises:
        Forbidden: without ``policies.manage``.
    """
    require(actor, Permission.POLICIES_MANAGE)
    begins = [now + WEEK * at for at in range(WEEKS + 1)]
    counts = await services.database.read.statistics.changed_between([at - days * DAY for at in begins])
    return [Week(at, count) for at, count in zip(begins, counts, strict=False)]


async def with_password(services: Services, actor: Actor) -> int:
    """How many people would be asked, if everybody were asked for a new password.

    Raises:
        Forbidden: without ``policies.manage``.
    """
    require(actor, Permission.POLICIES_MANAGE)
    return await services.database.read.statistics.with_password()


async def waiting(services: Services, actor: Actor, *, cursor: str | None = None, limit: int = 50) -> Page[Waiting]:
    """People who must enrol and have not, and since when.

    Raises:
        Forbidden: without ``policies.manage``.
        Refused: the cursor is none of ours.
    """
    require(actor, Permission.POLICIES_MANAGE)
    read = services.database.read
    mode = (await read.policies.read()).two_factor.mode
    page = await read.policies.unenrolled_in(mode, None, cursor=cursor, limit=limit)
    began = await read.policies.two_factor_since() or 0.0
    people = [Waiting(user, max(began, user.created_at, user.two_factor_owed_since or 0.0)) for user in page.items]
    return Page(people, page.next_cursor)
