"""The command line in this process, over real engines."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from gatekeeper.cli.commands import run


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it showed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No setting from outside, and the log as it was."""
    for name in [name for name in os.environ if name.startswith("GATEKEEPER_")]:
        monkeypatch.delenv(name)
    yield
    structlog.reset_defaults()


@pytest.fixture
def bare(
    plain_environment: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ended]:
    """Runs a command without a configuration."""

    def command(*arguments: str, stdin: str = "") -> Ended:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        shown = capsys.readouterr()
        return Ended(code, shown.out, shown.err)

    return command


def write_config(folder: Path, database: str, redis: str, port: int = 8080) -> Path:
    file = folder / "gatekeeper.toml"
    file.write_text(
        f"""
[server]
public_url = "http://localhost:{port}"
listen = "127.0.0.1:{port}"

[storage]
data = "data"
database = "{database}"
redis = "{redis}"

[[route]]
name = "webmail"
path = "/"
upstream = "http://127.0.0.1:9"
"""
    )
    return file


@pytest.fixture
def config_file(tmp_path: Path, database_url: str, redis_url: str) -> Path:
    """A configuration over real engines with nothing in them."""
    return write_config(tmp_path, database_url, redis_url)


@pytest.fixture
def cli(bare: Callable[..., Ended], config_file: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """Runs a command over real engines."""
    monkeypatch.setenv("GATEKEEPER_CONFIG", str(config_file))
    return bare


@pytest.fixture
def anna(cli: Callable[..., Ended]) -> str:
    """A person without permissions."""
    assert cli("user", "add", "anna", "--email", "anna@example.com", "--password-stdin", stdin="Zephyr-77\n").code == 0
    return "anna"


@pytest.fixture
def chief(cli: Callable[..., Ended]) -> str:
    """A person with all permissions."""
    permissions = ("permissions.grant", "users.manage", "policies.manage", "audit.read")
    named = [part for permission in permissions for part in ("--permission", permission)]
    added = cli("user", "add", "chief", "--email", "c@example.com", "--password-stdin", *named, stdin="Zephyr-77\n")
    assert added.code == 0
    return "chief"
