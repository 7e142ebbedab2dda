"""What a change of policy would do, put together for its page: what changes, whom it meets, what they are asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.domain.model import TwoFactorMode
from gatekeeper.domain.two_factor import applies
from gatekeeper.domain.wording import N_
from gatekeeper.flows import administration, people, previews, statistics
from gatekeeper.flows.previews import Effect
from gatekeeper.web.console import passwords_words as words
from gatekeeper.web.console.passwords_fields import Who, who_of

if TYPE_CHECKING:
    from gatekeeper.domain.model import PasswordPolicy, Policies, TwoFactorPolicy, User
    from gatekeeper.domain.wording import Text
    from gatekeeper.flows.previews import Affected, Preview
    from gatekeeper.flows.statistics import Week
    from gatekeeper.web.console.passwords_fields import TwoStep
    from gatekeeper.web.inside import Turn

SHOWN = 10
"""How many of the people affected stand on the review itself."""
_NAMED = 10


@dataclass(frozen=True, slots=True)
class Change:
    """One rule that changes: how it is now, and how it would be. ``added`` and ``removed`` are people of its list."""

    label: Text
    before: Text
    after: Text
    added: tuple[User, ...] = ()
    removed: tuple[User, ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """A change before it is made.

    Attributes:
        changes: the rules that would be others; none: it is what stands already.
        affected: how many people would be asked for something, or fall short.
        consequences: what it would do, in sentences.
        people: the first of those affected.
        effect: the one effect that ``people`` are listed by, if it is one.
        more: whether there are others behind them.
        oneself: whether who reviews is among those who would have to set up an authenticator.
        weeks: when passwords would expire.
    """

    changes: tuple[Change, ...]
    affected: int = 0
    consequences: tuple[Text, ...] = ()
    people: tuple[Affected, ...] = ()
    effect: Effect | None = None
    more: bool = False
    oneself: bool = False
    weeks: tuple[Week, ...] = ()


def effects_of(before: PasswordPolicy, after: PasswordPolicy) -> list[Effect]:
    """By which effects a change of the password rules meets people: reuse meets nobody before their next change."""
    effects = []
    if after.expiry_days is not None and after.expiry_days != before.expiry_days:
        effects.append(Effect.EXPIRED)
    if after.strength is not before.strength:
        effects.append(Effect.FALLS_SHORT)
    return effects


async def of_rules(turn: Turn, standing: Policies, policy: PasswordPolicy) -> Review:
    """What a change of the password rules would do."""
    before = standing.password
    changes = rules_changes(before, policy)
    effects = effects_of(before, policy)
    effect = effects[0] if len(effects) == 1 else None
    found: Preview | None = None
    if effects:
        found = await previews.of_password(turn.services, turn.actor, policy, now=turn.now, effect=effect, limit=SHOWN)
    weeks: list[Week] = []
    if policy.expiry_days is not None and policy.expiry_days != before.expiry_days:
        weeks = await statistics.expiring(turn.services, turn.actor, policy.expiry_days, turn.now)
    return Review(
        changes,
        affected=0 if found is None else found.affected if effect is None else found.by_effect[effect],
        consequences=tuple(_of_rules(before, policy, found)),
        people=() if found is None else found.people,
        effect=effect,
        more=found is not None and found.next_cursor is not None,
        weeks=tuple(weeks),
    )


def rules_changes(before: PasswordPolicy, after: PasswordPolicy) -> tuple[Change, ...]:
    """Which of the password rules would be others."""
    rules = (
        (N_("Expiry"), words.expiry),
        (N_("Reuse"), words.reuse),
        (N_("Strength"), words.strength),
    )
    changes = (Change(label, said(before), said(after)) for label, said in rules)
    return tuple(change for change in changes if change.before != change.after)


def _of_rules(before: PasswordPolicy, after: PasswordPolicy, found: Preview | None) -> list[Text]:
    said = []
    if after.expiry_days != before.expiry_days:
        if after.expiry_days is None:
            said.append(N_("Nobody is asked for a new password because of its age any more."))
        elif found is not None:
            said.append(words.expired(found.by_effect[Effect.EXPIRED], after.expiry_days))
    elif after.expiry_days is not None and after.warn_days != before.warn_days:
        said.append(N_("The warning is shown at a sign-in within that time, and on the account page."))
    if after.forbid_last != before.forbid_last:
        said.append(
            N_("The rule for reuse counts from each person's next change on. Nobody is asked for anything now.")
        )
    if after.strength is not before.strength and found is not None:
        said.append(words.falls_short(found.by_effect[Effect.FALLS_SHORT], after.strength))
        if found.by_effect[Effect.STRENGTH_UNKNOWN]:
            said.append(words.unknown(found.by_effect[Effect.STRENGTH_UNKNOWN]))
    return said


async def of_two_step(turn: Turn, standing: Policies, wanted: TwoStep) -> Review:
    """What a change of two-step verification would do."""
    changes = await two_step_changes(turn, standing.two_factor, wanted)
    if not changes:
        return Review(())
    services, actor = turn.services, turn.actor
    found = await previews.of_two_factor(services, actor, wanted.policy, wanted.people, limit=SHOWN)
    numbers = await statistics.of_two_factor(services, actor)
    said = []
    if wanted.who is not Who.OFF:
        said.append(words.must_enrol(found.affected, wanted.policy))
    elif numbers.waiting:
        said.append(N_("Nobody has to set up an authenticator any more."))
    if numbers.enrolled:
        said.append(words.enrolled(numbers.enrolled))
    if standing.two_factor.trusted_devices_days is not None and wanted.policy.trusted_devices_days is None:
        said.append(N_("Devices that are trusted now count no more: there, too, the next sign-in asks for a code."))
    return Review(
        changes,
        affected=found.affected,
        consequences=tuple(said),
        people=found.people,
        effect=Effect.MUST_ENROL,
        more=found.next_cursor is not None,
        oneself=_meets_oneself(turn, wanted),
    )


async def two_step_changes(turn: Turn, before: TwoFactorPolicy, wanted: TwoStep) -> tuple[Change, ...]:
    """Which parts of two-step verification would be others."""
    after = wanted.policy
    listed = before.listed if wanted.people is None else len(wanted.people)
    was = words.who(who_of(before), before.listed)
    added, removed = await _relisted(turn, before, wanted)
    changes = (
        Change(N_("Who it is for"), was, words.who(wanted.who, listed), added, removed),
        Change(N_("Trusted devices"), words.trusted(before), words.trusted(after)),
        Change(N_("Setting up"), words.enrolment(before), words.enrolment(after)),
    )
    return tuple(change for change in changes if change.before != change.after or change.added or change.removed)


async def _relisted(turn: Turn, before: TwoFactorPolicy, wanted: TwoStep) -> tuple[tuple[User, ...], tuple[User, ...]]:
    """Who would come on a list that stays of its kind, and who would go from it."""
    if wanted.people is None or before.mode is not wanted.policy.mode or before.mode is TwoFactorMode.OFF:
        return (), ()
    if before.listed > administration.MOST_LISTED:
        return (), ()
    limit = administration.MOST_LISTED
    listed = {user.id: user for user in (await administration.people(turn.services, turn.actor, limit=limit)).items}
    new = await people.named(turn.services, turn.actor, [one for one in wanted.people if one not in listed])
    gone = [user for user_id, user in listed.items() if user_id not in set(wanted.people)]
    return tuple(new), tuple(gone)


def _meets_oneself(turn: Turn, wanted: TwoStep) -> bool:
    if turn.actor.user.enrolled or wanted.people is None:
        return False
    return applies(wanted.policy.mode, listed=turn.actor.user.user_id in wanted.people)
