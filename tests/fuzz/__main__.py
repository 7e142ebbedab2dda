"""``make fuzz``: each target for its share of the seconds, from the raw-bytes suite and what earlier runs kept.

    python -m tests.fuzz [SECONDS] [TARGET]

An input that breaks a rule is written to ``build/fuzz`` and shown; it belongs into ``tests/fuzz/test_targets.py``.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["gatekeeper.edge", "gatekeeper.domain", "tests.fuzz"]):
    from tests.edge.raw_answers import ANSWERS
    from tests.edge.raw_requests import REQUESTS
    from tests.fuzz.targets import TARGETS

CORPUS = Path("build/fuzz")
LONGEST = 4_096
WORDS = {
    "heads": (
        "Host: ",
        "Content-Length: ",
        "Transfer-Encoding: ",
        "chunked",
        "Connection: ",
        "Upgrade: ",
        " HTTP/1.1",
        "\\x0d\\x0a",
    ),
    "answers": ("Content-Length: ", "Transfer-Encoding: chunked", "HTTP/1.1 200 OK", "Set-Cookie: ", "\\x0d\\x0a"),
    "paths": ("%2f", "%2e", "%5c", "%25", "/gatekeeper", "/open/inner", "/..", ";", "//"),
}


def seeds(target: str) -> list[bytes]:
    if target == "answers":
        said = [row.data + row.later for row in ANSWERS.values() if len(row.data) < LONGEST]
        return [bytes([at]) + row for row in said for at in (0, 0x81, 0xFF)]
    rows = [row.data for family in REQUESTS.values() for row in family.values() if len(row.data) < LONGEST]
    if target == "heads":
        return [bytes([at]) + row for row in rows for at in (0, 0x80, 0xFF)]
    return [row.split(b" ")[1] for row in rows if row.count(b" ")]


def fuzz(target: str, seconds: int) -> None:
    """Fuzz in this process, which ends with it."""
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds(target):
        (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    words = CORPUS / f"{target}.words"
    words.write_text("".join(f'"{word}"\n' for word in WORDS[target]))
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST}",
        f"-dict={words}",
        f"-artifact_prefix={CORPUS}/{target}-",
    ]
    atheris.Setup([sys.argv[0], *options, "-print_final_stats=1", str(folder)], TARGETS[target])
    atheris.Fuzz()


def main() -> int:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 120
    if len(sys.argv) > 2:
        fuzz(sys.argv[2], seconds)
    share = str(max(1, seconds // len(TARGETS)))
    command = [sys.executable, "-m", "tests.fuzz", share]
    failed = [name for name in TARGETS if subprocess.run([*command, name], check=False).returncode]
    print(f"rules broken: {', '.join(failed)}" if failed else "no rule broken")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
