"""``gatekeeper doctor`` as an operator types it, before a gateway in a process of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ended
from tests.cli.test_serve import free_port, running


class Greeter(BaseHTTPRequestHandler):
    """A platform that greets whom the header names."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = f"Hello {self.headers.get('X-Forwarded-User', 'stranger')}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def platform() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Greeter)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def config_file(tmp_path: Path, database_url: str, redis_url: str, platform: int) -> Path:
    port = free_port()
    file = tmp_path / "gatekeeper.toml"
    file.write_text(
        f"""
[server]
public_url = "http://localhost:{port}"
listen = "127.0.0.1:{port}"

[storage]
data = "data"
database = "{database_url}"
redis = "{redis_url}"

[[route]]
name = "webmail"
path = "/"
upstream = "http://127.0.0.1:{platform}"

[[route]]
name = "open"
path = "/open"
access = "public"
upstream = "http://127.0.0.1:{platform}"
"""
    )
    return file


def test_a_gateway_alone_is_clean_as_nobody_and_as_a_person(
    cli: Callable[..., Ended], config_file: Path, anna: str
) -> None:
    connect = ("--connect", "127.0.0.1")  # localhost may be another program's ::1
    with running("serve", "--config", str(config_file), until="listens"):
        alone = cli("doctor", *connect)
        assert (alone.code, alone.err) == (0, "")
        assert "nothing got through; --as USERNAME looks behind the sign-in too" in alone.out
        ended = cli("doctor", *connect, "--as", "anna@example.com", "--json", "--page", "/x")
        assert (ended.code, ended.err, ended.json["findings"]) == (0, "", [])
        assert ended.json["requests"] > 100
    log = cli("audit", "export").out
    assert log.count('"user.session.lend"') == log.count('"user.session.give-back"') == 1
    assert "gkdoctor" not in log


def test_strangers_who_count_as_proxies_end_it_with_1(
    cli: Callable[..., Ended], config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEKEEPER__SERVER__TRUSTED_PROXIES", "0.0.0.0/0")
    with running("serve", "--config", str(config_file), until="listens"):
        ended = cli("doctor", "--connect", "127.0.0.1")
    assert ended.code == 1
    assert ended.err.endswith("got through, 0 could not be told\n")
    assert ended.out.splitlines()[:3] == [
        "GOT THROUGH  server.trusted_proxies",
        "  0.0.0.0/0 holds 4,294,967,296 addresses, strangers' among them: what they say of themselves is believed.",
        "  → Name there only the addresses of your own proxies, one by one: whoever connects from one is believed.",
    ]


def with_key(config_file: Path) -> None:
    from gatekeeper.crypto.keys import SecretKey

    (config_file.parent / "data").mkdir()
    (config_file.parent / "data" / "secret.key").write_text(SecretKey.generate().to_line() + "\n")


def test_a_gateway_that_does_not_run_is_one_line(cli: Callable[..., Ended], config_file: Path) -> None:
    with_key(config_file)
    ended = cli("doctor", "--connect", "127.0.0.1:1")
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert "127.0.0.1:1 cannot be reached" in ended.err


def test_without_the_secret_key_it_cannot_look(cli: Callable[..., Ended], config_file: Path) -> None:
    ended = cli("doctor")
    assert (ended.code, ended.out) == (1, "")
    assert "secret.key: there is no such key file" in ended.err
    assert not (config_file.parent / "data").exists()


def test_nobodys_name_is_one_line(cli: Callable[..., Ended], config_file: Path) -> None:
    ended = cli("doctor", "--as", "nobody")
    assert (ended.code, ended.out, ended.err) == (1, "", "nobody is called nobody\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--url", "mail.example.com"),
        ("--url", "https://mail.example.com/mail"),
        ("--url", "https://a:b:c"),
        ("--url", "ftp://mail.example.com"),
        ("--connect", "http://127.0.0.1"),
        ("--connect", "a:b"),
    ],
)
def test_a_place_that_is_none_is_a_wrong_call(
    cli: Callable[..., Ended], config_file: Path, arguments: tuple[str, str]
) -> None:
    with_key(config_file)
    ended = cli("doctor", *arguments)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)


def test_certificates_that_cannot_be_read_are_one_line(
    cli: Callable[..., Ended], config_file: Path, tmp_path: Path
) -> None:
    ended = cli("doctor", "--ca-file", tmp_path / "none.pem")
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert "none.pem cannot be used" in ended.err
