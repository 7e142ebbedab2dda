from __future__ import annotations

import subprocess
import sys
import time
from typing import get_args

import pytest

from gatekeeper.cli.commands import COMMANDS
from gatekeeper.cli.options import PermissionName
from gatekeeper.domain.model import Permission


def test_every_command_can_be_called_for_help(bare):
    for command in COMMANDS:
        ended = bare(*command.split(), "--help")
        assert ended.code == 0, command
        assert f"Usage: gatekeeper {command}" in ended.out
        assert ended.err == ""


@pytest.mark.parametrize("group", ["", "config", "user", "policy", "policy set", "token", "audit"])
def test_a_group_without_a_command_lists_its_commands(bare, group):
    ended = bare(*group.split())
    assert ended.code == 0
    assert "Commands" in ended.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["user", "nonsense"],
        ["user", "add"],
        ["user", "add", "anna"],
        ["user", "add", "anna", "--email", "a@example.com", "--permission", "everything"],
        ["user", "add", "anna", "--email", "a@example.com", "--password", "secret"],
        ["serve", "--workers", "0"],
        ["demo", "--port", "99999"],
        ["policy", "set", "password", "--strength", "strong"],
        ["token", "create", "x"],
    ],
)
def test_a_wrong_call_ends_with_2_and_one_line(bare, arguments):
    ended = bare(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.count("\n") == 1


def test_a_command_without_a_configuration_says_how_to_name_one(bare):
    ended = bare("user", "list")
    assert ended.code == 2
    assert "GATEKEEPER_CONFIG" in ended.err


def test_a_faulty_configuration_ends_any_command_with_its_faults(bare, tmp_path):
    file = tmp_path / "gatekeeper.toml"
    file.write_text("[server]\npublic_url = 'x'\nfoo = 1\n[storage]\ndata = 'd'\n")
    for command in (["user", "list"], ["migrate"], ["serve"], ["policy", "show"]):
        ended = bare(*command, "--config", str(file))
        assert ended.code == 1
        assert [line.partition(":")[0] for line in ended.err.splitlines()] == ["server.public_url", "server.foo"]


def test_the_names_of_permissions_are_those_of_the_model():
    assert set(get_args(PermissionName)) == {permission.value for permission in Permission}


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from gatekeeper.cli.commands import run; run(['--help']); "
        "print([name for name in ('sqlalchemy', 'aiohttp', 'redis', 'pydantic', 'uvloop') if name in sys.modules])"
    )
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert time.monotonic() - begun < 10


def test_the_version_is_told(bare):
    from importlib.metadata import version

    assert bare("--version").out.strip() == version("gatekeeper")


def test_the_module_runs_as_the_command_does():
    done = subprocess.run([sys.executable, "-m", "gatekeeper", "nonsense"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
