"""``gatekeeper config check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.cli.opening import read_config
from gatekeeper.cli.options import ConfigFile  # noqa: TC001 - cyclopts reads annotations when it runs

if TYPE_CHECKING:
    from gatekeeper.config import Config


def check(*, config: ConfigFile = None) -> None:
    """Every fault in a configuration file at once, each with its place. Nothing is changed, nothing connected to."""
    from gatekeeper.cli.failures import Failure

    found = read_config(config)
    damaged = _damaged_key(found)
    if damaged is not None:
        raise Failure(f"storage.secret_key_file: {damaged}")
    print(f"{found.path or 'the environment'}: no fault; {len(found.routes)} route{'s'[: len(found.routes) != 1]}")


def _damaged_key(config: Config) -> str | None:
    from gatekeeper.crypto.keys import DamagedKey, load_secret_keys

    if not config.storage.secret_key_file.exists():
        return None
    try:
        load_secret_keys(config.storage.secret_key_file, create=False)
    except DamagedKey as error:
        return str(error)
    return None
