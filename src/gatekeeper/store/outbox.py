"""Mail that waits to be sent: written in the transaction of what it tells of, sent afterwards by any one node.

Whoever sends a row holds it locked until it is gone, put off or given up, and others pass it by, so no two nodes send
it at once, and one that dies lets go of it by dying.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from gatekeeper.store.schema import outbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Row, Select

    from gatekeeper.store.running import Runner


@dataclass(frozen=True, slots=True)
class NewMail:
    """A mail to be sent.

    ``kind`` names its template, ``details`` is JSON without secrets, ``sealed`` is what only the recipient may read (a
    link), sealed. ``language`` is a tag, or what a browser asks for; ``None``: English. It is not sent any more after
    ``give_up_at``.
    """

    kind: str
    recipient: str
    created_at: float
    give_up_at: float
    user_id: str | None = None
    language: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    sealed: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Mail(NewMail):
    """A mail in the outbox, with its number and how often it was tried in vain."""

    id: int = 0
    tries: int = 0


class Outbox:
    """The outbox."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self.added = False
        """Whether anything was added here: its transaction, once committed, has mail to send."""

    async def add(self, mail: NewMail) -> None:
        """Put a mail into the outbox; it is due at once, when the transaction is committed."""
        await self._runner.change(
            insert(outbox).values(
                kind=mail.kind,
                recipient=mail.recipient,
                user_id=mail.user_id,
                language=mail.language,
                details=dict(mail.details),
                sealed=mail.sealed,
                created_at=mail.created_at,
                next_try_at=mail.created_at,
                give_up_at=mail.give_up_at,
            )
        )
        self.added = True

    async def take(self, now: float) -> Mail | None:
        """Lock a mail that is due and that nobody else is sending; links first, for somebody waits for those.

        The row stays locked until the transaction ends: :meth:`remove` it or :meth:`put_off` in the same one.
        """
        due = select(outbox).where(outbox.c.next_try_at <= now, outbox.c.give_up_at > now)
        due = due.order_by(outbox.c.next_try_at)
        link = await self._locked(due.where(outbox.c.sealed.is_not(None)))
        return link or await self._locked(due)

    async def take_outlived(self, now: float) -> Mail | None:
        """Lock a mail whose time is over."""
        return await self._locked(select(outbox).where(outbox.c.give_up_at <= now).order_by(outbox.c.id))

    async def remove(self, mail: Mail) -> None:
        """Take out a mail that was sent, or that never will be."""
        await self._runner.change(delete(outbox).where(outbox.c.id == mail.id))

    async def put_off(self, mail: Mail, until: float) -> None:
        """Count a try that failed, and let the mail rest until a time."""
        later = {"next_try_at": until, "tries": outbox.c.tries + 1}
        await self._runner.change(update(outbox).where(outbox.c.id == mail.id).values(**later))

    async def count(self, at_most: int) -> int:
        """How many mails wait; counted no further than ``at_most``."""
        some = select(outbox.c.id).limit(at_most).subquery()
        return int(await self._runner.value(select(func.count()).select_from(some)))

    async def _locked(self, query: Select[Any]) -> Mail | None:
        row = await self._runner.row(query.limit(1).with_for_update(skip_locked=True))
        return None if row is None else _mail_of(row)


def _mail_of(row: Row[Any]) -> Mail:
    return Mail(
        kind=row.kind,
        recipient=row.recipient,
        created_at=row.created_at,
        give_up_at=row.give_up_at,
        user_id=row.user_id,
        language=row.language,
        details=row.details,
        sealed=row.sealed,
        id=row.id,
        tries=row.tries,
    )
