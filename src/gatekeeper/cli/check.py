"""``gatekeeper config check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.cli.opening import read_config
from gatekeeper.cli.options import ConfigFile  # noqa: TC001 - cyclopts reads annotations when it runs

if TYPE_CHECKING:
    from gatekeeper.config import Config


def check(*, config: ConfigFile = None) -> None:
    """Every fault in a configuration file at once, each with its place. Nothing is changed, nothing connected to.

    Remarks are no faults: what works, but perhaps not as it is meant.
    """
    from gatekeeper.cli.failures import Failure

    found = read_config(config)
    damaged = _damaged_key(found)
    if damaged is not None:
        raise Failure(f"storage.secret_key_file: {damaged}")
    faulty = _faulty_templates(found)
    if faulty:
        raise Failure(*faulty)
    for remark in _remarks(found):
        print(remark)
    print(f"{found.path or 'the environment'}: no fault; {len(found.routes)} route{'s'[: len(found.routes) != 1]}")


def _faulty_templates(config: Config) -> list[str]:
    from gatekeeper.manners import overrides

    folder = config.branding.templates
    return [] if folder is None else [f"branding.templates: {fault}" for fault in overrides.faults(folder)]


def _remarks(config: Config) -> list[str]:
    from gatekeeper.manners import accent, overrides

    colour, folder = config.branding.accent, config.branding.templates
    remark = None if colour is None else accent.remark(colour)
    said = [] if remark is None else [f"branding.accent: {remark}"]
    if folder is not None:
        said += [f"branding.templates: {name} replaces nothing of ours" for name in overrides.strangers(folder)]
    return said


def _damaged_key(config: Config) -> str | None:
    from gatekeeper.crypto.keys import DamagedKey, load_secret_keys

    if not config.storage.secret_key_file.exists():
        return None
    try:
        load_secret_keys(config.storage.secret_key_file, create=False)
    except DamagedKey as error:
        return str(error)
    return None
