"""``gatekeeper migrate``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gatekeeper.cli.failures import Failure, unavailable
from gatekeeper.cli.opening import read_config
from gatekeeper.cli.options import ConfigFile  # noqa: TC001 - cyclopts reads annotations when it runs
from gatekeeper.domain.errors import Unavailable

if TYPE_CHECKING:
    from gatekeeper.config import StorageConfig


def migrate(*, config: ConfigFile = None) -> None:
    """Bring the database to the current schema. Run it again and nothing happens."""
    from gatekeeper.cli.logs import only_what_is_fatal

    storage = read_config(config).storage
    only_what_is_fatal()
    try:
        print(f"the database has schema {asyncio.run(_migrate(storage))}")
    except Unavailable as error:
        raise Failure(unavailable(error, storage)) from error


async def _migrate(storage: StorageConfig) -> str:
    from gatekeeper.embedded import Engines, running
    from gatekeeper.store.migrations import migrate as upgrade

    if storage.database is not None:
        return await upgrade(storage.database, storage.database_password)
    if storage.data is None:
        raise Failure("storage.data: is needed where the database is an embedded one")
    found = running(storage.data)
    if found is not None:
        return await upgrade(found.database_url)
    async with Engines.start(storage.data) as engines:
        return await upgrade(engines.database_url)
