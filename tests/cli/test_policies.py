from __future__ import annotations

import json

import pytest

OFF = {"mode": "off", "trusted_devices": {"mode": "off"}, "enrolment": "open"}


def policies(cli):
    return cli("policy", "show", "--json").json


def test_the_policies_begin_as_the_standards_advise(cli):
    assert policies(cli) == {
        "password": {"expiry": {"mode": "never"}, "reuse": {"forbid_last": 0}, "strength": "basic"},
        "two_factor": OFF,
    }
    assert "Strength               basic" in cli("policy", "show").out


def test_what_is_not_named_stays(cli):
    cli("policy", "set", "password", "--expiry", "90d", "--warn-days", "14", "--forbid-last", "3")
    ended = cli("policy", "set", "password", "--strength", "advanced")
    assert ended.code == 0
    assert "every 90 days" in ended.out
    assert policies(cli)["password"] == {
        "expiry": {"mode": "every", "days": 90, "warn_days": 14},
        "reuse": {"forbid_last": 3},
        "strength": "advanced",
    }


def test_expiry_can_be_taken_away(cli):
    cli("policy", "set", "password", "--expiry", "90")
    cli("policy", "set", "password", "--expiry", "never")
    assert policies(cli)["password"]["expiry"] == {"mode": "never"}


@pytest.mark.parametrize(
    "options", [["--expiry", "0"], ["--forbid-last", "25"], ["--expiry", "30", "--warn-days", "999"]]
)
def test_a_value_out_of_bounds_changes_nothing(cli, options):
    ended = cli("policy", "set", "password", *options)
    assert ended.code == 1
    assert "must be from" in ended.err
    assert policies(cli)["password"]["expiry"] == {"mode": "never"}


@pytest.mark.parametrize(
    "options",
    [
        ["password"],
        ["password", "--expiry", "soon"],
        ["two-factor"],
        ["two-factor", "--user", "anna"],
        ["two-factor", "--mode", "everyone", "--user", "anna"],
        ["two-factor", "--trusted-devices", "often"],
        ["two-factor", "--stdin", "--mode", "off"],
    ],
)
def test_what_makes_no_sense_is_a_wrong_call(cli, options):
    ended = cli("policy", "set", *options)
    assert ended.code == 2
    assert ended.err.count("\n") == 1


def test_everyone_except_some(cli, anna):
    ended = cli("policy", "set", "two-factor", "--mode", "everyone", "--except", "ANNA@example.com")
    assert ended.code == 0
    anna_id = cli("user", "show", anna, "--json").json["id"]
    assert policies(cli)["two_factor"] == OFF | {"mode": "everyone", "except": [anna_id]}
    assert "Except                 anna" in cli("policy", "show").out
    assert not cli("user", "show", anna, "--json").json["two_factor"]["required"]


def test_a_list_that_is_not_named_stays_with_its_mode(cli, anna):
    cli("policy", "set", "two-factor", "--mode", "selected", "--user", anna)
    cli("policy", "set", "two-factor", "--trusted-devices", "30d", "--enrolment", "with-code")
    found = policies(cli)["two_factor"]
    assert found["trusted_devices"] == {"mode": "days", "days": 30}
    assert found["enrolment"] == "with-code"
    assert len(found["users"]) == 1
    cli("policy", "set", "two-factor", "--mode", "everyone")
    assert policies(cli)["two_factor"]["except"] == []


def test_somebody_who_does_not_exist_changes_nothing(cli):
    assert cli("policy", "set", "two-factor", "--mode", "selected", "--user", "nobody").code == 1
    assert policies(cli)["two_factor"] == OFF


def test_a_whole_policy_comes_from_standard_input_as_the_api_takes_it(cli):
    whole = {"expiry": {"mode": "every", "days": 60}, "reuse": {"forbid_last": 5}, "strength": "medium"}
    assert cli("policy", "set", "password", "--stdin", stdin=json.dumps(whole)).code == 0
    assert policies(cli)["password"]["strength"] == "medium"
    assert cli("policy", "set", "two-factor", "--stdin", stdin='{"mode": "everyone"}').code == 0
    assert policies(cli)["two_factor"]["mode"] == "everyone"


@pytest.mark.parametrize(
    ("name", "body"), [("password", '{"strength": "x", "y": 1}'), ("two-factor", '{"mode": "x"}'), ("password", "no")]
)
def test_a_policy_that_is_none_is_refused_with_its_reasons(cli, name, body):
    ended = cli("policy", "set", name, "--stdin", stdin=body)
    assert ended.code == 1
    assert ": " in ended.err


def test_a_change_can_be_demanded_of_everybody(cli, anna):
    assert cli("policy", "set", "password", "--demand-change").code == 0
    assert cli("user", "show", anna, "--json").json["password"]["change_required"]


def test_every_change_is_in_the_audit_log(cli):
    cli("policy", "set", "password", "--strength", "medium")
    entries = [json.loads(line) for line in cli("audit", "export").out.splitlines()]
    (entry,) = [entry for entry in entries if entry["action"] == "policy.password.replace"]
    assert entry["details"]["via"] == "command-line"
    assert entry["actor_name"].startswith("command line")
