from __future__ import annotations

from pathlib import Path

import pytest

from gatekeeper.config import Config, ConfigFaults, MailServer, Sender, TlsConfig, load
from tests.certificates import write_certificate

WHOLE = """
[server]
public_url = "https://mail.example.com"
listen = "127.0.0.1:8080"
internal_listen = "127.0.0.1:9091"
trusted_proxies = ["127.0.0.1/32"]
prefix = "/gatekeeper"

[storage]
data = "/var/lib/gatekeeper"
secret_key_file = "/run/secrets/gatekeeper.key"
database = "postgresql://gatekeeper@db/gatekeeper"
redis = "redis://cache:6379/0"

[mail]
smtp = "smtp://user@mail.example.com:587"
sender = "Example Mail <no-reply@example.com>"
main_address_reachable = false

[session]
idle_timeout = "30m"
absolute_timeout = "12h"

[[route]]
name = "webmail"
host = "mail.example.com"
path = "/"
upstream = "http://127.0.0.1:9000"
access = "signed-in"
identity = "forwarded"
headers = { "X-Webobjects-Remote-User" = "{username}" }
upstream_basic = "{username}"
upstream_password_file = "master"
host_header = "client"
preflight = false
background = ["/?_action=refresh"]
"""

SMALLEST = """
[server]
public_url = "https://mail.example.com"
[storage]
data = "data"
[[route]]
upstream = "http://127.0.0.1:9000"
"""


def read(folder: Path, text: str, environ: dict[str, str] | None = None) -> Config:
    file = folder / "gatekeeper.toml"
    file.write_text(text)
    return load(file, environ or {})


def faults(folder: Path, text: str, environ: dict[str, str] | None = None) -> dict[str, str]:
    with pytest.raises(ConfigFaults) as caught:
        read(folder, text, environ)
    assert str(caught.value).count("\n") == len(caught.value.faults) - 1
    return {fault.place: fault.message for fault in caught.value.faults}


def test_the_contracts_example_is_read_whole(tmp_path):
    (tmp_path / "master").write_text("päss word\n")
    config = read(tmp_path, WHOLE, {"GATEKEEPER__MAIL__PASSWORD": "secret"})
    assert config.server.internal_listen is not None
    assert str(config.server.internal_listen) == "127.0.0.1:9091"
    assert config.storage.database == "postgresql://gatekeeper@db/gatekeeper"
    assert config.session.idle_timeout == 1800.0
    assert config.mail is not None
    assert config.mail.server == MailServer("mail.example.com", 587, username="user")
    assert config.mail.sender == Sender("Example Mail", "no-reply@example.com")
    (route,) = config.routes
    assert route.upstream_password == "päss word"
    assert route.host == "mail.example.com"
    assert config.strip_set()[b"X_WEBOBJECTS_REMOTE_USER"]


def test_what_may_be_left_out_has_a_default(tmp_path):
    config = read(tmp_path, SMALLEST)
    assert str(config.server.listen) == "127.0.0.1:8080"
    assert config.server.prefix == "/gatekeeper"
    assert config.session.absolute_timeout == 43_200.0
    assert config.storage.secret_key_file == tmp_path / "data" / "secret.key"
    assert config.storage.creates_secret_key
    assert config.mail is None
    (route,) = config.routes
    assert (route.path, route.host, route.identity, route.name) == ("/", None, "forwarded", "any/")


def test_nobody_is_trusted_by_default(tmp_path):
    assert not read(tmp_path, SMALLEST).server.trusted_proxies.trusts("127.0.0.1")


def test_the_environment_goes_before_the_file(tmp_path):
    environ = {
        "GATEKEEPER__SERVER__LISTEN": "unix:/run/gatekeeper.sock",
        "GATEKEEPER__SERVER__TRUSTED_PROXIES": "10.0.0.0/8,unix",
        "GATEKEEPER__SERVER__LIMITS__POOL_SIZE": "7",
        "GATEKEEPER__ROUTE__0__UPSTREAM": "unix:/run/webmail.sock",
        "GATEKEEPER__ROUTE__0__PREFLIGHT": "true",
        "GATEKEEPER_CONFIG": "is another thing",
        "PATH": "/bin",
    }
    config = read(tmp_path, SMALLEST, environ)
    assert config.server.listen.path == "/run/gatekeeper.sock"
    assert config.server.trusted_proxies.trusts("10.1.1.1")
    assert config.server.trusted_proxies.trusts("unix")
    assert config.server.limits.pool_size == 7
    assert config.routes[0].upstream.socket == "/run/webmail.sock"
    assert config.routes[0].preflight


def test_the_environment_alone_can_say_everything():
    environ = {
        "GATEKEEPER__SERVER__PUBLIC_URL": "https://mail.example.com",
        "GATEKEEPER__STORAGE__DATA": "/var/lib/gatekeeper",
        "GATEKEEPER__ROUTE__0__UPSTREAM": "http://127.0.0.1:9000",
        "GATEKEEPER__ROUTE__1__UPSTREAM": "http://127.0.0.1:9001",
        "GATEKEEPER__ROUTE__1__PATH": "/x",
    }
    assert [route.path for route in load(None, environ).routes] == ["/", "/x"]


def test_a_number_in_the_environment_stays_a_text_where_a_text_is_meant(tmp_path):
    environ = {
        "GATEKEEPER__MAIL__SMTP": "smtp://user@mail.example.com",
        "GATEKEEPER__MAIL__SENDER": "a@example.com",
        "GATEKEEPER__MAIL__PASSWORD": "12345",
    }
    mail = read(tmp_path, SMALLEST, environ).mail
    assert mail is not None
    assert mail.password == "12345"


@pytest.mark.parametrize(
    "name", ["GATEKEEPER__SERVER", "GATEKEEPER__", "GATEKEEPER__ROUTE__9__PATH", "GATEKEEPER__ROUTE__X__PATH"]
)
def test_a_name_in_the_environment_that_names_no_setting_is_a_fault(tmp_path, name):
    assert any(place in {name, "server"} for place in faults(tmp_path, SMALLEST, {name: "x"}))


def test_a_mistyped_name_in_the_environment_is_a_fault(tmp_path):
    assert "listen" in faults(tmp_path, SMALLEST, {"GATEKEEPER__SERVER__LISTN": "x"})["server.listn"]


def test_every_fault_is_reported_at_once_with_its_place(tmp_path):
    found = faults(
        tmp_path,
        """
[server]
public_url = "http://mail.example.com"
listn = "127.0.0.1:8080"
[storage]
database = "mysql://db/x"
[session]
idle_timeout = "30"
[[route]]
upstream = "ftp://x"
""",
    )
    assert set(found) == {
        "server.public_url",
        "server.listn",
        "storage.database",
        "storage.data",
        "session.idle_timeout",
        "route[0].upstream",
    }
    assert "did you mean listen?" in found["server.listn"]
    assert "https" in found["server.public_url"]
    assert "30m" in found["session.idle_timeout"]
    assert "http://127.0.0.1:9000" in found["route[0].upstream"]


def test_a_missing_file_is_a_fault(tmp_path):
    with pytest.raises(ConfigFaults, match="cannot be read"):
        load(tmp_path / "none.toml", {})


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ConfigFaults, match="cannot be read"):
        load(tmp_path, {})


def test_broken_toml_names_its_line(tmp_path):
    (found,) = faults(tmp_path, "[server\n").values()
    assert "line 1" in found


def test_a_byte_order_mark_is_no_fault(tmp_path):
    read(tmp_path, "\ufeff" + SMALLEST)


def test_an_empty_file_names_what_is_needed(tmp_path):
    assert {"server.public_url", "storage.data"} <= set(faults(tmp_path, ""))


def test_reading_changes_nothing(tmp_path):
    read(tmp_path, SMALLEST)
    assert [file.name for file in tmp_path.iterdir()] == ["gatekeeper.toml"]


@pytest.mark.parametrize("text", ["server = 1", "[[server]]", "route = 1", "[route]\nupstream = 'x'", "[storage.data]"])
def test_a_value_of_the_wrong_kind_is_a_fault_and_no_crash(tmp_path, text):
    faults(tmp_path, text)


def test_the_edge_gets_what_it_needs(tmp_path):
    config = read(tmp_path, SMALLEST)
    assert config.router().match("mail.example.com", b"/x") is config.routes[0]
    assert config.redirect_hosts() == {"mail.example.com"}
    assert config.server.cookies.session == "__Host-gatekeeper"
    assert config.server.issuer == "https://mail.example.com/gatekeeper"


def test_a_certificate_and_its_key_are_files_that_fit(tmp_path):
    certificate, key = write_certificate(tmp_path)
    found = read(tmp_path, SMALLEST + '[server.tls]\ncertificate = "cert.pem"\nkey = "key.pem"\n')
    assert found.server.tls == TlsConfig(certificate, key)
    found = read(
        tmp_path,
        SMALLEST,
        {"GATEKEEPER__SERVER__TLS__CERTIFICATE": "cert.pem", "GATEKEEPER__SERVER__TLS__KEY": "key.pem"},
    )
    assert found.server.tls == TlsConfig(certificate, key)


@pytest.mark.parametrize(
    ("tls", "place"),
    [
        ('certificate = "cert.pem"', "server.tls.key"),
        ('certificate = "cert.pem"\nkey = "none.pem"', "server.tls.key"),
        ('certificate = "cert.pem"\nkey = "cert.pem"', "server.tls.certificate"),
        ('certificate = "cert.pem"\nkey = "key.pem"\nport = 443', "server.tls.port"),
    ],
)
def test_a_certificate_without_its_key_is_a_fault(tmp_path, tls, place):
    write_certificate(tmp_path)
    assert place in faults(tmp_path, f"{SMALLEST}[server.tls]\n{tls}\n")
