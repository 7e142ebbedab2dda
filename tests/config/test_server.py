from __future__ import annotations

import pytest

from gatekeeper.config.server import prefix, public_url
from gatekeeper.config.values import duration, host, listen, size, texts, trusted_proxies


@pytest.mark.parametrize(
    ("text", "url", "port"),
    [
        ("https://mail.example.com", "https://mail.example.com", 443),
        ("https://Mail.Example.com/", "https://mail.example.com", 443),
        ("https://mail.example.com:443", "https://mail.example.com", 443),
        ("https://mail.example.com:8443", "https://mail.example.com:8443", 8443),
        ("http://localhost:8080", "http://localhost:8080", 8080),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", 8080),
        ("http://[::1]:8080", "http://[::1]:8080", 8080),
        ("https://müller.example", "https://xn--mller-kva.example", 443),
    ],
)
def test_a_public_url_has_one_form(text, url, port):
    found = public_url(text)
    assert (found.url, found.port) == (url, port)


@pytest.mark.parametrize(
    "text",
    [
        "mail.example.com",
        "http://mail.example.com",
        "http://localhost.example.com",
        "ftp://mail.example.com",
        "https://",
        "https://mail.example.com/mail",
        "https://mail.example.com?x",
        "https://mail.example.com#x",
        "https://user@mail.example.com",
        "https://mail.example.com:99999",
        "",
        7,
    ],
)
def test_another_public_url_is_refused(text):
    with pytest.raises(ValueError, match=r"is |has "):
        public_url(text)


@pytest.mark.parametrize("text", ["/gatekeeper", "/a/b", "/_auth"])
def test_a_prefix_is_a_path(text):
    assert prefix(text) == text


@pytest.mark.parametrize(
    "text", ["", "/", "gatekeeper", "/gatekeeper/", "/a/../b", "/a b", "/a%20b", "//a", "/a;b", "/a?b"]
)
def test_another_prefix_is_refused(text):
    with pytest.raises(ValueError, match="is "):
        prefix(text)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("[::1]:8080", "[::1]:8080"),
        (":8080", "0.0.0.0:8080"),
        ("localhost:0", "localhost:0"),
        ("unix:/run/gatekeeper.sock", "unix:/run/gatekeeper.sock"),
    ],
)
def test_an_address_to_listen_on_is_host_and_port_or_a_socket(text, form):
    assert str(listen(text)) == form


@pytest.mark.parametrize(
    "text", ["8080", "127.0.0.1", "127.0.0.1:99999", "::1:8080", "unix:run/x", "unix:/" + "a" * 120, 8080, "http://x:1"]
)
def test_another_address_is_refused(text):
    with pytest.raises(ValueError, match=r"is |has "):
        listen(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("12h", 43200), ("90d", 7776000), ("1.5h", 5400)]
)
def test_a_time_has_a_unit(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["30", 30, "", "0m", "-1h", "1w", "1h30m", "٣m"])
def test_another_time_is_refused(text):
    with pytest.raises(ValueError, match="unit"):
        duration(text)


def test_a_size_may_have_a_unit():
    assert size(1, 1 << 30)("64KiB") == size(1, 1 << 30)(65536) == 65536
    with pytest.raises(ValueError, match="is a size"):
        size(1, 10)("11")


def test_networks_addresses_and_unix_are_trusted():
    found = trusted_proxies(["127.0.0.1", "10.0.0.0/8", "2001:db8::/32", "unix"])
    assert all(found.trusts(peer) for peer in ("127.0.0.1", "10.9.9.9", "2001:db8::7", "unix"))
    assert not found.trusts("192.0.2.1")


def test_a_network_that_is_none_is_named():
    with pytest.raises(ValueError, match="nonsense"):
        trusted_proxies(["nonsense"])


@pytest.mark.parametrize("value", ["a", [1], [""], {"a": 1}, None])
def test_a_list_of_texts_is_nothing_else(value):
    with pytest.raises(ValueError, match="is a list"):
        texts(value)


def test_a_host_has_no_scheme():
    assert str(host("Mail.example.com.")) == "mail.example.com"
    with pytest.raises(ValueError, match="no scheme"):
        host("https://mail.example.com")
