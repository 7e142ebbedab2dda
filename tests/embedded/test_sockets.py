"""Where the sockets lie, and whose they are."""

from __future__ import annotations

import os
import socket
import stat

import pytest

from gatekeeper.embedded import sockets
from gatekeeper.embedded.sockets import LONGEST_NAME, PATH_LIMIT, folder_of, listener, make_folder, remove_folder


def test_a_short_path_keeps_its_sockets(data):
    data.mkdir()
    folder = make_folder(data)
    assert folder == data / "run"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    remove_folder(data)
    assert not folder.exists()


@pytest.mark.parametrize("spare", [0, -1])
def test_107_bytes_are_a_path_and_108_are_none(data, spare):
    length = PATH_LIMIT - len(LONGEST_NAME) - len("/run") - len(os.fsencode(data)) - 1 - spare
    deep = data / ("x" * length)
    deep.mkdir(parents=True)
    assert (make_folder(deep) == deep / "run") is (spare == 0)
    remove_folder(deep)


@pytest.mark.parametrize("name", ["with space", "with,comma", "with:colon", "wïth", "with%percent"])
def test_a_path_that_would_mean_something_else_in_an_address_is_not_used(data, name):
    (data / name).mkdir(parents=True)
    folder = make_folder(data / name)
    assert folder != data / name / "run"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    remove_folder(data / name)
    assert not folder.exists()
    assert not (data / name / "run").is_symlink()


def test_a_long_temporary_folder_is_not_used_either(data, monkeypatch):
    deep = data / ("y" * 100)
    deep.mkdir(parents=True)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    monkeypatch.setattr(sockets.tempfile, "gettempdir", lambda: str(deep))
    folder = make_folder(deep)
    assert len(os.fsencode(folder)) + len(LONGEST_NAME) <= PATH_LIMIT
    remove_folder(deep)


def test_a_folder_that_others_may_enter_is_not_ours(data):
    (data / "run").mkdir(parents=True)
    (data / "run").chmod(0o755)
    assert folder_of(data) is None


def test_a_link_to_somebody_elses_folder_is_not_followed(data, tmp_path):
    tmp_path.chmod(0o700)
    (tmp_path / "precious").write_text("")
    data.mkdir()
    (data / "run").symlink_to(tmp_path)
    assert folder_of(data) is None
    make_folder(data)
    assert (tmp_path / "precious").exists()


def test_who_listens_is_known(data):
    data.mkdir()
    path = data / "socket"
    assert listener(path) is None
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        assert listener(path) is None
        server.listen()
        assert listener(path) == os.getpid()
