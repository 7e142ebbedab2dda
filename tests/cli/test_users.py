from __future__ import annotations

import pytest


def test_a_person_is_added_with_what_was_named(cli):
    ended = cli(
        *("user", "add", "Bob", "--email", "bob@example.com", "--display-name", "Bob B", "--group", "staff"),
        *("--group", "sales", "--permission", "audit.read", "--permission", "users.manage", "--password-stdin"),
        stdin=" Zephyr-77 \n",
    )
    assert (ended.code, ended.err) == (0, "")
    shown = cli("user", "show", "bob", "--json").json
    assert (shown["username"], shown["email"], shown["display_name"]) == ("Bob", "bob@example.com", "Bob B")
    assert shown["groups"] == ["staff", "sales"]
    assert shown["permissions"] == ["users.manage", "audit.read"]
    assert shown["password"]["strength"] == "advanced"


def test_a_password_is_never_an_argument_and_never_shown(cli, anna):
    assert "Zephyr-77" not in cli("user", "show", anna, "--json").out
    assert "Zephyr-77" not in cli("audit", "export").out


def test_without_a_terminal_the_password_comes_from_standard_input(cli):
    ended = cli("user", "add", "bob", "--email", "bob@example.com", stdin="Zephyr-77\n")
    assert ended.code == 2
    assert "--password-stdin" in ended.err


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (["anna", "--email", "other@example.com"], "Zephyr-77\n", "user name"),
        (["ANNA ", "--email", "other@example.com"], "Zephyr-77\n", "user name"),
        (["bob", "--email", "nonsense"], "Zephyr-77\n", "email"),
        (["bob", "--email", "bob@example.com"], "short\n", "new_password"),
        (["bob", "--email", "bob@example.com"], "\n", "empty"),
    ],
)
def test_what_cannot_be_added_is_said_in_one_line(cli, anna, arguments, stdin, words):
    ended = cli("user", "add", *arguments, "--password-stdin", stdin=stdin)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.count("\n") == 1
    assert words in ended.err


def test_people_are_listed_as_a_table_and_as_json(cli, anna, chief):
    table = cli("user", "list").out
    assert "anna@example.com" in table
    assert "permissions.grant" in table
    assert [user["username"] for user in cli("user", "list", "--json").json] == ["anna", "chief"]
    assert [user["username"] for user in cli("user", "list", "ann", "--json").json] == ["anna"]
    assert [user["username"] for user in cli("user", "list", "--permission", "audit.read", "--json").json] == ["chief"]
    assert cli("user", "list", "zzz").out == "nobody\n"


def test_a_person_is_found_by_name_or_address_however_spelt(cli, anna):
    for name in ("anna", " ANNA", "Anna@Example.COM"):
        assert "anna@example.com" in cli("user", "show", name).out


def test_who_does_not_exist_is_said(cli):
    for command in (["show"], ["disable"], ["grant"], ["reset-two-factor", "--reason", "x"]):
        name, *options = command
        extra = ["audit.read"] if name == "grant" else []
        ended = cli("user", name, "nobody\x1b[2J", *extra, *options)
        assert ended.code == 1
        assert ended.err == "nobody is called nobody\\x1b[2J\n"


def test_a_given_password_is_judged_and_kept(cli, anna):
    assert cli("user", "set-password", anna, "--password-stdin", stdin="short\n").code == 1
    assert cli("user", "set-password", anna, "--password-stdin", "--must-change", stdin="Quartz-99\n").code == 0
    assert cli("user", "show", anna, "--json").json["password"]["change_required"]


def test_an_account_is_closed_and_opened_again(cli, anna):
    assert cli("user", "disable", anna).out == "anna is disabled\n"
    assert not cli("user", "show", anna, "--json").json["enabled"]
    assert cli("user", "enable", anna).code == 0
    assert cli("user", "show", anna, "--json").json["enabled"]


def test_permissions_are_granted_beside_those_held_and_taken(cli, anna, chief):
    cli("user", "grant", anna, "audit.read")
    assert cli("user", "grant", anna, "--permission", "users.manage").out == "anna holds audit.read, users.manage\n"
    assert cli("user", "revoke", anna, "audit.read", "users.manage").out == "anna holds no permission\n"


def test_a_grant_names_its_permissions(cli, anna):
    assert cli("user", "grant", anna).code == 2


def test_the_last_who_can_grant_permissions_keeps_that(cli, chief):
    for command in (["revoke", chief, "permissions.grant"], ["disable", chief]):
        ended = cli("user", *command)
        assert ended.code == 1
        assert ended.err.count("\n") == 1
    assert "permissions.grant" in cli("user", "show", chief).out


def test_a_reset_needs_a_reason_and_keeps_it(cli, anna):
    assert cli("user", "reset-two-factor", anna).code == 2
    assert cli("user", "reset-two-factor", anna, "--reason", " ").code == 1
    assert cli("user", "reset-two-factor", anna, "--reason", "lost her phone").code == 0
    assert "lost her phone" in cli("audit", "export").out


def test_a_reset_prints_the_enrolment_code_alone_where_one_is_needed(cli, anna):
    cli("policy", "set", "two-factor", "--mode", "everyone", "--enrolment", "with-code")
    code = cli("user", "reset-two-factor", anna, "--reason", "lost her phone").out
    assert code.count("\n") == 1
    assert " " not in code.strip()
