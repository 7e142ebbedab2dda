"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

ConfigFile = Annotated[
    Path | None, Parameter(name="--config", env_var="GATEKEEPER_CONFIG", help="The configuration file.")
]
AsJson = Annotated[bool, Parameter(name="--json", help="JSON instead of a table.")]
PasswordStdin = Annotated[
    bool, Parameter(name="--password-stdin", help="Read the password from standard input, not a prompt.")
]
PermissionName = Literal[
    "policies.manage",
    "users.manage",
    "users.reset_two_factor",
    "permissions.grant",
    "audit.read",
    "clients.manage",
]
