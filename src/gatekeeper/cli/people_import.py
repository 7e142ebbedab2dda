"""``gatekeeper user import``."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003 - cyclopts reads annotations when it runs
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gatekeeper.cli.failures import Failure
from gatekeeper.cli.opening import printable, with_services
from gatekeeper.cli.options import ConfigFile  # noqa: TC001 - cyclopts reads annotations when it runs

if TYPE_CHECKING:
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.csv_rows import Fault
    from gatekeeper.flows.imports import Report
    from gatekeeper.flows.services import Services


def import_(
    file: Annotated[Path, Parameter(help="CSV with the columns username, email and others.")],
    /,
    *,
    skip_bad: bool = False,
    dry_run: bool = False,
    config: ConfigFile = None,
) -> None:
    """Import people from a CSV file: all of them, or none if there is a bad row (but see --skip-bad).

    Columns: username, email; display_name, password or password_hash, groups (separated by |), enabled. People who are
    there already as the file has them are left alone, so an import can be run again.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}") from None

    async def work(services: Services, actor: Actor, now: float) -> Report:
        return await _import(services, actor, now, content, skip_bad=skip_bad, dry_run=dry_run)

    _tell(with_services(config, work))


async def _import(
    services: Services, actor: Actor, now: float, content: bytes, *, skip_bad: bool, dry_run: bool
) -> Report:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from gatekeeper.flows.imports import BadRows, import_people

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("reading", total=None)
        try:
            return await import_people(
                services,
                actor,
                content,
                now=now,
                dry_run=dry_run,
                skip_bad=skip_bad,
                progress=lambda step, done, total: progress.update(
                    task, description=step.value, completed=done, total=total
                ),
            )
        except BadRows as refused:
            lines = [_line(fault) for fault in refused.report.faults]
            rows = len({fault.line for fault in refused.report.faults})
            end = f"nothing was imported: {rows} bad row{'s' if rows != 1 else ''} (--skip-bad imports the others)"
            raise Failure(*lines, end) from None


def _tell(report: Report) -> None:
    for fault in report.faults:
        print(_line(fault), file=sys.stderr)
    refused = len({fault.line for fault in report.faults})
    done = "imported" if report.written else "would be imported"
    print(f"{report.added} {done}, {report.unchanged} unchanged, {refused} refused")


def _line(fault: Fault) -> str:
    who = f" ({printable(fault.username)})" if fault.username else ""
    field = f"{fault.field}: " if fault.field else ""
    return f"line {fault.line}{who}: {field}{printable(fault.message)}"
