"""Drives a candidate from the other core and reads what it cost."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.bench.peers import LOAD_CORE, Candidate

UNITS = {"us": 1.0, "ms": 1_000.0, "s": 1_000_000.0}
BROWSER = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language: en-US,en;q=0.5",
    "Accept-Encoding: gzip, deflate, br",
)


@dataclass(frozen=True)
class Measurement:
    """One run: requests a second, latencies in microseconds, CPU seconds per million requests, resident bytes."""

    requests_per_second: float
    p50_us: float | None
    p99_us: float | None
    cpu_seconds_per_million: float
    rss_bytes: int


def cpu_seconds(pid: int) -> float:
    """The CPU time of a process, all its threads (proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    """Resident memory in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def full_speed(candidate: Candidate, connections: int, seconds: int) -> Measurement:
    """As many requests as it takes, over so many connections, by wrk."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    output, cpu = run(command, candidate)
    done = int(found(r"(\d+) requests in", output))
    rate = float(found(r"Requests/sec:\s+([\d.]+)", output))
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)", output)
    if refused:
        raise RuntimeError(f"{candidate.name}: {refused[0]}")
    return Measurement(rate, in_us(output, "50%"), in_us(output, "99%"), cpu / done * 1e6, resident(candidate.pid))


def fixed_rate(candidate: Candidate, rate: int, seconds: int) -> Measurement:
    """So many requests a second over HTTP/1.1, by h2load, which says how long each took."""
    log = Path(f"/tmp/gatekeeper-bench-{os.getpid()}.tsv")
    connections = 10
    command = [
        "h2load", "--h1", f"-c{connections}", "-t1", f"-n{rate * seconds}",
        f"--rps={rate / connections}", f"--log-file={log}",
    ]  # fmt: skip
    try:
        output, cpu = run(command, candidate)
        rows = [line.split("\t") for line in log.read_text().splitlines()]
    finally:
        log.unlink(missing_ok=True)
    if any(row[1] != "200" for row in rows):
        raise RuntimeError(f"{candidate.name}: not every answer was 200\n{output}")
    times = sorted(float(row[2]) for row in rows)
    return Measurement(
        rate,
        times[len(times) // 2],
        times[len(times) * 99 // 100],
        cpu / len(rows) * 1e6,
        resident(candidate.pid),
    )


def run(command: list[str], candidate: Candidate) -> tuple[str, float]:
    """Run a load; what it printed, and the CPU seconds that the candidate took meanwhile."""
    headers = [word for header in (*BROWSER, *candidate.headers) for word in ("-H", header)]
    before = cpu_seconds(candidate.pid)
    done = subprocess.run(
        ["taskset", "-c", str(LOAD_CORE), *command, *headers, f"http://localhost:{candidate.port}/1k"],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout, cpu_seconds(candidate.pid) - before


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise RuntimeError(f"no {pattern} in\n{text}")
    return match[1]


def in_us(output: str, percentile: str) -> float:
    match = re.search(rf"^\s+{percentile}\s+([\d.]+)(us|ms|s)$", output, re.MULTILINE)
    if match is None:
        raise RuntimeError(f"no {percentile} in\n{output}")
    return float(match[1]) * UNITS[match[2]]
