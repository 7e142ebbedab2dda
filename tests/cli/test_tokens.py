from __future__ import annotations

import json

import pytest


def test_the_token_alone_is_printed(cli, chief):
    ended = cli("token", "create", "nightly", "--user", chief, "--permission", "policies.manage", "--expires", "90d")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("gk_")
    assert ended.out.split() == [ended.out.strip()]
    assert ended.out.strip() not in cli("audit", "export").out


def test_tokens_are_listed_without_themselves(cli, chief):
    secret = cli("token", "create", "nightly", "--user", chief, "--permission", "audit.read").out.strip()
    (listed,) = cli("token", "list", "--json").json
    assert (listed["name"], listed["owner"], listed["permissions"]) == ("nightly", "chief", ["audit.read"])
    table = cli("token", "list", "--user", chief).out
    assert "nightly" in table
    assert secret not in table


def test_a_token_never_holds_more_than_its_owner(cli, anna):
    ended = cli("token", "create", "x", "--user", anna, "--permission", "policies.manage")
    assert (ended.code, ended.out) == (1, "")
    assert "policies.manage" in ended.err


@pytest.mark.parametrize("expires", ["90", "soon", "0d"])
def test_an_end_that_is_none_is_a_wrong_call(cli, chief, expires):
    ended = cli("token", "create", "x", "--user", chief, "--permission", "audit.read", "--expires", expires)
    assert ended.code == 2
    assert "90d" in ended.err


def test_a_token_is_revoked_by_id_or_by_a_name_of_its_own(cli, chief):
    for name in ("a", "b", "b"):
        cli("token", "create", name, "--user", chief, "--permission", "audit.read")
    assert cli("token", "revoke", "a").out == "a is revoked\n"
    assert "by its id" in cli("token", "revoke", "b").err
    assert cli("token", "revoke", cli("token", "list", "--json").json[0]["id"]).code == 0
    assert cli("token", "revoke", "b").code == 0
    assert cli("token", "revoke", "b").code == 1
    assert cli("token", "list").out == "no token\n"


def test_the_log_is_json_lines_oldest_first(cli, chief):
    cli("token", "create", "a", "--user", chief, "--permission", "audit.read")
    entries = [json.loads(line) for line in cli("audit", "export").out.splitlines()]
    assert [entry["action"] for entry in entries] == ["user.create", "token.create", "audit.export"]
