"""Puts the file and the environment together, and reads the whole."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatekeeper.config.branding import read_branding
from gatekeeper.config.faults import ConfigFaults, Fault
from gatekeeper.config.mail import read_mail
from gatekeeper.config.model import Config
from gatekeeper.config.routes import read_routes
from gatekeeper.config.section import Section
from gatekeeper.config.server import read_server
from gatekeeper.config.storage import read_log, read_session, read_storage
from gatekeeper.config.values import FromEnvironment

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "GATEKEEPER__"


def load(path: Path | None, environ: Mapping[str, str]) -> Config:
    """Read the configuration.

    Args:
        path: the TOML file; ``None`` where the environment alone says everything.
        environ: the environment; ``GATEKEEPER__SERVER__LISTEN`` overrides ``server.listen``, and
            ``GATEKEEPER__ROUTE__0__UPSTREAM`` the first route's ``upstream``.

    Raises:
        ConfigFaults: with every fault.
    """
    faults: list[Fault] = []
    document = {} if path is None else _read(path)
    _override(document, environ, faults)
    folder = (path.parent if path is not None else Path()).absolute()
    root = Section(document, "", faults, folder)
    server = read_server(root.table("server"))
    config = Config(
        server=server,
        storage=read_storage(root.table("storage")),
        session=read_session(root.table("session")),
        routes=read_routes(root.tables("route"), server.prefix),
        branding=read_branding(root.table("branding")),
        log=read_log(root.table("log")),
        mail=read_mail(root.table("mail")) if "mail" in root else None,
        path=path,
    )
    root.table("mail")
    root.finish()
    if faults:
        raise ConfigFaults(faults)
    return config


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigFaults([Fault(str(path), f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise ConfigFaults([Fault(str(path), "is not UTF-8")]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigFaults([Fault(str(path), f"is not TOML: {error}")]) from None


def _override(document: dict[str, Any], environ: Mapping[str, str], faults: list[Fault]) -> None:
    """Put what the environment says over what the file says."""
    for name in sorted(environ):
        if name.startswith(PREFIX):
            keys = name.removeprefix(PREFIX).lower().split("__")
            if not all(keys) or not _set(document, keys, FromEnvironment(environ[name])):
                faults.append(Fault(name, "names no setting; they look like GATEKEEPER__SERVER__LISTEN"))


def _set(document: dict[str, Any], keys: list[str], value: FromEnvironment) -> bool:
    table: Any = document
    for position, key in enumerate(keys[:-1]):
        if isinstance(table, list):
            table = _element(table, key)
        elif isinstance(table, dict):
            table = table.setdefault(key, [] if position == 0 and key == "route" else {})
        else:
            return False
    if not isinstance(table, dict):
        return False
    table[keys[-1]] = value
    return True


def _element(items: list[Any], key: str) -> Any:
    if not re.fullmatch(r"\d{1,3}", key) or int(key) > len(items):
        return None
    if int(key) == len(items):
        items.append({})
    return items[int(key)]
