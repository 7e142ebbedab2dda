"""Asking whoever types: passwords and reasons. Nothing is asked where nobody can answer."""

from __future__ import annotations

import sys

from gatekeeper.cli.failures import Failure, Usage


def password(*, stdin: bool) -> str:
    """A password from standard input (its first line) or, twice, from a prompt. It is taken as it is, never trimmed.

    Raises:
        Usage: there is no terminal to ask at.
        Failure: it is empty, or the two differ.
    """
    if stdin:
        first = sys.stdin.readline()
        given = first.removesuffix("\n").removesuffix("\r")
    elif sys.stdin.isatty():
        from getpass import getpass

        given = getpass("Password: ")
        if getpass("Again: ") != given:
            raise Failure("the two passwords differ")
    else:
        raise Usage("there is no terminal to ask for the password at: use --password-stdin")
    if not given:
        raise Failure("the password is empty")
    return given


def reason(given: str | None) -> str:
    """The reason for a grave change, asked for where it was not given.

    Raises:
        Usage: it was not given, and there is no terminal to ask at.
    """
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise Usage("say why: --reason '…'; it is kept in the audit log")
    return input("Reason (kept in the audit log): ")
