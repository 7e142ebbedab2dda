from __future__ import annotations

import pytest

GOOD = "username,email,display_name,password\nbob,bob@example.com,Bob,Zephyr-77\ncarl,carl@example.com,Carl,Quartz-99\n"
BAD = "username,email,password\nbob,bob@example.com,Zephyr-77\nd,nonsense,Zephyr-77\ncarl,carl@example.com,x\n"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "people.csv"


def names(cli):
    return [user["username"] for user in cli("user", "list", "--json").json]


def test_everybody_in_the_file_is_imported(cli, file):
    file.write_text(GOOD)
    ended = cli("user", "import", file)
    assert (ended.code, ended.out) == (0, "2 imported, 0 unchanged, 0 refused\n")
    assert ended.err == "", "a bar is drawn for somebody at a terminal alone"
    assert names(cli) == ["bob", "carl"]


def test_an_import_can_be_run_again(cli, file):
    file.write_text(GOOD)
    cli("user", "import", file)
    assert cli("user", "import", file).out == "0 imported, 2 unchanged, 0 refused\n"


def test_each_bad_row_is_reported_by_line_and_reason_and_nothing_is_imported(cli, file):
    file.write_text(BAD)
    ended = cli("user", "import", file)
    assert (ended.code, ended.out) == (1, "")
    lines = [line for line in ended.err.splitlines() if line.startswith("line ")]
    assert [line.partition(" (")[0] for line in lines] == ["line 3", "line 4"]
    assert "email: " in lines[0]
    assert names(cli) == []


def test_bad_rows_may_be_skipped(cli, file):
    file.write_text(BAD)
    ended = cli("user", "import", file, "--skip-bad")
    assert (ended.code, ended.out) == (0, "1 imported, 0 unchanged, 2 refused\n")
    assert "line 3" in ended.err
    assert names(cli) == ["bob"]


def test_a_dry_run_writes_nothing(cli, file):
    file.write_text(GOOD)
    assert cli("user", "import", file, "--dry-run").out == "2 would be imported, 0 unchanged, 0 refused\n"
    assert names(cli) == []


def test_a_file_that_cannot_be_read_is_named(cli, file):
    ended = cli("user", "import", file)
    assert ended.code == 1
    assert str(file) in ended.err


def test_wrong_columns_are_named(cli, file):
    file.write_text("name,mail\nbob,bob@example.com\n")
    ended = cli("user", "import", file)
    assert ended.code == 1
    assert "username" in ended.err.splitlines()[-1]
