"""Counts of consecutive failures, and how long the next guess has to wait for them. The times are the caller's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.sessions.connection import answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.asyncio import Redis

MONTH = 30 * 86400.0

# Fields: n (failures), at (when the last one that counted happened), seen (the last 16 fingerprints, hashed, joined).
# redis.sha1hex only shortens what the caller has made unguessable already.
_FAIL = """
local mark = string.sub(redis.sha1hex(ARGV[1]), 1, 16)
local seen = redis.call('HGET', KEYS[1], 'seen') or ''
redis.call('PEXPIRE', KEYS[1], ARGV[3])
for place = 1, #seen, 16 do
  if string.sub(seen, place, place + 15) == mark then
    return tonumber(redis.call('HGET', KEYS[1], 'n'))
  end
end
local failures = redis.call('HINCRBY', KEYS[1], 'n', 1)
local last = redis.call('HGET', KEYS[1], 'at')
local at = ARGV[2]
if last and tonumber(last) > tonumber(at) then at = last end
redis.call('HSET', KEYS[1], 'at', at, 'seen', string.sub(mark .. seen, 1, 256))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return failures
"""


class Throttle:
    """Failures by key, shared by all nodes.

    Args:
        redis: where they are kept.
        delay: seconds to wait after so many failures, such as ``domain.lockout.delay``.
        ttl: seconds after the last failure when a key is forgotten.
    """

    def __init__(self, redis: Redis, delay: Callable[[int], float], *, ttl: float = MONTH) -> None:
        self._redis = redis
        self._delay = delay
        self._ttl = round(ttl * 1000)
        self._fail = redis.register_script(_FAIL)

    async def check(self, keys: Sequence[str], now: float) -> float:
        """Return the seconds that the next guess has to wait: the longest wait of all the keys, 0 for none.

        Raises:
            Unavailable: Redis does not answer.
        """
        pipeline = self._redis.pipeline(transaction=False)
        for key in keys:
            pipeline.hmget(_name(key), "n", "at")
        states: list[list[bytes | None]] = await answer(pipeline.execute())
        waits = [float(at) + self._delay(int(failures)) - now for failures, at in states if failures and at]
        return max(0.0, *waits) if waits else 0.0

    async def fail(self, key: str, fingerprint: str, now: float) -> int:
        """Count a failure and return how many there have been in a row.

        Args:
            key: whose failure.
            fingerprint: a keyed digest of what was tried. One of the last 16 is not counted again, nor does it make
                the wait begin anew: a program that repeats one old password locks nobody out.
            now: the time.

        Raises:
            Unavailable: Redis does not answer; the failure may have been counted.
        """
        failures: int = await answer(self._fail([_name(key)], [fingerprint, repr(now), self._ttl]))
        return failures

    async def count(self, key: str) -> int:
        """Return the failures in a row.

        Raises:
            Unavailable: Redis does not answer.
        """
        failures: bytes | None = await answer(self._redis.hget(_name(key), "n"))
        return int(failures or 0)

    async def clear(self, key: str) -> None:
        """Forget the failures, after a success.

        Raises:
            Unavailable: Redis does not answer.
        """
        await answer(self._redis.delete(_name(key)))


def _name(key: str) -> str:
    return f"gk:t:{key}"
