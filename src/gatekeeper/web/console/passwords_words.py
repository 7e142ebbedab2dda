"""The policies in words: what each rule is, what a change of it would do, to how many people, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.domain.model import Enrolment, Strength
from gatekeeper.domain.wording import N_, NN_, together
from gatekeeper.flows.previews import Effect
from gatekeeper.web.console.passwords_fields import Who

if TYPE_CHECKING:
    from gatekeeper.domain.model import PasswordPolicy, TwoFactorPolicy
    from gatekeeper.domain.wording import Text

LEVELS = {Strength.BASIC: N_("Basic"), Strength.MEDIUM: N_("Medium"), Strength.ADVANCED: N_("Advanced")}

RULES = {
    Strength.BASIC: N_("At least 8 characters."),
    Strength.MEDIUM: N_("At least 8 characters, with an uppercase letter and a digit."),
    Strength.ADVANCED: N_("At least 8 characters, with an uppercase letter, a digit and a special character."),
}

EFFECTS = {
    Effect.EXPIRED: N_("Password too old"),
    Effect.FALLS_SHORT: N_("Password falls short"),
    Effect.STRENGTH_UNKNOWN: N_("Strength not known yet"),
    Effect.MUST_ENROL: N_("Must set up an authenticator"),
}


NEW_PASSWORD = N_("They are asked for a new one at the next sign-in; whoever is signed in now, at the next click.")
SET_UP = N_("They are led through setting one up at the next sign-in; whoever is signed in now, at the next click.")


def expiry(policy: PasswordPolicy) -> Text:
    """How often passwords change."""
    if policy.expiry_days is None:
        return N_("Passwords never expire.")
    every = NN_("A new password every day", "A new password every %(num)s days", policy.expiry_days)
    if not policy.warn_days:
        return N_("%(every)s, without a warning.", every=every)
    warned = NN_("with a warning %(num)s day before", "with a warning %(num)s days before", policy.warn_days)
    return N_("%(every)s, %(warned)s.", every=every, warned=warned)


def reuse(policy: PasswordPolicy) -> Text:
    """What a new password may repeat."""
    if not policy.forbid_last:
        return N_("Passwords may be used again.")
    return NN_(
        "A new password must differ from the last one.",
        "A new password must differ from the last %(num)s.",
        policy.forbid_last,
    )


def strength(policy: PasswordPolicy) -> Text:
    """How strong passwords are."""
    return N_("%(level)s: %(rule)s", level=LEVELS[policy.strength], rule=RULES[policy.strength])


def who(who: Who, listed: int) -> Text:
    """Whom two-step verification is for."""
    if who is Who.OFF:
        return N_("Nobody has to use it.")
    if who is Who.SELECTED:
        return NN_("Only %(num)s person.", "Only %(num)s people.", listed)
    if not listed:
        return N_("Everyone.")
    return NN_("Everyone except %(num)s person.", "Everyone except %(num)s people.", listed)


def trusted(policy: TwoFactorPolicy) -> Text:
    """How long a trusted device stands in for the code."""
    if policy.trusted_devices_days is None:
        return N_("A code at every sign-in.")
    return NN_(
        "No code for %(num)s day on a device that the person trusts.",
        "No code for %(num)s days on a device that the person trusts.",
        policy.trusted_devices_days,
    )


def enrolment(policy: TwoFactorPolicy) -> Text:
    """What opens a first enrolment."""
    if policy.enrolment is Enrolment.WITH_CODE:
        return N_("The password and a one-time code from an administrator.")
    return N_("The password alone.")


def expired(count: int, days: int) -> Text:
    """What becomes of people whose password is older than the rule allows."""
    if not count:
        return N_("Nobody's password is older than %(days)s days, so nobody is asked for a new one today.", days=days)
    has = NN_(
        "%(num)s person has a password older than %(days)s days.",
        "%(num)s people have a password older than %(days)s days.",
        count,
        days=days,
    )
    return together([has, NEW_PASSWORD])


def falls_short(count: int, level: Strength) -> Text:
    """What becomes of people whose password is weaker than the level."""
    if not count:
        return N_("Nobody's password is known to fall short of %(level)s.", level=LEVELS[level])
    return NN_(
        "%(num)s person has a password that falls short of %(level)s. It goes on working until its next change: ask "
        "for new passwords to make that sooner.",
        "%(num)s people have a password that falls short of %(level)s. It goes on working until its next change: ask "
        "for new passwords to make that sooner.",
        count,
        level=LEVELS[level],
    )


def unknown(count: int) -> Text:
    """What becomes of people of whose password nobody knows how strong it is."""
    return NN_(
        "Apart from them, %(num)s person has an imported password of which nobody knows yet how strong it is. Their "
        "next sign-in tells.",
        "Apart from them, %(num)s people have an imported password of which nobody knows yet how strong it is. Their "
        "next sign-in tells.",
        count,
    )


def must_enrol(count: int, policy: TwoFactorPolicy) -> Text:
    """What becomes of people without an authenticator."""
    if not count:
        return N_("Nobody has to set up an authenticator that they do not have already.")
    has = NN_("%(num)s person has no authenticator yet.", "%(num)s people have no authenticator yet.", count)
    said = [has, SET_UP]
    if policy.enrolment is Enrolment.WITH_CODE:
        said.append(N_("Each needs a one-time code for that, which an administrator makes for them."))
    return together(said)


def enrolled(count: int) -> Text:
    """What becomes of people with an authenticator, under any policy."""
    return NN_(
        "%(num)s person has an authenticator already and is asked for its code, now as before.",
        "%(num)s people have an authenticator already and are asked for its code, now as before.",
        count,
    )
