"""That a password expires soon, by mail: once for each password, whichever node finds it, and never all at once.

A look is a range of an index, without those who were told. Mails are written only while few wait in the outbox, so a
policy that lets thousands of passwords end within a week does not stand in the way of the link that somebody waits for.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.domain.login import DAY, password_expires_at
from gatekeeper.flows import mails
from gatekeeper.flows.mails import MailKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatekeeper.domain.model import PasswordPolicy, User
    from gatekeeper.flows.services import Services
    from gatekeeper.store.database import Tables

log = structlog.get_logger()

LOOK_EVERY = 900.0
"""Seconds between two looks."""

MORE_AFTER = 5.0
"""Seconds after which the rest is looked at, where there were more than one look takes."""

BATCH = 50
MOST_WAITING = 200
KIND = MailKind.PASSWORD_EXPIRES


class Reminders:
    """Writes the mails until it is cancelled.

    Args:
        services: the stores; mail is configured.
        clock: seconds since the epoch.
    """

    def __init__(self, services: Services, *, clock: Callable[[], float] = time.time) -> None:
        self._services = services
        self._clock = clock

    async def run(self) -> None:
        """Look again and again; a PostgreSQL that is away is waited for."""
        while True:
            try:
                rest = LOOK_EVERY if await self.look() else MORE_AFTER
            except GatekeeperError as error:
                log.warning("reminders.wait", reason=str(error))
                rest = LOOK_EVERY
            except Exception:
                log.exception("reminders.wait")
                rest = LOOK_EVERY
            await asyncio.sleep(rest)

    async def look(self) -> bool:
        """Write the mails that are due, a few at a time; whether everybody has been told.

        Raises:
            Unavailable: PostgreSQL does not answer.
        """
        policy = (await self._services.database.read.policies.read()).password
        while await self._services.database.read.outbox.count(MOST_WAITING) < MOST_WAITING:
            if not await self._tell_some(policy):
                return True
        return False

    async def _tell_some(self, policy: PasswordPolicy) -> bool:
        """Tell a few; whether there may be more."""
        if policy.expiry_days is None:
            return False
        now, days = self._clock(), policy.expiry_days
        warned = min(policy.warn_days, days - 1)
        async with self._services.database.transaction() as tables:
            found = await tables.notices.untold_of_expiry(
                KIND.value,
                days,
                changed_after=now - days * DAY,
                changed_until=now - (days - warned) * DAY,
                limit=BATCH,
            )
            for user, about in found:
                if await tables.notices.note(user.id, KIND.value, about, now):
                    await self._tell(tables, user, policy, now)
        return len(found) == BATCH

    async def _tell(self, tables: Tables, user: User, policy: PasswordPolicy, now: float) -> None:
        expires_at = password_expires_at(user.facts, policy)
        for recipient in mails.addresses(user):
            await mails.enqueue(
                self._services,
                tables,
                KIND,
                recipient,
                now,
                user=user,
                details={"expires_at": expires_at},
                until=expires_at,
            )
