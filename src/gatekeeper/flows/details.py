"""What a person's details must look like before they are stored, whoever writes them: API, import or command line."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from gatekeeper.domain import names
from gatekeeper.domain.errors import Refused
from gatekeeper.domain.wording import N_

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_GROUPS = 200


def username(text: str) -> str:
    """The stored spelling of a user name.

    Raises:
        Refused: it cannot be one (field ``username``).
    """
    return _checked(names.stored_username, text, "username")


def email(text: str, field: str = "email") -> str:
    """The stored spelling of an address.

    Raises:
        Refused: it cannot be one (the field is named as given).
    """
    return _checked(names.stored_email, text, field)


def display_name(text: str, fallback: str) -> str:
    """The name that people see; where it is empty, the user name stands in.

    Raises:
        Refused: it cannot be one (field ``display_name``).
    """
    if not text.strip():
        return fallback
    return _checked(_person, text, "display_name")


def groups(wanted: Sequence[str]) -> tuple[str, ...]:
    """The groups, each once, in the order given.

    Raises:
        Refused: one has a comma (it separates groups in the header), or cannot be a name (field ``groups.2``).
    """
    if len(wanted) > MOST_GROUPS:
        raise Refused("too-many", N_("At most %(most)s groups.", most=MOST_GROUPS), "groups")
    return tuple(dict.fromkeys(_checked(_group, text, f"groups.{at}") for at, text in enumerate(wanted)))


def _checked(rule: Callable[[str], str], text: str, field: str) -> str:
    try:
        return rule(text)
    except ValueError as fault:
        raise Refused("invalid", fault.args[0], field) from fault


def _person(text: str) -> str:
    """A name of a person has no domain, so nothing in it is rewritten as one."""
    name = unicodedata.normalize("NFKC", text.strip())
    if "@" in name:
        names.stored_name(name.replace("@", " at "))
        return name
    return names.stored_name(name)


def _group(text: str) -> str:
    if "," in text:
        raise ValueError(N_("The name of a group has no comma."))
    return _person(text)
