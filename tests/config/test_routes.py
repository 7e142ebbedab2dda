from __future__ import annotations

import pytest

from gatekeeper.config import Upstream
from gatekeeper.config.routes import access_of_route, path_of_route, upstream_of_route
from gatekeeper.domain.access import PUBLIC, SECOND_FACTOR, SIGNED_IN, Access
from gatekeeper.domain.model import OwnerFacts
from tests.config.test_load import faults, read

HEAD = """
[server]
public_url = "https://mail.example.com"
[storage]
data = "data"
"""


def routes(*texts: str) -> str:
    return HEAD + "".join(f"\n[[route]]\nupstream = 'http://127.0.0.1:9000'\n{text}\n" for text in texts)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("path = '/a'", "path = '/a'"),
        ("path = '/a'", "path = '/a/'"),
        ("path = '/'", ""),
        ("host = 'Mail.example.com'", "host = 'mail.example.com.'"),
        ("host = 'mail.example.com'", "host = 'mail.example.com:443'"),
    ],
)
def test_two_equal_routes_are_a_fault(tmp_path, first, second):
    found = faults(tmp_path, routes(f"name = 'a'\n{first}", f"name = 'b'\n{second}"))
    assert list(found) == ["route[1].path"]
    assert "route[0]" in found["route[1].path"]


def test_routes_that_differ_by_host_or_path_are_none(tmp_path):
    config = read(tmp_path, routes("path = '/a'", "path = '/b'", "path = '/a'\nhost = 'x.example.com'"))
    assert len(config.routes) == 3


def test_a_route_whose_path_is_wrong_is_not_called_a_double(tmp_path):
    assert list(faults(tmp_path, routes("name = 'a'", "name = 'b'\npath = 'x'"))) == ["route[1].path"]


@pytest.mark.parametrize("path", ["/gatekeeper", "/gatekeeper/", "/gatekeeper/x"])
def test_a_route_under_our_own_pages_is_a_fault(tmp_path, path):
    assert "own pages" in faults(tmp_path, routes(f"path = '{path}'"))["route[0].path"]


def test_a_route_beside_our_own_pages_is_none(tmp_path):
    read(tmp_path, routes("path = '/gatekeepers'"))


def test_two_routes_of_one_name_are_a_fault(tmp_path):
    assert list(faults(tmp_path, routes("name = 'a'", "name = 'a'\npath = '/b'"))) == ["route[1].name"]


@pytest.mark.parametrize(
    ("text", "upstream"),
    [
        ("http://127.0.0.1:9000", Upstream("http", "127.0.0.1", 9000)),
        ("http://webmail", Upstream("http", "webmail", 80)),
        ("https://webmail/", Upstream("https", "webmail", 443)),
        ("http://[::1]:9000", Upstream("http", "::1", 9000)),
        ("unix:/run/webmail.sock", Upstream("unix", socket="/run/webmail.sock")),
    ],
)
def test_an_upstream_is_an_address_or_a_socket(text, upstream):
    assert upstream_of_route(text) == upstream


@pytest.mark.parametrize(
    "text",
    [
        "",
        "127.0.0.1:9000",
        "ftp://x",
        "http://",
        "http://x/path",
        "http://x?y",
        "http://u:p@x",
        "unix:x",
        "http://x:99999",
    ],
)
def test_another_upstream_is_refused(text):
    with pytest.raises(ValueError, match=r"is |has "):
        upstream_of_route(text)


def test_an_upstreams_own_host_header_has_a_port_where_it_is_odd():
    assert upstream_of_route("http://[::1]:9000").authority == "[::1]:9000"
    assert upstream_of_route("https://webmail").authority == "webmail"
    assert upstream_of_route("unix:/run/x").authority == "localhost"


@pytest.mark.parametrize("path", ["mail", "", "/a/../b", "/a//b", "/a%20b", "/a;b", "/a?b", "/a b", "/ä"])
def test_a_routes_path_is_plain(path):
    with pytest.raises(ValueError, match="is "):
        path_of_route(path)


@pytest.mark.parametrize(
    ("value", "access"),
    [
        ("public", PUBLIC),
        ("signed-in", SIGNED_IN),
        ("second-factor", SECOND_FACTOR),
        ({"groups": ["staff"]}, Access(groups=frozenset({"staff"}))),
        ({"groups": ["a", "b"], "second_factor": True}, Access(groups=frozenset({"a", "b"}), second_factor=True)),
        ({"second_factor": True}, SECOND_FACTOR),
    ],
)
def test_access_is_a_word_or_a_table(value, access):
    assert access_of_route(value) == access


@pytest.mark.parametrize(
    "value",
    [
        "Public",
        "",
        {},
        {"groups": []},
        {"group": ["a"]},
        {"groups": "a"},
        {"groups": ["a,b"]},
        True,
        {"second_factor": 1},
    ],
)
def test_another_access_is_refused(value):
    with pytest.raises(ValueError, match=r"is |empty|comma"):
        access_of_route(value)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('access = "open"', "access"),
        ('identity = "forward"', "identity"),
        ('headers = { "Host" = "x" }', "headers"),
        ('headers = { "Content_Length" = "x" }', "headers"),
        ('headers = { "Authorization" = "x" }', "headers"),
        ('headers = { "A B" = "x" }', "headers"),
        ('headers = { "X-User" = "{user}" }', "headers"),
        ('headers = { "X-User" = "a\\r\\nb" }', "headers"),
        ('headers = { "X-User" = 1 }', "headers"),
        ('headers = "X-User"', "headers"),
        ('host_header = "server"', "host_header"),
        ('preflight = "yes"', "preflight"),
        ('background = ["refresh"]', "background"),
        ('header_encoding = "latin1"', "header_encoding"),
        ('host = "https://mail.example.com"', "host"),
        ('name = "a b"', "name"),
        ('upstream_basic = "{username}"', "upstream_basic"),
        ('upstream_password_file = "none"', "upstream_password_file"),
        ('upstream_ca_file = "none"', "upstream_ca_file"),
        ("acess = 1", "acess"),
    ],
)
def test_a_fault_in_a_route_has_its_place(tmp_path, line, key):
    assert f"route[0].{key}" in faults(tmp_path, routes(line))


def test_a_master_password_comes_from_its_file_raw(tmp_path):
    (tmp_path / "master").write_text(" a#b%2F@c/d \n")
    config = read(tmp_path, routes('upstream_basic = "{username}"\nupstream_password_file = "master"'))
    assert config.routes[0].upstream_password == " a#b%2F@c/d "
    assert config.routes[0].identity_headers.replaces_authorization
    assert "a#b" not in repr(config)


def test_identity_headers_are_ready_to_be_written(tmp_path):
    config = read(tmp_path, routes("identity = 'none'\nheaders = { 'X-User' = '{username}' }"))
    owner = OwnerFacts("1", "anna", "anna@example.com", "Anna")
    assert config.routes[0].identity_headers.lines(owner) == b"X-User: anna\r\n"
