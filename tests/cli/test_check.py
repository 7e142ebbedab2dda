from __future__ import annotations

from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "deploy" / "examples").glob("*.toml"))
FIVE_FAULTS = """
[server]
public_url = "http://mail.example.com"
listn = "127.0.0.1:8080"

[storage]
data = "data"
database = "mysql://u:geheim@db/x"

[session]
idle_timeout = "30"

[[route]]
upstream = "127.0.0.1:9000"
"""


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_passes(bare, example):
    ended = bare("config", "check", "--config", example)
    assert (ended.code, ended.err) == (0, "")


def test_there_is_an_example_for_each_platform_that_the_readme_names():
    assert {example.stem for example in EXAMPLES} >= {"generic", "roundcube", "sogo"}


def test_five_faults_are_five_lines_with_their_places(bare, tmp_path):
    file = tmp_path / "gatekeeper.toml"
    file.write_text(FIVE_FAULTS)
    ended = bare("config", "check", "--config", file)
    assert (ended.code, ended.out) == (1, "")
    places = [line.partition(": ")[0] for line in ended.err.splitlines()]
    assert places == [
        "server.public_url",
        "server.listn",
        "storage.database",
        "session.idle_timeout",
        "route[0].upstream",
    ]
    assert "geheim" not in ended.err


def test_a_damaged_key_file_is_a_fault(bare, tmp_path):
    (tmp_path / "key").write_text("gk1-cut\n")
    file = tmp_path / "gatekeeper.toml"
    file.write_text("[server]\npublic_url = 'https://x.example'\n[storage]\ndata = 'd'\nsecret_key_file = 'key'\n")
    ended = bare("config", "check", "--config", file)
    assert ended.code == 1
    assert ended.err.startswith("storage.secret_key_file: ")
    assert "gk1-cut" not in ended.err


def branded(folder: Path, text: str) -> Path:
    file = folder / "gatekeeper.toml"
    file.write_text(f"[server]\npublic_url = 'https://x.example'\n[storage]\ndata = 'd'\n[branding]\n{text}\n")
    return file


def test_an_accent_that_cannot_be_read_is_remarked_and_no_fault(bare, tmp_path):
    ended = bare("config", "check", "--config", branded(tmp_path, "accent = '#ffee00'"))
    assert (ended.code, ended.err) == (0, "")
    assert "branding.accent: #ffee00 has a contrast of 1.1 to light pages" in ended.out


def test_a_template_of_ones_own_that_is_none_is_a_fault(bare, tmp_path):
    (tmp_path / "ours" / "login").mkdir(parents=True)
    (tmp_path / "ours" / "login" / "code.html").write_text("{{ who")
    ended = bare("config", "check", "--config", branded(tmp_path, "templates = 'ours'"))
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("branding.templates: login/code.html, line 1: ")


def test_a_template_of_ones_own_that_replaces_nothing_is_remarked(bare, tmp_path):
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "sign-in.html").write_text("Ciao")
    ended = bare("config", "check", "--config", branded(tmp_path, "templates = 'ours'"))
    assert ended.code == 0
    assert "branding.templates: sign-in.html replaces nothing of ours" in ended.out
