from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from gatekeeper.domain.access import (
    ALLOWED,
    ALLOWED_UNKNOWN,
    PUBLIC,
    SECOND_FACTOR,
    SIGN_IN,
    SIGNED_IN,
    Access,
    Allow,
    Forbid,
    Owes,
    decide,
)
from gatekeeper.domain.model import Method, OwnerFacts, Proof, Session, Step

ANNA = OwnerFacts("1", "anna", "anna@example.com", "Anna", groups=("staff",))
PASSWORD = Proof(Method.PASSWORD, 1.0)
SESSION = Session("s", ANNA, 0.0, 100.0, 0.0, (PASSWORD,), "secret")
WITH_CODE = replace(SESSION, proofs=(PASSWORD, Proof(Method.OTP, 2.0)), owner=replace(ANNA, enrolled=True))
STAFF = Access(groups=frozenset({"staff"}))
CHIEFS = Access(groups=frozenset({"chiefs"}))


def test_nobody_is_asked_to_sign_in():
    assert decide(SIGNED_IN, None, None) is SIGN_IN


def test_who_is_signed_in_is_let_through_and_named():
    assert decide(SIGNED_IN, SESSION, None) is ALLOWED


def test_a_public_route_lets_everybody_through_and_names_who_owes_nothing():
    assert decide(PUBLIC, None, None) is ALLOWED_UNKNOWN
    assert decide(PUBLIC, SESSION, None) is ALLOWED
    assert decide(PUBLIC, SESSION, Step.NEW_PASSWORD) is ALLOWED_UNKNOWN


@pytest.mark.parametrize("owed", [Step.NEW_PASSWORD, Step.ENROL])
def test_who_owes_something_opens_nothing_else(owed):
    for access in (SIGNED_IN, SECOND_FACTOR, STAFF, CHIEFS):
        assert decide(access, WITH_CODE, owed) == Owes(owed)


def test_a_group_is_needed_where_the_route_names_one():
    assert decide(STAFF, SESSION, None) is ALLOWED
    assert isinstance(decide(CHIEFS, SESSION, None), Forbid)


def test_a_second_factor_route_asks_for_a_code_or_an_enrolment():
    assert decide(SECOND_FACTOR, WITH_CODE, None) is ALLOWED
    assert decide(SECOND_FACTOR, SESSION, None) == Owes(Step.ENROL)
    assert decide(SECOND_FACTOR, replace(SESSION, owner=replace(ANNA, enrolled=True)), None) == Owes(Step.CODE)


def test_a_trusted_device_is_no_second_factor():
    trusted = replace(SESSION, trusted_device=True, owner=replace(ANNA, enrolled=True))
    assert decide(SECOND_FACTOR, trusted, None) == Owes(Step.CODE)


def test_who_is_not_in_the_group_is_not_asked_for_a_code():
    assert isinstance(decide(replace(CHIEFS, second_factor=True), SESSION, None), Forbid)


def test_a_person_is_named_to_the_platform_only_in_a_session_that_owes_nothing():
    accesses = (PUBLIC, SIGNED_IN, SECOND_FACTOR, STAFF, CHIEFS)
    sessions = (None, SESSION, WITH_CODE)
    for access, session, owed in itertools.product(accesses, sessions, (None, Step.NEW_PASSWORD, Step.ENROL)):
        verdict = decide(access, session, owed)
        if isinstance(verdict, Allow) and verdict.known:
            assert session is not None
            assert owed is None
        if isinstance(verdict, Allow) and not verdict.known:
            assert access is PUBLIC
