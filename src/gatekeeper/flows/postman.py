"""Sends what the outbox holds; a mail server that is away delays mails and nothing else.

A mail is taken, handed over and crossed off in one transaction that holds its row, so that of several nodes one sends
it. It is sent at least once: a second time only where PostgreSQL or this node went away between the mail server's yes
and the end of the transaction, or where the server took it and its yes was lost. The second one has the same
``Message-ID``. A server that takes nothing is asked again after growing pauses; a mail that it does not take now rests
for growing times; one that it never takes, or whose time is over, is given up, with an entry in the audit log.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

import structlog

from gatekeeper.crypto.secretbox import Damaged
from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.flows.events import FAILED
from gatekeeper.flows.mails import link_context
from gatekeeper.mail.sending import Away, PutOff, Rejected
from gatekeeper.store.audit import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from email.message import EmailMessage
    from typing import Any

    from gatekeeper.crypto.secretbox import SecretBox
    from gatekeeper.mail.sending import Mailer
    from gatekeeper.store.database import Database, Tables
    from gatekeeper.store.outbox import Mail

    Write = Callable[[Mail, str | None], EmailMessage]

T = TypeVar("T")

log = structlog.get_logger()

LOOK_EVERY = 5.0
"""Seconds after which the outbox is looked into without being told: for what other nodes left, and what rested."""

SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
FIRST_DELAY, LONGEST_DELAY = 30.0, 3_600.0
MOST_COUNTED = 10_000
GRACE = 3.0
"""Seconds that a mail under way is given when the gateway stops, so that it is not sent twice."""


def delay(tries: int) -> float:
    """Seconds for which a mail rests that was not taken, after so many tries before."""
    return min(FIRST_DELAY * 4.0 ** min(tries, 10), LONGEST_DELAY)


class Postman:
    """Sends mail until it is cancelled.

    Args:
        database: with the outbox.
        box: opens the links of mails.
        mailer: hands them over.
        write: makes a message of a mail in the outbox and its link.
        every: seconds between two looks.
        clock: seconds since the epoch.

    Attributes:
        outcomes: how many mails this node has sent, has put off (each time), and has given up.
    """

    def __init__(
        self,
        database: Database,
        box: SecretBox,
        mailer: Mailer,
        write: Write,
        *,
        every: float = LOOK_EVERY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._box = box
        self._mailer = mailer
        self._write = write
        self._every = every
        self._clock = clock
        self._pause = 0.0
        self._failing = False
        self.outcomes = {"sent": 0, "put_off": 0, "given_up": 0}

    async def waiting(self) -> int:
        """How many mails wait, whichever node sends them; counted no further than ten thousand.

        Raises:
            Unavailable: PostgreSQL does not answer.
        """
        return await self._database.read.outbox.count(MOST_COUNTED)

    async def run(self) -> None:
        """Look into the outbox again and again; at once where this node has put something into it."""
        while True:
            self._database.posted.clear()
            await self._round()
            if self._pause:
                await asyncio.sleep(self._pause)
                continue
            try:
                async with asyncio.timeout(self._every):
                    await self._database.posted.wait()
            except TimeoutError:
                pass

    async def deliver(self) -> int:
        """Give up what is past its time and send all that is due; how many mails were sent.

        Raises:
            Away: the mail server takes nothing.
            Unavailable: PostgreSQL does not answer.
        """
        sent = 0
        try:
            while await self._give_up_outlived():
                pass
            while (taken := await _finished(self._send_one())) is not None:
                sent += taken
        finally:
            await self._mailer.close()
        return sent

    async def _round(self) -> None:
        """Deliver; whatever goes wrong is waited for."""
        try:
            await self.deliver()
        except Away as error:
            if not self._pause:
                log.warning("mail.server_away", reason=error.reason)
            self._pause = min(max(self._pause * 2.0, SHORTEST_PAUSE), LONGEST_PAUSE)
        except GatekeeperError as error:
            self._tell_failure(str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, the next mail must not wait for a restart
            self._tell_failure(type(error).__name__)
        else:
            self._failing = False

    def _tell_failure(self, reason: str) -> None:
        """Say once that mails wait."""
        if not self._failing:
            self._failing = True
            log.warning("mail.waits", reason=reason)

    async def _send_one(self) -> int | None:
        """Send the next mail that is due: 1 if it was taken, 0 if not; ``None`` where none is due."""
        now = self._clock()
        async with self._database.transaction() as tables:
            mail = await tables.outbox.take(now)
            if mail is None:
                return None
            try:
                await self._mailer.send(self._written(mail), mail.recipient)
            except PutOff as error:
                await tables.outbox.put_off(mail, now + delay(mail.tries))
                self.outcomes["put_off"] += 1
                log.warning("mail.put_off", kind=mail.kind, mail=mail.id, tries=mail.tries + 1, reason=error.reason)
                return 0
            except Rejected as error:
                await self._give_up(tables, mail, error.reason, now)
                return 0
            await tables.outbox.remove(mail)
        self.outcomes["sent"] += 1
        log.info("mail.sent", kind=mail.kind, mail=mail.id)
        if self._pause:
            self._pause = 0.0
            log.info("mail.server_back")
        return 1

    def _written(self, mail: Mail) -> EmailMessage:
        """The message.

        Raises:
            Rejected: its link cannot be read any more.
            PutOff: it cannot be written; somebody may mend the template.
        """
        try:
            link = None if mail.sealed is None else self._box.open(mail.sealed, link_context(mail.kind, mail.recipient))
        except Damaged as error:
            raise Rejected(str(error)) from None
        try:
            return self._write(mail, link)
        except Exception as error:  # noqa: BLE001 - templates are the operator's too; no text of the mail into a log
            raise PutOff(f"cannot be written: {type(error).__name__}") from None

    async def _give_up_outlived(self) -> bool:
        now = self._clock()
        async with self._database.transaction() as tables:
            mail = await tables.outbox.take_outlived(now)
            if mail is not None:
                await self._give_up(tables, mail, "could not be sent in time", now)
        return mail is not None

    async def _give_up(self, tables: Tables, mail: Mail, reason: str, now: float) -> None:
        await tables.outbox.remove(mail)
        username = str(mail.details.get("username", ""))
        details = {"kind": mail.kind, "recipient": mail.recipient, "reason": reason, "tries": mail.tries}
        await tables.audit.add(
            AuditEntry(
                at=now,
                actor_id=None,
                actor_name="",
                action="mail.given-up",
                target_id=mail.user_id,
                target_name=username or None,
                outcome=FAILED,
                details=details,
            )
        )
        self.outcomes["given_up"] += 1
        log.error("mail.given_up", kind=mail.kind, mail=mail.id, tries=mail.tries, reason=reason)


async def _finished(work: Coroutine[Any, Any, T]) -> T:
    """What a piece of work returns; cancelled meanwhile, it still gets a moment to come to its end."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=GRACE)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise
