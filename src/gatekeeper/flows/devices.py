"""Devices known to a person: where they signed in before, and nobody else's guessing keeps them out.

The cookie holds a few random tokens, newest first, one for each person who signed in on this device; the store keeps
their digests by person. A token is minted at a sign-in and never taken from the browser, so a planted one is worth
nothing. A device that the person trusted stands in for the code for a while, and for nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gatekeeper.crypto.tokens import digest, new_token
from gatekeeper.domain.model import Method
from gatekeeper.domain.trust import DAY, trusted_until

if TYPE_CHECKING:
    from gatekeeper.domain.model import Attempt, Client, Policies
    from gatekeeper.flows.services import Services
    from gatekeeper.store.database import Tables
    from gatekeeper.store.devices import Device

MOST_TOKENS = 4
NOBODY = "00000000-0000-0000-0000-000000000000"
"""An id that no person has: it is asked for where a name is nobody's, so that the work is the same."""

KEPT = 400 * DAY
"""Seconds after the last sign-in on a device when it is forgotten; its cookie lives no longer either."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Trust:
    """What a device is promised: until when it stands in for the code, under which epoch of the policies."""

    until: float
    epoch: int


async def known(services: Services, user_id: str | None, client: Client) -> Device | None:
    """The device as this person's, if it is one; asks the store as often for nobody as for somebody."""
    found = None
    for token in _tokens(client):
        device = await services.database.read.devices.known(user_id or NOBODY, digest(token))
        found = found or device
    return found


def stands_in(device: Device | None, policies: Policies, now: float) -> bool:
    """Whether a device replaces the code now."""
    return device is not None and _until(device, policies) > now


async def still_stands_in(services: Services, user_id: str, hashed: str, policies: Policies, now: float) -> bool:
    """Whether a device that stood in for the code when an attempt began does so even now."""
    return stands_in(await services.database.read.devices.known(user_id, hashed), policies, now)


def trust_of(attempt: Attempt, policies: Policies, now: float) -> Trust | None:
    """What the device of an attempt that is done is promised; ``None`` unless the person asked for it and may.

    It takes the code of an authenticator, given in this attempt: a recovery code is for who has lost theirs.
    """
    days = policies.two_factor.trusted_devices_days
    given = any(proof.method is Method.OTP and proof.at >= attempt.created_at for proof in attempt.proofs)
    return Trust(now + days * DAY, policies.epoch) if attempt.trust_wanted and given and days is not None else None


async def remember(
    tables: Tables, user_id: str, device: Device | None, client: Client, now: float, *, trust: Trust | None = None
) -> str:
    """Note that a person signed in on a device, inside the caller's transaction; returns the cookie's new value."""
    tokens = _tokens(client)
    if device is None:
        tokens = [new_token(), *tokens][:MOST_TOKENS]
    hashed = digest(tokens[0]) if device is None else device.digest
    await tables.devices.remember(user_id, hashed, now, user_agent=client.user_agent, address=client.address)
    if trust is not None:
        await tables.devices.trust(user_id, hashed, now, trust.until, trust.epoch)
    return ".".join(tokens)


async def trusted_of(services: Services, user_id: str, now: float) -> list[Device]:
    """A person's devices that stand in for the code, each with the time until which it does by the policy in force."""
    policies = await services.database.read.policies.read()
    promised = await services.database.read.devices.trusted_of(user_id, now)
    return [
        replace(device, trusted_until=_until(device, policies))
        for device in promised
        if stands_in(device, policies, now)
    ]


def _until(device: Device, policies: Policies) -> float:
    return trusted_until(device.trusted_at, device.trusted_until, device.trusted_epoch, policies)


def _tokens(client: Client) -> list[str]:
    candidates = (client.device or "").split(".", MOST_TOKENS)[:MOST_TOKENS]
    return [token for token in candidates if _TOKEN.fullmatch(token)]
