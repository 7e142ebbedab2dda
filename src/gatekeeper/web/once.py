"""Secrets that a page shows a single time after the form that made them: a code, a link.

Between the form's answer (303) and the page they lie beside the session in Redis, sealed, and the page takes them out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp_session import get_session

from gatekeeper.crypto.secretbox import Damaged
from gatekeeper.domain.wording import packed, unpacked

if TYPE_CHECKING:
    from gatekeeper.web.inside import Turn

_KEY = "once"


@dataclass(frozen=True, slots=True)
class Once:
    """A secret to show now: ``title`` and ``text`` say what it is for."""

    title: str
    text: str
    secret: str


async def keep(turn: Turn, about: str, secret: Once) -> None:
    """Have the page about something show a secret, once.

    Args:
        turn: the request that made it.
        about: what the page is about, such as a person's id.
        secret: what it shows.
    """
    scratch = await get_session(turn.request)
    sealed = turn.services.box.seal(secret.secret, _context(turn, about))
    scratch[_KEY] = [about, packed(secret.title), packed(secret.text), sealed]


async def take(turn: Turn, about: str) -> Once | None:
    """The secret to show on the page about something; it is not shown again."""
    scratch = await get_session(turn.request)
    kept = scratch.get(_KEY)
    if kept is None or kept[0] != about:
        return None
    del scratch[_KEY]
    _, title, text, sealed = kept
    try:
        return Once(unpacked(title), unpacked(text), turn.services.box.open(sealed, _context(turn, about)))
    except Damaged:
        return None


def _context(turn: Turn, about: str) -> str:
    return f"once {turn.session.owner.user_id} {about}"
