"""``make bench``: gatekeeper's edge beside nginx and Caddy, one core each, in turns, in one run; medians of the rounds.

The figure that counts is the CPU time of the candidate per request: the load and the platform share the other core, so
requests a second say as much about them. Writes ``build/bench.json``.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import peers
from tests.bench.load import Measurement, fixed_rate, full_speed
from tests.bench.peers import Candidate

ROUNDS = 3
SECONDS = 5
OUT = Path("build/bench.json")
WORKLOADS: dict[str, Callable[[Candidate, int], Measurement]] = {
    "1 KiB, 64 connections": lambda candidate, seconds: full_speed(candidate, 64, seconds),
    "1 KiB, 1000 connections": lambda candidate, seconds: full_speed(candidate, 1000, seconds),
    "1 KiB, 1000 requests/s": lambda candidate, seconds: fixed_rate(candidate, 1000, seconds),
}
BASE = "nginx, checks nothing"

console = Console()


def median(runs: list[Measurement]) -> dict[str, float | None]:
    """The median of each figure."""
    columns = {name: [asdict(run)[name] for run in runs] for name in asdict(runs[0])}
    return {name: None if None in values else statistics.median(values) for name, values in columns.items()}


def measure(candidates: list[Candidate]) -> list[dict[str, object]]:
    """Every candidate under every workload, in turns."""
    rows: list[dict[str, object]] = []
    for workload, drive in WORKLOADS.items():
        runs: dict[str, list[Measurement]] = {candidate.name: [] for candidate in candidates}
        for candidate in candidates:
            drive(candidate, 1)
        for number in range(ROUNDS):
            for candidate in candidates:
                console.print(f"  {workload}, round {number + 1} of {ROUNDS}: {candidate.name}", style="dim")
                runs[candidate.name].append(drive(candidate, SECONDS))
        rows += [{"candidate": name, "workload": workload} | median(done) for name, done in runs.items()]
    return rows


def show(rows: list[dict[str, object]]) -> None:
    for workload in WORKLOADS:
        table = Table(title=workload, title_justify="left")
        for name in ("candidate", "requests/s", "p50 µs", "p99 µs", "CPU µs/request", "× nginx", "resident MiB"):
            table.add_column(name, justify="left" if name == "candidate" else "right")
        mine = {str(row["candidate"]): row for row in rows if row["workload"] == workload}
        for name, row in mine.items():
            cost = float(row["cpu_seconds_per_million"])  # type: ignore[arg-type]
            base = float(mine[BASE]["cpu_seconds_per_million"])  # type: ignore[arg-type]
            table.add_row(
                name,
                f"{row['requests_per_second']:,.0f}",
                f"{row['p50_us']:,.0f}",
                f"{row['p99_us']:,.0f}",
                f"{cost:.1f}",
                f"{base / cost:.2f}",
                f"{float(row['rss_bytes']) / 2**20:.0f}",  # type: ignore[arg-type]
            )
        console.print(table)


async def main() -> int:
    absent = peers.missing()
    if absent:
        console.print(f"make bench needs {', '.join(absent)}", style="red")
        return 1
    with tempfile.TemporaryDirectory(prefix="gatekeeper-bench-") as name:
        folder = Path(name)
        async with AsyncExitStack() as stack:
            platform = stack.enter_context(peers.platform(folder))
            candidates = [
                stack.enter_context(peers.nginx(folder, platform)),
                stack.enter_context(peers.caddy(folder, platform)),
                await stack.enter_async_context(peers.gatekeeper(folder, platform)),
            ]
            rows = await asyncio.to_thread(measure, candidates)
    show(rows)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"rows": rows}, indent=2) + "\n")
    console.print(f"written to {OUT}")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
