"""What an administrator has entered and not applied yet, under an address of its own.

So a review can be reloaded, gone back from and taken up again, in several tabs at once, and without a script: each step
of picking people is a form sent, and leads to a page that can be asked for again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from gatekeeper.crypto.tokens import new_id
from gatekeeper.domain.login import DAY
from gatekeeper.manners.forms import Form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekeeper.web.inside import Turn

FIELD = "draft"
LIFETIME = DAY / 2
_LONGEST_KEY = 64


class Kind(StrEnum):
    """Which of the two forms it is."""

    RULES = "rules"
    TWO_STEP = "two-step"


@dataclass(frozen=True, slots=True)
class Draft:
    """A form as it was entered. ``key`` is its name in addresses."""

    key: str
    kind: Kind
    form: Form


async def keep(turn: Turn, kind: Kind, pairs: Sequence[tuple[str, str]]) -> Draft:
    """Keep what was entered, for half a day; it is found by nobody else."""
    draft = Draft(new_id(), kind, Form(pairs))
    await turn.services.drafts.replace(_name(turn, draft.key), json.dumps([kind.value, draft.form.pairs]), LIFETIME)
    return draft


async def find(turn: Turn) -> Draft | None:
    """The draft that the address or the form names; ``None`` where there is none, or none any more."""
    key = turn.form.get(FIELD) or turn.query.get(FIELD) or ""
    if not 0 < len(key) <= _LONGEST_KEY:
        return None
    text = await turn.services.drafts.get(_name(turn, key))
    if text is None:
        return None
    kind, pairs = json.loads(text)
    return Draft(key, Kind(kind), Form((name, value) for name, value in pairs))


def _name(turn: Turn, key: str) -> str:
    return f"policy:{turn.actor.user.user_id}:{key}"
