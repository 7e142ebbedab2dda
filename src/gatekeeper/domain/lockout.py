"""How long guessing has to wait: delays that grow with consecutive failures, and where a name is closed.

NIST SP 800-63B-4 §3.2.2: at most 100 consecutive failures for an account.
"""

from __future__ import annotations

FREE_FAILURES = 4
LOCK_AFTER = 100
LONGEST_DELAY = 900.0
ADDRESS_FREE_FAILURES = 20


def delay(failures: int) -> float:
    """Seconds to wait after so many consecutive failures of one person: none, then 1, 2, 4 … up to 15 minutes."""
    return _growing(failures, FREE_FAILURES)


def address_delay(failures: int) -> float:
    """The same for one address, from which many people may sign in: it begins later."""
    return _growing(failures, ADDRESS_FREE_FAILURES)


def is_locked(failures: int) -> bool:
    """Whether a name is refused from unknown devices until an administrator or the person's own link clears it."""
    return failures >= LOCK_AFTER


def _growing(failures: int, free: int) -> float:
    if failures <= free:
        return 0.0
    return min(LONGEST_DELAY, 2.0 ** min(failures - free - 1, 30))
