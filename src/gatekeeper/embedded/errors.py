"""What goes wrong with an engine, in words for the person who started gatekeeper."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TAIL_LINES = 12
TAIL_BYTES = 8192


class EngineError(Exception):
    """An embedded engine cannot be started; ``message`` is one line, ``log`` the end of the engine's own log."""

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(f"{message}\n{log}" if log else message)
        self.message = message
        self.log = log


def tail(log: Path) -> str:
    """Return the last lines of a log file, indented; an empty text where there is none."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(f"  {line}" for line in text.strip().splitlines()[-TAIL_LINES:])
