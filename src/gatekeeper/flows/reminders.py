"""That a password expires soon, by mail: once for each password, whichever node finds it, and never all at once.

A look walks through the passwords in the order of their age, from those that end first, some at a time: of a million,
tens of thousands end within a week, and nearly all of them were told before. Mails are written only while few wait in
the outbox, so a policy that lets thousands of passwords end within a week does not stand in the way of the link that
somebody waits for; the next look goes on from where this one stopped.
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
from gatekeeper.store.notices import LAST_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gatekeeper.domain.model import PasswordPolicy, User
    from gatekeeper.flows.services import Services
    from gatekeeper.store.database import Tables
    from gatekeeper.store.notices import Ending, Place

log = structlog.get_logger()

LOOK_EVERY = 900.0
"""Seconds between two looks."""

MORE_AFTER = 5.0
"""Seconds after which the rest is looked at, where there were more than one look takes."""

CHUNK = 1_000
"""How many passwords one statement looks at."""

BATCH = 50
"""How many people are told in one transaction."""

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
        self._place: Place | None = None

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
        """Write the mails that are due; whether everybody has been told, or there was no room for all.

        Raises:
            Unavailable: PostgreSQL does not answer.
        """
        policy = (await self._services.database.read.policies.read()).password
        while policy.expiry_days is not None:
            untold, place = await self._untold(policy, policy.expiry_days)
            for start in range(0, len(untold), BATCH):
                if await self._services.database.read.outbox.count(MOST_WAITING) >= MOST_WAITING:
                    return False
                await self._tell_some(untold[start : start + BATCH], policy)
            self._place = place
            if place is None:
                break
        return True

    async def _untold(self, policy: PasswordPolicy, days: int) -> tuple[list[Ending], Place | None]:
        """Whom to tell among the owners of the next passwords that end soon, and where those end."""
        now = self._clock()
        first = (now - days * DAY, LAST_ID)
        return await self._services.database.read.notices.untold_of_expiry(
            KIND.value,
            days,
            after=first if self._place is None else max(first, self._place),
            changed_until=now - (days - min(policy.warn_days, days - 1)) * DAY,
            limit=CHUNK,
        )

    async def _tell_some(self, endings: Sequence[Ending], policy: PasswordPolicy) -> None:
        """Tell those of a few people who can sign in, still have that password, and were told by no other node."""
        about = {ending.place: ending.about for ending in endings}
        now = self._clock()
        async with self._services.database.transaction() as tables:
            for user in await tables.users.by_ids(user_id for _, user_id in about):
                place = (user.facts.password_changed_at, user.id)
                if not user.facts.enabled or place not in about:
                    continue
                if await tables.notices.note(user.id, KIND.value, about[place], now):
                    await self._tell(tables, user, policy, now)

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
