"""Password hashing away from the event loop, in a few threads with a bounded queue before them.

New hashes are Argon2id. Hashes that other systems wrote are verified too (``crypto.legacy``), and come out as outdated,
so that the caller replaces them at the first sign-in.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from gatekeeper.crypto import argon2id, legacy
from gatekeeper.domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

T = TypeVar("T")

_DOVECOT_PREFIXES = ("{CRYPT}", "{BLF-CRYPT}", "{SHA256-CRYPT}", "{SHA512-CRYPT}", "{ARGON2ID}")


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether a password is right, and whether its hash should be made anew from it."""

    ok: bool
    outdated: bool


class Hasher:
    """Hashes and verifies passwords; at most ``threads`` at once and ``queue`` waiting.

    Args:
        threads: how many cores hashing may take; the libraries let the interpreter go while they work.
        queue: how many may wait; whoever comes then is refused rather than left waiting for minutes.
        memory_kib: Argon2id's memory.
        time_cost: its passes.
        parallelism: its lanes.
    """

    def __init__(
        self,
        *,
        threads: int = 2,
        queue: int = 64,
        memory_kib: int = 19456,
        time_cost: int = 2,
        parallelism: int = 1,
    ) -> None:
        self._argon2id = argon2id.Argon2id(memory_kib=memory_kib, time_cost=time_cost, parallelism=parallelism)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="hashing")
        self._room = threading.Semaphore(threads + queue)

    async def hash(self, password: str) -> str:
        """Return the Argon2id hash of a password, which the caller has normalised.

        Raises:
            Unavailable: too many are waiting.
        """
        return await self._run(lambda: self._argon2id.hash(_encoded(password)))

    async def verify(self, stored: str | None, password: str, raw: str | None = None) -> Verified:
        """Say whether a password is the one that was hashed.

        Args:
            stored: the hash; ``None`` for somebody who does not exist: the same work is done, the answer is no.
            password: the password, normalised.
            raw: the password as it was typed, which another system may have hashed without normalising it.

        Raises:
            Unavailable: too many are waiting.
        """
        forms = [_encoded(form) for form in dict.fromkeys((password, password if raw is None else raw))]
        return await self._run(lambda: self._verify(stored, forms))

    def close(self) -> None:
        """Stop the threads once they have finished what they are at; what waits is cancelled."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _verify(self, stored: str | None, forms: list[bytes]) -> Verified:
        kept = self._argon2id.dummy if stored is None else _bare(stored)
        if not argon2id.is_argon2id(kept):
            ok = any(legacy.verify(kept, form) for form in forms)
            return Verified(ok, outdated=ok)
        for place, form in enumerate(forms):
            if self._argon2id.verify(kept, form):
                return Verified(ok=True, outdated=place > 0 or kept != stored or self._argon2id.is_outdated(kept))
        return Verified(ok=False, outdated=False)

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._room.acquire(blocking=False):
            raise Unavailable("hashing")
        try:
            future = self._pool.submit(work)
        except RuntimeError:
            self._room.release()
            raise Unavailable("hashing") from None
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, _future: Future[T]) -> None:
        """Make room when the work is done, or was cancelled before it began; a caller that left early frees nothing."""
        self._room.release()


def is_supported(stored: str) -> bool:
    """Whether a hash from elsewhere can be verified here, so that an import may take it."""
    kept = _bare(stored)
    return argon2id.is_supported(kept) if argon2id.is_argon2id(kept) else legacy.is_supported(kept)


def _bare(stored: str) -> str:
    """Take off the scheme that Dovecot writes before a hash which names its own: ``{SHA512-CRYPT}$6$…``."""
    for prefix in _DOVECOT_PREFIXES:
        if stored.startswith(prefix):
            return stored.removeprefix(prefix)
    return stored


def _encoded(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
