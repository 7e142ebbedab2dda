"""Counts requests, and writes a line for each if wanted: in batches, off the way of the request itself."""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatekeeper.edge.connection import ClientConnection

MOST_WAITING = 10_000
"""Lines that wait for the next batch; more are not written but counted."""


class RequestLog:
    """Takes note of requests.

    Args:
        enabled: whether lines are written.

    Attributes:
        by_status: requests answered, by status.
        not_written: lines that were too many.
    """

    def __init__(self, *, enabled: bool) -> None:
        self.by_status: defaultdict[int, int] = defaultdict(int)
        self.not_written = 0
        self._enabled = enabled
        self._waiting: list[tuple[str, bytes, bytes, bytes | None, int]] = []

    def note(self, connection: ClientConnection, status: int) -> None:
        """A request was answered."""
        self.by_status[status] += 1
        if self._enabled:
            self._keep(connection, status)

    def _keep(self, connection: ClientConnection, status: int) -> None:
        request = connection.request
        if request is None:
            return
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append((connection.address, request.method, request.target, request.host, status))
        else:
            self.not_written += 1

    def flush(self, _now: float) -> None:
        """Write what waits. Queries are left out: they may hold what belongs in no log."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        at = time.time()
        lines = [
            json.dumps(
                {
                    "event": "request",
                    "at": round(at, 1),
                    "client": address,
                    "method": method.decode("ascii", "replace"),
                    "host": (host or b"").decode("ascii", "replace"),
                    "path": target.partition(b"?")[0].decode("ascii", "replace"),
                    "status": status,
                }
            )
            for address, method, target, host, status in waiting
        ]
        sys.stderr.write("\n".join(lines) + "\n")
