"""Each kind of people is found by its name, under the policies as they stand."""

from __future__ import annotations

import pytest

from gatekeeper.domain.among import Among
from gatekeeper.domain.model import PasswordPolicy, Permission, Strength, TwoFactorMode, TwoFactorPolicy
from gatekeeper.store.authenticators import Authenticator
from tests.store.samples import BEGAN, new_id, new_user


@pytest.fixture
async def people(database):
    """Everybody is out of the ordinary in one way, and Nora in none."""
    new = {
        "nora": {},
        "open": {"enrolled": False},
        "weak": {"password_strength": Strength.BASIC},
        "bare": {"password_hash": None, "password_strength": None},
        "asked": {"change_required": True},
        "shut": {"enabled": False},
        "stuck": {},
        "boss": {"permissions": frozenset({Permission.AUDIT_READ})},
        "old": {"password_strength": None},
    }
    found = {}
    async with database.transaction() as tables:
        for name, changes in new.items():
            enrolled = changes.pop("enrolled", True)
            user = new_user(name, **{"password_hash": "$x", "password_strength": Strength.ADVANCED} | changes)
            await tables.users.add(user)
            if enrolled:
                await tables.authenticators.add(Authenticator(new_id(), user.id, "App", "sealed", BEGAN))
            found[name] = user.id
        await tables.users.set_locked("stuck", BEGAN)
    return found


async def test_each_kind_is_those_people_and_no_others(database, people, subtests):
    async with database.transaction() as tables:
        await tables.policies.set_password(PasswordPolicy(strength=Strength.MEDIUM), None)
    expected = {
        Among.WITHOUT_AUTHENTICATOR: {"open"},
        Among.MUST_ENROL: set(),
        Among.FALLS_SHORT: {"weak"},
        Among.MUST_CHANGE: {"asked"},
        Among.WITHOUT_PASSWORD: {"bare"},
        Among.LOCKED: {"stuck"},
        Among.DISABLED: {"shut"},
        Among.ADMINISTRATORS: {"boss"},
    }
    assert set(expected) == set(Among)
    for among, names in expected.items():
        with subtests.test(among.value):
            assert {user.facts.username for user in (await database.read.users.search(among=among)).items} == names


@pytest.mark.parametrize(
    ("mode", "listed", "found"),
    [
        (TwoFactorMode.OFF, [], set()),
        (TwoFactorMode.EVERYONE, [], {"open"}),
        (TwoFactorMode.EVERYONE, ["open"], set()),
        (TwoFactorMode.SELECTED, [], set()),
        (TwoFactorMode.SELECTED, ["open", "nora"], {"open"}),
    ],
)
async def test_who_must_enrol_follows_the_policy_and_its_list(database, people, mode, listed, found):
    async with database.transaction() as tables:
        await tables.policies.set_two_factor(TwoFactorPolicy(mode=mode), [people[name] for name in listed], None)
    page = await database.read.users.search(among=Among.MUST_ENROL)
    assert {user.facts.username for user in page.items} == found


async def test_nobody_falls_short_of_the_lowest_level(database, people):
    assert (await database.read.users.search(among=Among.FALLS_SHORT)).items == []
