"""The order of a sign-in, every combination of facts, and what each kind of change makes people owe."""

from __future__ import annotations

import itertools
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.login import (
    DAY,
    NEVER,
    PROOF_AGE,
    SignInFacts,
    expires_soon,
    facts_of,
    next_step,
    owed,
    owed_until,
    password_expires_at,
)
from gatekeeper.domain.model import Attempt, Method, OwnerFacts, PasswordPolicy, Proof, Step

NOW = 1_800_000_000.0
NO_EXPIRY = PasswordPolicy()
OWNER = OwnerFacts("id", "anna", "anna@example.com", "Anna", password_changed_at=NOW - DAY)


def expected(facts: SignInFacts) -> Step:
    """The table of the mission, written as a person would read it."""
    if not facts.password_proven and not facts.link_proven:
        return Step.PASSWORD
    if facts.enrolled and not facts.code_proven:
        return Step.CODE
    if facts.password_owed or facts.link_proven:
        return Step.NEW_PASSWORD
    if facts.two_factor_owed and not facts.enrolled:
        return Step.ENROL
    if facts.recovery_codes_pending:
        return Step.RECOVERY_CODES
    return Step.NOTICE if facts.notice_due else Step.DONE


ALL_FACTS = [SignInFacts(*row) for row in itertools.product((False, True), repeat=len(fields(SignInFacts)))]


@pytest.mark.parametrize("facts", ALL_FACTS, ids=str)
def test_every_combination_of_facts_has_its_step(facts):
    assert next_step(facts) is expected(facts)


@pytest.mark.parametrize("facts", ALL_FACTS, ids=str)
def test_done_means_that_nothing_is_owed(facts):
    if next_step(facts) is Step.DONE:
        assert facts.password_proven
        assert not facts.link_proven
        assert facts.code_proven or not facts.enrolled
        assert not facts.password_owed
        assert facts.enrolled or not facts.two_factor_owed
        assert not facts.recovery_codes_pending


def test_the_code_comes_before_a_new_password():
    assert next_step(SignInFacts(password_proven=True, enrolled=True, password_owed=True)) is Step.CODE


def attempt(*proofs: Proof, **changes) -> Attempt:
    return replace(Attempt("a", "id", NOW, NOW + 600, proofs), **changes)


def step_of(the_attempt, owner=OWNER, policy=NO_EXPIRY, now=NOW, *, applies=False, trusted=False, shown=False) -> Step:
    return next_step(
        facts_of(
            the_attempt,
            owner,
            policy,
            now,
            two_factor_applies=applies,
            device_trusted=trusted,
            notice_shown=shown,
        )
    )


PASSWORD = Proof(Method.PASSWORD, NOW)
OTP = Proof(Method.OTP, NOW)
LINK = Proof(Method.LINK, NOW)


def test_nothing_proven_asks_for_the_password():
    assert step_of(None, None) is Step.PASSWORD


def test_an_attempt_that_has_ended_proves_nothing():
    assert step_of(attempt(PASSWORD), now=NOW + 600) is Step.PASSWORD


def test_a_proof_taken_over_from_a_session_counts_while_it_is_fresh():
    assert step_of(attempt(Proof(Method.PASSWORD, NOW - PROOF_AGE)), applies=True) is Step.ENROL
    assert step_of(attempt(Proof(Method.PASSWORD, NOW - PROOF_AGE - 1)), applies=True) is Step.PASSWORD


def test_a_proof_does_not_turn_stale_between_two_pages():
    assert step_of(attempt(Proof(Method.PASSWORD, NOW - 599)), now=NOW + 500, applies=True) is Step.ENROL


def test_a_trusted_device_stands_in_for_the_code_but_not_where_a_second_factor_is_wanted():
    enrolled = replace(OWNER, enrolled=True)
    assert step_of(attempt(PASSWORD), enrolled, trusted=True) is Step.DONE
    assert step_of(attempt(PASSWORD, second_factor_wanted=True), enrolled, trusted=True) is Step.CODE


def test_a_trusted_device_is_no_enrolment_and_no_password():
    assert step_of(attempt(PASSWORD), trusted=True, applies=True) is Step.ENROL
    assert step_of(attempt(OTP), replace(OWNER, enrolled=True), trusted=True) is Step.PASSWORD


def test_a_link_leads_to_a_new_password_always_and_nowhere_else():
    assert step_of(attempt(LINK)) is Step.NEW_PASSWORD
    assert step_of(attempt(LINK), applies=True) is Step.NEW_PASSWORD
    assert step_of(attempt(LINK, second_factor_wanted=True)) is Step.NEW_PASSWORD


def test_the_code_comes_between_a_link_and_the_new_password_and_no_trusted_device_stands_in_for_it():
    enrolled = replace(OWNER, enrolled=True)
    assert step_of(attempt(LINK), enrolled) is Step.CODE
    assert step_of(attempt(LINK), enrolled, trusted=True) is Step.CODE
    assert step_of(attempt(LINK, PASSWORD), enrolled, trusted=True) is Step.CODE
    assert step_of(attempt(LINK, OTP), enrolled) is Step.NEW_PASSWORD


def test_after_the_new_password_a_link_goes_on_as_any_sign_in():
    assert step_of(attempt(LINK, PASSWORD)) is Step.NEW_PASSWORD
    assert step_of(attempt(PASSWORD), applies=True) is Step.ENROL
    assert step_of(attempt(PASSWORD)) is Step.DONE


def test_who_wants_to_change_their_password_now_is_led_to_it():
    assert step_of(attempt(PASSWORD, notice_seen=True, change_wanted=True)) is Step.NEW_PASSWORD


def test_a_recovery_code_proves_as_the_code_does():
    enrolled = replace(OWNER, enrolled=True)
    assert step_of(attempt(PASSWORD, Proof(Method.RECOVERY_CODE, NOW)), enrolled) is Step.DONE


def test_a_code_alone_proves_no_password():
    assert step_of(attempt(OTP), replace(OWNER, enrolled=True)) is Step.PASSWORD


def test_who_wants_a_second_factor_without_having_one_is_walked_through_enrolment():
    assert step_of(attempt(PASSWORD, second_factor_wanted=True)) is Step.ENROL


def test_the_notice_comes_once_and_only_in_the_last_days():
    policy = PasswordPolicy(expiry_days=90, warn_days=7)
    soon = replace(OWNER, password_changed_at=NOW - 84 * DAY)
    assert step_of(attempt(PASSWORD), soon, policy) is Step.NOTICE
    assert step_of(attempt(PASSWORD, notice_seen=True), soon, policy) is Step.DONE
    assert step_of(attempt(PASSWORD), soon, policy, shown=True) is Step.DONE
    assert not expires_soon(replace(OWNER, password_changed_at=NOW - 82 * DAY), policy, NOW)
    assert not expires_soon(soon, PasswordPolicy(), NOW)


def test_a_password_expires_at_the_very_second():
    policy = PasswordPolicy(expiry_days=90)
    end = OWNER.password_changed_at + 90 * DAY
    assert password_expires_at(OWNER, policy) == end
    assert owed(OWNER, policy, end - 1, two_factor_applies=False) is None
    assert owed(OWNER, policy, end, two_factor_applies=False) is Step.NEW_PASSWORD


def test_a_change_can_be_demanded_of_one_person_and_of_everybody():
    assert owed(replace(OWNER, change_required=True), PasswordPolicy(), NOW, two_factor_applies=False)
    everybody = PasswordPolicy(change_demanded_at=NOW)
    assert owed(OWNER, everybody, NOW, two_factor_applies=False) is Step.NEW_PASSWORD
    assert owed(replace(OWNER, password_changed_at=NOW), everybody, NOW, two_factor_applies=False) is None


def test_two_step_verification_is_owed_until_an_authenticator_is_enrolled():
    assert owed(OWNER, PasswordPolicy(), NOW, two_factor_applies=True) is Step.ENROL
    assert owed(replace(OWNER, enrolled=True), PasswordPolicy(), NOW, two_factor_applies=True) is None


@given(
    changed=st.floats(0, NOW),
    days=st.none() | st.integers(1, 1000),
    ahead=st.floats(0, 1e9),
    demanded=st.none() | st.floats(0, NOW),
)
def test_what_is_owed_stays_the_same_until_the_instant_named(changed, days, ahead, demanded):
    owner = replace(OWNER, password_changed_at=changed)
    policy = PasswordPolicy(expiry_days=days, change_demanded_at=demanded)
    until = owed_until(owner, policy, NOW)
    assert until > NOW
    later = min(NOW + ahead, until - 1) if until != NEVER else NOW + ahead
    if later >= NOW:
        assert owed(owner, policy, later, two_factor_applies=False) == owed(
            owner, policy, NOW, two_factor_applies=False
        )
