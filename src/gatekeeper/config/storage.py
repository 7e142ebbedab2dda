"""Reads ``[storage]``, ``[session]`` and ``[log]``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

from gatekeeper.config import values
from gatekeeper.config.faults import Wrong
from gatekeeper.config.model import LogConfig, LogFormat, SessionConfig, StorageConfig
from gatekeeper.config.section import damage

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatekeeper.config.section import Section

DATABASE_EXAMPLE = 'is an address such as "postgresql://gatekeeper@db/gatekeeper"'
REDIS_EXAMPLE = 'is an address such as "redis://cache:6379/0"'

_ESCAPE = "a password in an address has its special characters escaped (# is %23, / is %2F, @ is %40)"
_format: Callable[[Any], LogFormat] = values.one_of("json", "console")
_REDIS_SCHEMES = {"redis", "rediss", "unix"}
_LATER = {"redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"}


def read_storage(section: Section) -> StorageConfig:
    """Where things are kept."""
    data = section.take("data", section.file_path, None)
    key_file = section.take("secret_key_file", section.file_path, None)
    database = _address(section, "database", database_url)
    redis = _address(section, "redis", redis_url)
    left_out = [key for key in ("database", "redis", "secret_key_file") if key not in section]
    if left_out and "data" not in section:
        section.fault("data", f"is needed where {' and '.join(left_out)} {'are' if left_out[1:] else 'is'} left out")
    storage = StorageConfig(
        data=data,
        secret_key_file=key_file or (data or Path()) / "secret.key",
        creates_secret_key=key_file is None,
        database=database,
        database_password=_password(section, "database", database),
        redis=redis,
        redis_password=_password(section, "redis", redis),
        pool_size=section.take("pool_size", values.integer(1, 1_000), 10),
    )
    section.finish()
    return storage


def _address(section: Section, key: str, parse: Any) -> str | None:
    found: str | None = section.take(key, parse, None)
    return found


def _password(section: Section, key: str, address: str | None) -> str | None:
    password = section.secret(f"{key}_password")
    if password is not None and address is not None and urlsplit(address).password is not None:
        section.fault(f"{key}_password", f"name the password once: the address in {key} has one too")
    if password is not None and key not in section:
        section.fault(f"{key}_password", f"is for the server that {key} names, and it names none")
    return password


def database_url(value: Any) -> str:
    """The address of a PostgreSQL database."""
    parts = _split(value, DATABASE_EXAMPLE)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise Wrong(DATABASE_EXAMPLE)
    if parts.path in {"", "/"}:
        raise Wrong(f"names no database; it {DATABASE_EXAMPLE}")
    return str(value).strip().replace("postgres://", "postgresql://", 1)


def redis_url(value: Any) -> str:
    """The address of a Redis or Valkey."""
    if isinstance(value, str) and value.partition("://")[0] in _LATER:
        raise Wrong(f"{value.partition('://')[0]}:// is not supported by this version; it {REDIS_EXAMPLE}")
    parts = _split(value, REDIS_EXAMPLE)
    if parts.scheme not in _REDIS_SCHEMES or (parts.scheme == "unix") == bool(parts.hostname):
        raise Wrong(REDIS_EXAMPLE)
    if parts.scheme != "unix" and not re.fullmatch(r"/?|/\d{1,5}", parts.path):
        raise Wrong(f"the database is a number; it {REDIS_EXAMPLE}")
    return str(value).strip()


def _split(value: Any, example: str) -> SplitResult:
    """Take an address apart; no message quotes it, for it may hold a password."""
    address = values.text(value).strip()
    if not address.isascii() or any(character.isspace() for character in address):
        raise Wrong(f"{example}; {_ESCAPE}")
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        raise Wrong(f"{example}; {_ESCAPE}") from None
    if parts.fragment or address.endswith("#") or parts.netloc.count("@") > 1 or "@" in parts.path:
        raise Wrong(f"{example}; {_ESCAPE}")
    if parts.password is not None:
        reason = damage(unquote(parts.password))
        if reason is not None:
            raise Wrong(f"its password {reason}")
    return parts


def read_session(section: Section) -> SessionConfig:
    """How long sessions live."""
    standard = SessionConfig()
    session = SessionConfig(
        idle_timeout=section.take("idle_timeout", values.duration, standard.idle_timeout),
        absolute_timeout=section.take("absolute_timeout", values.duration, standard.absolute_timeout),
    )
    if session.idle_timeout > session.absolute_timeout:
        section.fault("idle_timeout", "is longer than absolute_timeout, so it would never end a session")
    section.finish()
    return session


def read_log(section: Section) -> LogConfig:
    """What is logged."""
    log = LogConfig(
        level=section.take("level", values.one_of("debug", "info", "warning", "error"), "info"),
        format=section.take("format", _format, "json"),
        requests=section.take("requests", values.boolean, True),  # noqa: FBT003 - a default
    )
    section.finish()
    return log
