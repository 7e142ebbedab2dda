"""Who the gateway says is asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

USER, NAME, EMAIL, GROUPS = "X-Forwarded-User", "X-Forwarded-Name", "X-Forwarded-Email", "X-Forwarded-Groups"


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as the headers describe them; ``address`` is where their mail goes."""

    user: str
    name: str
    email: str
    groups: tuple[str, ...]

    @property
    def address(self) -> str:
        return (self.email or self.user).lower()

    @property
    def first_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.user.split("@")[0].capitalize()


def identity_of(headers: Mapping[str, str]) -> Identity | None:
    """Read the identity headers; ``None`` if they name nobody. A name that is not ASCII comes percent-encoded."""
    user = headers.get(USER, "").strip()
    if not user:
        return None
    groups = tuple(unquote(group.strip()) for group in headers.get(GROUPS, "").split(",") if group.strip())
    email = headers.get(EMAIL, "").strip()
    return Identity(unquote(user), unquote(headers.get(NAME, "")).strip() or user, email, groups)
