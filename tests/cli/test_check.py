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
