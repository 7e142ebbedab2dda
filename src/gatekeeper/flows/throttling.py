"""Guessing: who is counted for a wrong password or code, and who has to wait.

Failures count per person, however the name is spelt, and per address, for passwords and codes apart. A device that is
known to the person has a count of its own, so nobody else's guessing keeps them out there. Repeats of one wrong secret
count once. What is kept in Redis is a keyed digest: people type passwords into the field for the name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from gatekeeper.domain import lockout
from gatekeeper.domain.addresses import UNIX, counted_as
from gatekeeper.domain.errors import GatekeeperError
from gatekeeper.domain.names import canonical_name

if TYPE_CHECKING:
    from gatekeeper.domain.model import User
    from gatekeeper.flows.services import Services

NO_ADDRESSES = ("", UNIX)
"""Peers on a Unix socket have no address, and all of them would share one count."""


class Throttled(GatekeeperError):
    """Too many failures: nothing was checked; ``seconds`` is how long to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many failures, wait {seconds:.0f} s")
        self.seconds = seconds


class Kind(StrEnum):
    """What is guessed at, or asked for again and again; each has counts of its own."""

    PASSWORD = "password"  # noqa: S105 - the name of a kind
    CODE = "code"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Guesser:
    """Whose count a failure raises.

    ``person`` is the canonical user name. ``device`` is the digest of a device known to that person, or ``None``.
    ``address`` is the network that guesses, or ``None`` where there is none (a Unix socket) or it does not count.
    """

    kind: Kind
    person: str
    device: str | None
    address: str | None


def guesser(kind: Kind, person: str, address: str, device: str | None) -> Guesser:
    """Who is counted: a device known to the person alone, anybody else by name and address."""
    counts = device is None and address not in NO_ADDRESSES
    return Guesser(kind, person, device, counted_as(address) if counts else None)


async def check(services: Services, who: Guesser, now: float) -> None:
    """Let a guess pass, or not.

    Raises:
        Throttled: there were too many failures lately.
    """
    seconds = await services.throttle.check([_person_key(services, who)], now)
    if who.address is not None:
        seconds = max(seconds, await services.address_throttle.check([_address_key(who)], now))
    if seconds > 0:
        raise Throttled(seconds)


async def failed(services: Services, who: Guesser, secret: str, now: float) -> bool:
    """Count a wrong secret; says whether the name is to be closed to unknown devices from now on."""
    person = _person_key(services, who)
    fingerprint = services.signer.mac(f"{person}\n{secret}", "guess")
    failures = await services.throttle.fail(person, fingerprint, now)
    if who.address is not None:
        await services.address_throttle.fail(_address_key(who), fingerprint, now)
    return lockout.is_locked(failures) and who.device is None


async def proven(services: Services, who: Guesser) -> None:
    """Forget the failures of whoever gave the right secret. Those of their address stay: others guess from there."""
    await services.throttle.clear(_person_key(services, who))


async def forgive_address(services: Services, who: Guesser) -> None:
    """Forget the failures of an address from which somebody has signed in entirely."""
    if who.address is not None:
        await services.address_throttle.clear(_address_key(who))


async def unlock(services: Services, user: User) -> None:
    """Forget all that was counted against a person from unknown devices, when an administrator clears their name."""
    for kind in Kind:
        await proven(services, Guesser(kind, canonical_name(user.facts.username), None, None))


def _person_key(services: Services, who: Guesser) -> str:
    name = f"{who.person}\n{who.device or ''}"
    return f"{who.kind}:person:{services.signer.mac(name, 'throttle')}"


def _address_key(who: Guesser) -> str:
    return f"{who.kind}:address:{who.address}"
