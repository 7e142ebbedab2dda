"""``make bench``: the edge with a signed-in session beside nginx's and Caddy's bare proxying, each on one core.

The candidate has one core, the upstream and the load the other. Candidates take turns, round by round, and each figure
is the median of the rounds. Where other work shares the machine, CPU seconds per million requests is the figure that
holds; the others fall with whatever else runs.

python -m tests.bench.run [--only NAME]... [--rounds N] [--seconds N]    a part of it prints figures and keeps none
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import re
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import servers

ROUNDS = 3
SECONDS = 6
CONNECTIONS = 64
RATE = 1_000
RESULTS = Path("build/bench.json")
NEW_HEADS = """
local n = 0
request = function()
  n = n + 1
  wrk.headers["Referer"] = "https://mail.example.com/?_task=mail&_uid=" .. n
  return wrk.format("GET", "/new/" .. n .. "?_task=mail")
end
"""
"""No head comes twice, of a request or of an answer: whatever a proxy remembers of heads is of no use."""
BROWSER = {
    "Host": servers.HOST,
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126 Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.5",
    "Accept-Encoding": "gzip, deflate, br",
    "Referer": "https://mail.example.com/?_task=mail",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "Upgrade-Insecure-Requests": "1",
}
CANDIDATES = (servers.gatekeeper, servers.nginx, servers.caddy)
Row = dict[str, Any]


def headers_for(candidate: servers.Running) -> list[str]:
    cookie = "roundcube_sessid=8a7b6c5d4e3f2a1b; language=en_US"
    if candidate.cookie:
        cookie = f"{candidate.cookie}; {cookie}"
    return [f"{name}: {value}" for name, value in {**BROWSER, "Cookie": cookie}.items()]


def load(*command: str) -> str:
    """Run a load generator on the core that the candidate does not have."""
    done = subprocess.run(
        ["taskset", "-c", servers.OTHER_CORE, *command], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout


def microseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}[unit]


def check(candidate: servers.Running) -> None:
    """Make sure that it forwards, before anything is measured."""
    connection = http.client.HTTPConnection("127.0.0.1", candidate.port, timeout=10)
    connection.request("GET", "/", headers=dict(line.split(": ", 1) for line in headers_for(candidate)))
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if (answer.status, body) != (200, servers.BODY.encode()):
        raise RuntimeError(f"{candidate.name} answers {answer.status} {body[:200]!r}")


def measure(candidate: servers.Running, seconds: int, connections: int, script: str | None = None) -> Row:
    """As much as it can, on so many connections; ``script`` tells wrk what to ask for."""
    given = [part for line in headers_for(candidate) for part in ("-H", line)]
    url = f"http://127.0.0.1:{candidate.port}/?_task=mail&_mbox=INBOX"
    before = candidate.cpu_seconds()
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as lua:
        lua.write(script or "")
        lua.flush()
        scripted = ("-s", lua.name) if script else ()
        said = load("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *scripted, *given, url)
    used = candidate.cpu_seconds() - before
    if "Non-2xx" in said:
        raise RuntimeError(f"{candidate.name} refuses requests:\n{said}")
    requests = int(re.search(r"(\d+) requests in", said).group(1))  # type: ignore[union-attr]
    return {
        "requests_per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1)),  # type: ignore[union-attr]
        "p50_us": microseconds(re.search(r"\n +50%\s+(\S+)", said).group(1)),  # type: ignore[union-attr]
        "p99_us": microseconds(re.search(r"\n +99%\s+(\S+)", said).group(1)),  # type: ignore[union-attr]
        "cpu_seconds_per_million": used / requests * 1e6,
        "rss_bytes": candidate.rss(),
    }


def measure_at_rate(candidate: servers.Running, seconds: int) -> Row:
    """At a fixed rate: what the proxy adds when it is not busy."""
    given = [part for line in headers_for(candidate)[1:] for part in ("-H", line)]
    with tempfile.NamedTemporaryFile("r") as log:
        before = candidate.cpu_seconds()
        load(
            "h2load", "--h1", "-c16", f"--rps={RATE / 16}", f"-D{seconds}", f"--log-file={log.name}", *given,
            "-H", f":authority: {servers.HOST}", f"http://127.0.0.1:{candidate.port}/?_task=mail",
        )  # fmt: skip
        used = candidate.cpu_seconds() - before
        lines = [line.split("\t") for line in log.read().splitlines()]
    times = sorted(float(line[2]) for line in lines if line[1] == "200")
    if len(times) < 100:
        raise RuntimeError(f"{candidate.name} answers {[line[1] for line in lines[:5]]} to h2load")
    return {
        "requests_per_second": len(times) / seconds,
        "p50_us": times[len(times) // 2],
        "p99_us": times[len(times) * 99 // 100],
        "cpu_seconds_per_million": used / len(times) * 1e6,
        "rss_bytes": candidate.rss(),
    }


def medians(rounds: list[Row]) -> Row:
    return {key: round(statistics.median(row[key] for row in rounds), 1) for key in rounds[0]}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.bench.run")
    parser.add_argument("--only", action="append", choices=[make.__name__ for make in CANDIDATES])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=SECONDS, help="of each measurement")
    return parser.parse_args()


def main() -> int:
    given = arguments()
    if absent := servers.missing():
        print(f"missing: {', '.join(absent)}", file=sys.stderr)
        return 1
    measured: dict[tuple[str, str], list[Row]] = defaultdict(list)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True)))
        behind = stack.enter_context(servers.upstream(folder))
        wanted = [make for make in CANDIDATES if not given.only or make.__name__ in given.only]
        candidates = [stack.enter_context(make(folder, behind)) for make in wanted]
        for candidate in candidates:
            check(candidate)
            measure(candidate, 1, CONNECTIONS)
        workloads: dict[str, Callable[[servers.Running], Row]] = {
            f"{CONNECTIONS} connections": lambda running: measure(running, given.seconds, CONNECTIONS),
            f"{CONNECTIONS}, heads new": lambda running: measure(running, given.seconds, CONNECTIONS, NEW_HEADS),
            f"{RATE} requests a second": lambda running: measure_at_rate(running, given.seconds),
        }
        for _ in range(given.rounds):
            for workload, work in workloads.items():
                for candidate in candidates:
                    measured[candidate.name, workload].append(work(candidate))
    rows = [
        {"candidate": name, "workload": workload, **medians(rounds)} for (name, workload), rounds in measured.items()
    ]
    rows.sort(key=lambda row: row["workload"], reverse=True)
    if not given.only:
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps({"rows": rows}, indent=2) + "\n")
    print(f"{'candidate':<12}{'workload':<24}{'req/s':>9}{'p50 µs':>9}{'p99 µs':>9}{'CPU s/million':>15}{'MiB':>7}")
    for row in rows:
        print(
            f"{row['candidate']:<12}{row['workload']:<24}{row['requests_per_second']:>9.0f}{row['p50_us']:>9.0f}"
            f"{row['p99_us']:>9.0f}{row['cpu_seconds_per_million']:>15.1f}{row['rss_bytes'] / 2**20:>7.0f}"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
