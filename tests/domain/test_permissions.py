"""Who may do what, and to whom."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.model import Permission
from gatekeeper.domain.permissions import ALL, NOTHING, effective, excess, in_order, lacking, lost, may, may_act_on

sets = st.frozensets(st.sampled_from(list(Permission)))


@given(sets)
def test_a_call_that_names_no_permission_is_open_to_everybody_known(held):
    assert may(held, ())


@given(sets, sets.filter(bool))
def test_one_of_the_permissions_that_open_a_call_is_enough(held, needed):
    assert may(held, needed) == (not held.isdisjoint(needed))


@given(sets, sets)
def test_nobody_acts_on_a_person_who_holds_a_permission_that_they_lack(actor, target):
    assert may_act_on(actor, target) == all(permission in actor for permission in target)
    assert lacking(actor, target) == target - actor


@given(sets)
def test_everybody_may_act_on_a_person_without_permissions_and_on_their_equals(held):
    assert may_act_on(held, NOTHING)
    assert may_act_on(held, held)
    assert may_act_on(ALL, held)


@given(sets, sets)
def test_a_token_never_holds_more_than_its_owner_holds_now(owner, token):
    held = effective(owner, token, owner_enabled=True)
    assert held <= owner
    assert held <= token


@given(sets, sets)
def test_a_disabled_owners_token_holds_nothing(owner, token):
    assert effective(owner, token, owner_enabled=False) == NOTHING


@given(sets, sets)
def test_a_token_is_given_only_what_its_maker_holds(held, wanted):
    assert (excess(held, wanted) == NOTHING) == (wanted <= held)


@given(sets, sets)
def test_what_a_change_takes_away_is_what_was_held_before_and_is_not_now(before, after):
    assert lost(before, after) == {permission for permission in before if permission not in after}


@given(sets)
def test_permissions_are_listed_in_the_contracts_order(held):
    listed = in_order(held)
    assert frozenset(listed) == held
    assert listed == sorted(listed, key=list(Permission).index)
