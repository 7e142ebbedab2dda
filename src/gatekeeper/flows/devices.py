"""Devices known to a person: where they signed in before, and nobody else's guessing keeps them out.

The cookie holds a few random tokens, newest first, one for each person who signed in on this device; the store keeps
their digests by person. A token is minted at a sign-in and never taken from the browser, so a planted one is worth
nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.crypto.tokens import digest, new_token

if TYPE_CHECKING:
    from gatekeeper.domain.model import Client, TwoFactorPolicy
    from gatekeeper.flows.services import Services
    from gatekeeper.store.database import Tables

MOST_TOKENS = 4
NOBODY = "00000000-0000-0000-0000-000000000000"
"""An id that no person has: it is asked for where a name is nobody's, so that the work is the same."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device on which the person signed in before: its token's digest, and until when it stands in for the code."""

    digest: str
    trusted_until: float | None

    def is_trusted(self, policy: TwoFactorPolicy, now: float) -> bool:
        """Whether it replaces the code now."""
        return policy.trusted_devices_days is not None and (self.trusted_until or 0.0) > now


async def known(services: Services, user_id: str | None, client: Client) -> KnownDevice | None:
    """The device as this person's, if it is one; asks the store as often for nobody as for somebody."""
    found = None
    for token in _tokens(client):
        hashed = digest(token)
        device = await services.database.read.devices.known(user_id or NOBODY, hashed)
        if device is not None and found is None:
            found = KnownDevice(hashed, device.trusted_until)
    return found


async def remember(tables: Tables, user_id: str, device: KnownDevice | None, client: Client, now: float) -> str:
    """Note that a person signed in on a device, inside the caller's transaction; returns the cookie's new value."""
    tokens = _tokens(client)
    if device is None:
        tokens = [new_token(), *tokens][:MOST_TOKENS]
        await tables.devices.remember(user_id, digest(tokens[0]), now)
    else:
        await tables.devices.remember(user_id, device.digest, now, device.trusted_until)
    return ".".join(tokens)


def _tokens(client: Client) -> list[str]:
    candidates = (client.device or "").split(".", MOST_TOKENS)[:MOST_TOKENS]
    return [token for token in candidates if _TOKEN.fullmatch(token)]
