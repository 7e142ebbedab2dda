"""The gateway that is measured: the whole of it, with somebody signed in.

gateway.py CONFIG    prints the session's cookie once it listens; ends with SIGTERM
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import structlog
import uvloop

from gatekeeper.app import Gatekeeper
from gatekeeper.config import load
from gatekeeper.crypto.tokens import digest, new_id, new_token
from gatekeeper.domain.model import Method, NewUser, Proof, Session


async def sign_in(gatekeeper: Gatekeeper) -> str:
    """A new person's session; its cookie."""
    services = gatekeeper.services
    now = time.time()
    person = NewUser(
        new_id(), f"bench-{now}@example.com", f"bench-{now}@example.com", "Anna Bench", ("staff",), frozenset(), now
    )
    async with services.database.transaction() as tables:
        await tables.users.add(person)
    user = await services.database.read.users.by_id(person.id)
    token = new_token()
    session = Session(
        id=digest(token),
        owner=user.facts,
        created_at=now,
        expires_at=now + 36_000,
        last_seen_at=now,
        proofs=(Proof(Method.PASSWORD, now),),
        csrf_secret="",
        scope_epoch=services.node.policies.epoch,
    )
    await services.sessions.create(session)
    return f"{services.config.server.cookies.session}={token}"


async def main() -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    gatekeeper = Gatekeeper(load(Path(sys.argv[1]), os.environ))
    await gatekeeper.start()
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    print(await sign_in(gatekeeper), flush=True)
    await stopped.wait()
    await gatekeeper.stop()


if __name__ == "__main__":
    uvloop.run(main())
