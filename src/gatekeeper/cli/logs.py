"""How the log is written: to standard error, as JSON lines or for a console."""

from __future__ import annotations

import io
import logging
import sys
from typing import TYPE_CHECKING, TextIO

import structlog

from gatekeeper.cli.output import visible

if TYPE_CHECKING:
    from structlog.typing import EventDict, ExcInfo, Processor

    from gatekeeper.config import LogConfig

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
INDENT = "    "


def configure(log: LogConfig) -> None:
    """Write the gateway's log, and what libraries log, as the operator wants it.

    What people typed comes out escaped in either form, so that it forges no line (CR, LF, ANSI).
    """
    first: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    last: list[Processor]
    if log.format == "json":
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        console = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_show_error)
        last = [_escape, console]
    structlog.configure(
        processors=[*first, *last],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[log.level]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    of_libraries = logging.StreamHandler(sys.stderr)
    of_libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *first],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[of_libraries], level=logging.WARNING)


def _escape(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Show every text without signs that a terminal would act on; other values are shown so anyway."""
    return {name: visible(value) if isinstance(value, str) else value for name, value in event.items()}


def _show_error(stream: TextIO, error: ExcInfo) -> None:
    """Write a traceback whose lines, indented, cannot be taken for lines of the log."""
    plain = io.StringIO()
    structlog.dev.plain_traceback(plain, error)
    stream.write("\n".join(INDENT + visible(line) for line in plain.getvalue().rstrip("\n").split("\n")))


def only_what_is_fatal() -> None:
    """Keep the log out of a command's output: its one line says what went wrong."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    logging.basicConfig(stream=sys.stderr, level=logging.CRITICAL)
