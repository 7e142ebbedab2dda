"""What a policy would do before it does it: how many people, who, and what they would meet.

The answer is about the policy as proposed, however it stands now: it tells who falls short of its level, whose
password is past its term, who has to enrol. The counts are the database's; the list comes a page at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from gatekeeper.domain.errors import Refused
from gatekeeper.domain.login import DAY
from gatekeeper.domain.model import Permission
from gatekeeper.domain.passwords import falls_short
from gatekeeper.domain.wording import N_
from gatekeeper.flows.acting import require
from gatekeeper.flows.administration import password_policy_faults, resolve_people, two_factor_policy_faults
from gatekeeper.flows.refusals import raise_all
from gatekeeper.store.paging import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekeeper.domain.model import PasswordPolicy, TwoFactorPolicy, User
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services


class Effect(StrEnum):
    """What a policy would mean for a person."""

    FALLS_SHORT = "falls_short"
    EXPIRED = "expired"
    STRENGTH_UNKNOWN = "strength_unknown"
    MUST_ENROL = "must_enrol"


@dataclass(frozen=True, slots=True)
class Affected:
    """One person, and what the policy would mean for them."""

    user: User
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """How many people would be affected, by what, and a page of them.

    ``by_effect`` counts ``strength_unknown`` apart: those people are not among ``affected``, since nothing is known to
    be wrong with their passwords; they are listed when that effect is asked for.
    """

    affected: int
    by_effect: dict[Effect, int]
    people: tuple[Affected, ...]
    next_cursor: str | None


async def of_password(
    services: Services,
    actor: Actor,
    policy: PasswordPolicy,
    *,
    now: float,
    effect: Effect | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Preview:
    """What a password policy would do.

    Args:
        services: the stores.
        actor: who asks.
        policy: the policy as proposed.
        now: the time by which passwords would be past their term.
        effect: list only the people whom this effect meets; left out, everybody affected.
        cursor: where the page before ended.
        limit: how many people a page holds.

    Raises:
        Forbidden: without ``policies.manage``.
        RefusedAll: a value is out of bounds.
        Refused: the cursor is none of ours, or the effect is not one of passwords.
    """
    require(actor, Permission.POLICIES_MANAGE)
    raise_all(password_policy_faults(policy))
    before = None if policy.expiry_days is None else now - policy.expiry_days * DAY
    touched = await services.database.read.passwords.count_touched(policy.strength, before)
    counts = {
        Effect.FALLS_SHORT: touched.short,
        Effect.EXPIRED: touched.expired,
        Effect.STRENGTH_UNKNOWN: touched.unknown,
    }
    walk = _PasswordWalk(services, policy, before)
    people, following = await walk.page(effect, cursor, limit)
    return Preview(touched.short + touched.expired - touched.both, counts, people, following)


async def of_two_factor(
    services: Services,
    actor: Actor,
    policy: TwoFactorPolicy,
    people: Sequence[str] | None,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Preview:
    """Who would have to enrol under a two-step policy.

    Args:
        services: the stores.
        actor: who asks.
        policy: the policy as proposed.
        people: its list, as for ``administration.set_two_factor``.
        cursor: where the page before ended.
        limit: how many people a page holds.

    Raises:
        Forbidden: without ``policies.manage``.
        RefusedAll: a value is out of bounds, or an id is nobody's.
    """
    require(actor, Permission.POLICIES_MANAGE)
    raise_all(two_factor_policy_faults(policy))
    read = services.database.read
    standing = (await read.policies.read()).two_factor
    listed = await resolve_people(read, policy.mode, people, standing)
    count = await read.policies.count_unenrolled_in(policy.mode, listed)
    page = await read.policies.unenrolled_in(policy.mode, listed, cursor=cursor, limit=limit)
    affected = tuple(Affected(user, (Effect.MUST_ENROL,)) for user in page.items)
    return Preview(count, {Effect.MUST_ENROL: count}, affected, page.next_cursor)


@dataclass(frozen=True, slots=True)
class _PasswordWalk:
    """The people affected, a page at a time: those who fall short, then those whose password is only past its term."""

    services: Services
    policy: PasswordPolicy
    before: float | None

    async def page(
        self, effect: Effect | None, cursor: str | None, limit: int
    ) -> tuple[tuple[Affected, ...], str | None]:
        """One page, and where it ended."""
        stages = [effect] if effect is not None else [Effect.FALLS_SHORT, Effect.EXPIRED]
        stage, inner = self._position(cursor, stages)
        users = await self.stage(stage, inner, limit)
        if not users.items and stage is not stages[-1]:
            stage = stages[-1]
            users = await self.stage(stage, None, limit)
        shown = [user for user in users.items if effect is not None or not self._shown_before(stage, user)]
        people = tuple(Affected(user, self.effects(user)) for user in shown)
        if users.next_cursor is not None:
            return people, f"{stage.value}:{users.next_cursor}"
        following = stages[stages.index(stage) + 1 :]
        if not following or not (await self.stage(following[0], None, 1)).items:
            return people, None
        return people, f"{following[0].value}:"

    async def stage(self, stage: Effect, cursor: str | None, limit: int) -> Page[User]:
        """A page of the people whom one effect meets."""
        passwords = self.services.database.read.passwords
        if stage is Effect.FALLS_SHORT:
            return await passwords.falling_short(self.policy.strength, cursor=cursor, limit=limit)
        if stage is Effect.STRENGTH_UNKNOWN:
            return await passwords.of_unknown_strength(cursor=cursor, limit=limit)
        if self.before is None:
            return Page([])
        return await passwords.expired(self.before, cursor=cursor, limit=limit)

    def effects(self, user: User) -> tuple[Effect, ...]:
        """All that the policy would mean for a person."""
        facts = user.facts
        holds = {
            Effect.FALLS_SHORT: falls_short(facts.password_strength, self.policy.strength),
            Effect.EXPIRED: self.before is not None and facts.password_changed_at < self.before,
            Effect.STRENGTH_UNKNOWN: facts.password_strength is None,
        }
        return tuple(effect for effect, held in holds.items() if held)

    def _shown_before(self, stage: Effect, user: User) -> bool:
        return stage is Effect.EXPIRED and falls_short(user.facts.password_strength, self.policy.strength)

    @staticmethod
    def _position(cursor: str | None, stages: Sequence[Effect]) -> tuple[Effect, str | None]:
        if cursor is None:
            return stages[0], None
        name, _, inner = cursor.partition(":")
        for stage in stages:
            if stage.value == name:
                return stage, inner or None
        raise Refused("cursor", N_("This cursor does not belong to this list."), "cursor")
