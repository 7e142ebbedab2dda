"""All commands, and how they end."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from cyclopts import App, CycloptsError, Parameter

from gatekeeper.cli.failures import Usage, reasons

if TYPE_CHECKING:
    from collections.abc import Sequence

DONE, CANNOT, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130

COMMANDS = {
    "demo": ("demo:demo", "Try it: a small mail platform behind a gateway, on 127.0.0.1 only."),
    "serve": ("serve:serve", "Run the gateway."),
    "config check": ("check:check", "Every fault in a configuration file, each with its place."),
    "doctor": ("doctor:doctor", "Try to get past the gateway, as an attacker would, and say what to change."),
    "migrate": ("migrate:migrate", "Bring the database to the current schema."),
    "user add": ("users:add", "Add a person."),
    "user list": ("users:list_", "List people."),
    "user show": ("users:show", "Show one person."),
    "user import": ("people_import:import_", "Import people from a CSV file."),
    "user set-password": ("users:set_password", "Give a person a password."),
    "user disable": ("users:disable", "Close an account; its sessions end."),
    "user enable": ("users:enable", "Open an account again."),
    "user reset-two-factor": (
        "users:reset_two_factor",
        "Remove a person's authenticators; they enrol anew.",
    ),
    "user grant": ("granting:grant", "Give a person permissions."),
    "user revoke": ("granting:revoke", "Take permissions from a person."),
    "policy show": ("policies:show", "Show the policies in force."),
    "policy set password": ("policy_setting:set_password", "Set expiry, reuse and strength."),
    "policy set two-factor": ("policy_setting:set_two_factor", "Set whom two-step verification reaches."),
    "token create": ("tokens:create", "Make an API token; it alone is printed."),
    "token list": ("tokens:list_", "List API tokens."),
    "token revoke": ("tokens:revoke", "End an API token."),
    "audit export": ("audit:export", "The audit log as JSON lines, oldest first."),
}
GROUPS = {
    "config": "The configuration file.",
    "user": "Accounts.",
    "policy": "Password rules and two-step verification.",
    "policy set": "Set a policy.",
    "token": "API tokens.",
    "audit": "The audit log.",
}


def make_app() -> App:
    """The tree of commands; a command's own module is imported only when it is called."""
    app = App(
        name="gatekeeper",
        help="An authentication gateway for mail platforms.",
        version=version("gatekeeper"),
        help_format="plaintext",
        result_action="return_value",
        default_parameter=Parameter(negative=()),
    )
    groups = {"": app}
    for path, text in GROUPS.items():
        parent, _, name = path.rpartition(" ")
        groups[path] = App(name=name, help=text)
        groups[parent].command(groups[path])
    for path, (place, text) in COMMANDS.items():
        parent, _, name = path.rpartition(" ")
        groups[parent].command(f"gatekeeper.cli.{place}", name=name, help=text)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Returns:
        The exit code: 0 done, 1 cannot be done, 2 wrong usage.
    """
    try:
        make_app()(arguments, exit_on_error=False, print_error=False)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CANNOT
    except KeyboardInterrupt:
        return INTERRUPTED
    except CycloptsError as error:
        return _complain([f"{' '.join(str(error).split())} (--help tells more)"], WRONG_USAGE)
    except Usage as error:
        return _complain([str(error)], WRONG_USAGE)
    except Exception as error:
        lines = reasons(error)
        if lines is None:
            raise
        return _complain(lines, CANNOT)
    return DONE


def _complain(lines: Sequence[str], code: int) -> int:
    for line in lines:
        print(line, file=sys.stderr)
    return code
