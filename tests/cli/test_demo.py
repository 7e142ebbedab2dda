from __future__ import annotations

import json
import signal
import stat

import pytest

from gatekeeper.cli.demo import PASSWORD, PEOPLE, write_config
from gatekeeper.config import load
from tests.cli.test_serve import free_port, running, status_of


def test_the_demo_listens_on_loopback_alone(tmp_path):
    config = load(write_config(tmp_path, 8080, tmp_path / "platform.sock", 2525), {})
    assert str(config.server.listen) == "127.0.0.1:8080"
    assert config.server.internal_listen is None
    assert not config.server.trusted_proxies.trusts("127.0.0.1")
    assert config.mail is not None
    assert (config.mail.server.host, config.mail.server.port) == ("127.0.0.1", 2525)


def test_a_second_gateway_on_the_same_data_is_refused_in_one_line(tmp_path, bare):
    """It would live on the first one's engines, and be left without when that one stops."""
    data = tmp_path / "demo"
    with running("demo", "--port", str(free_port()), "--data", str(data), until="Ctrl-C") as (process, _):
        for more in ([], ["--workers", "2"]):
            ended = bare("serve", "--config", data / "gatekeeper.toml", *more)
            assert (ended.code, ended.out) == (1, "")
            assert ended.err == f"the data folder {data} is in use by another gatekeeper (process {process.pid})\n"
        assert bare("user", "list", "--config", data / "gatekeeper.toml").code == 0


def test_the_demo_knows_localhost_and_its_address(tmp_path):
    from gatekeeper.domain.routing import UnknownHost

    router = load(write_config(tmp_path, 8080, tmp_path / "platform.sock", 2525), {}).router()
    for host in ("localhost:8080", "127.0.0.1:8080"):
        assert router.match(host, b"/mail/") is not None
    with pytest.raises(UnknownHost):
        router.match("evil.example", b"/mail/")


def test_the_demo_starts_tells_what_there_is_and_finds_its_data_again(tmp_path, bare):
    port, data = free_port(), tmp_path / "demo"
    (tmp_path / "demo").mkdir(mode=0o755)
    arguments = ("demo", "--port", str(port), "--data", str(data))
    with running(*arguments, until="Ctrl-C") as (process, said):
        assert f"http://localhost:{port}/" in said
        assert all(name in said for name in (*PEOPLE, PASSWORD))
        assert status_of(f"http://localhost:{port}/mail/") in {302, 401}
        assert status_of(f"http://127.0.0.1:{port}/gatekeeper/login") == 200
        assert f"http://localhost:{port}/elsewhere/" in said
        assert status_of(f"http://localhost:{port}/elsewhere/") == 200
        config = str(data / "gatekeeper.toml")
        people = json.loads(bare("user", "list", "--json", "--config", config).out)
        assert {person["username"]: len(person["permissions"]) for person in people} == {
            "admin@example.com": 6,
            "anna@example.com": 0,
            "marco@example.com": 0,
            "lucia@example.com": 0,
        }
        assert bare("policy", "set", "two-factor", "--mode", "everyone", "--config", config).code == 0
        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 0
    assert not (data / "platform.sock").exists()
    with running(*arguments, until="Ctrl-C") as (process, _):
        assert "everyone" in bare("policy", "show", "--config", config).out
        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 0
    assert stat.S_IMODE((data / "secret.key").stat().st_mode) == 0o600


def test_a_data_folder_that_cannot_be_made_is_one_line(bare, tmp_path):
    (tmp_path / "file").write_text("")
    ended = bare("demo", "--data", tmp_path / "file" / "x")
    assert ended.code == 1
    assert ended.err.count("\n") == 1
