"""A real PostgreSQL and a real Valkey for those who name no server of their own.

This package starts, finds and ends processes, and knows nothing of what is kept in them: no table, no key, no
configuration. Only the programs in the wheels of the extra ``gatekeeper[embedded]`` are used, never the wheels' Python
code. Both engines listen on Unix sockets alone, in a folder of mode 0700; their data stay in the data folder, and
nothing outside it changes its mode or owner. Whoever holds the lock of a data folder owns its engines: what a killed
run left there is ended before new ones start, and they are stopped before the lock is let go.
"""

from __future__ import annotations

from gatekeeper.embedded.engines import Engines
from gatekeeper.embedded.errors import EngineError
from gatekeeper.embedded.running import Addresses, running

__all__ = ["Addresses", "EngineError", "Engines", "running"]
