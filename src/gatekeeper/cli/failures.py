"""Why what was asked cannot be done, in a line for people."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gatekeeper.domain import errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekeeper.config import StorageConfig


class Failure(Exception):
    """A command cannot do what was asked; ``lines`` say why."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Usage(Exception):
    """A command was called wrongly."""


def reasons(error: BaseException) -> Sequence[str] | None:
    """The lines that say why an error happened; ``None`` for one that nobody expected."""
    from gatekeeper.config import ConfigFaults
    from gatekeeper.crypto.keys import DamagedKey
    from gatekeeper.embedded import EngineError
    from gatekeeper.flows.refusals import RefusedAll

    lines: Sequence[str] | None = None
    match error:
        case Failure():
            lines = error.lines
        case ConfigFaults():
            lines = [str(fault) for fault in error.faults]
        case RefusedAll():
            lines = ["; ".join(_refusal(refusal) for refusal in error.refusals)]
        case errors.Refused():
            lines = [_refusal(error)]
        case EngineError() | errors.GatekeeperError() | DamagedKey() | OSError():
            lines = str(error).splitlines()
    return lines


def _refusal(refusal: errors.Refused) -> str:
    return refusal.message if refusal.field is None else f"{refusal.field}: {refusal.message}"


def unavailable(error: errors.Unavailable, storage: StorageConfig) -> str:
    """Which server does not answer, by its address without the password, and the setting that names it."""
    named = {"PostgreSQL": ("database", storage.database), "Redis": ("redis", storage.redis)}
    setting, address = named.get(error.service, ("", None))
    if address is None:
        return f"{error.service} does not answer"
    return f"{error.service} at {without_password(address)} does not answer, or refuses us (storage.{setting})"


def without_password(address: str) -> str:
    """An address that may be shown."""
    parts = urlsplit(address)
    named, at, place = parts.netloc.rpartition("@")
    user = named.partition(":")[0]
    query = f"?{parts.query}" if parts.query and "password" not in parts.query else ""
    return f"{parts.scheme}://{user}{at if user else ''}{place}{parts.path}{query}"
