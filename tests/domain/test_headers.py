from __future__ import annotations

import base64
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.headers import (
    FORWARDING_HEADERS,
    IDENTITY_HEADERS,
    IdentityHeaders,
    StripSet,
    check_template,
    connection_options,
    encoded,
    folded,
    forwarding_lines,
    is_token,
    reported_proto,
)
from gatekeeper.domain.model import OwnerFacts

ANNA = OwnerFacts("1", "anna@example.com", "anna@example.com", "Anna Rossi", groups=("staff", "sales"))
SEPARATORS = st.sampled_from(["-", "_", ".", "", "--", "~", "!"])


def lines_of(block: bytes) -> dict[str, str]:
    assert block.endswith(b"\r\n") or not block
    return dict(line.split(": ", 1) for line in block.decode().split("\r\n") if line)


@given(st.sampled_from(IDENTITY_HEADERS + FORWARDING_HEADERS), st.data())
def test_an_identity_header_is_removed_in_any_spelling(name, data):
    letters = [data.draw(st.sampled_from([part.lower(), part.upper(), part])) for part in name.split("-")]
    spelt = letters[0]
    for part in letters[1:]:
        spelt += data.draw(SEPARATORS) + part
    assert StripSet()[spelt.encode()]


@pytest.mark.parametrize(
    "name", [b"X-Gatekeeper-Client-Address", b"X_GATEKEEPER_ANYTHING", b"X-Forwarded-Prefix", b"X-Original-URL"]
)
def test_what_only_we_say_is_removed(name):
    assert StripSet()[name]


@pytest.mark.parametrize(
    "name", [b"X-Real-IP", b"x_real_ip", b"X-Client-IP", b"True-Client-IP", b"CF-Connecting-IP", b"X-Remote-Addr"]
)
def test_no_client_says_what_its_own_address_is(name):
    assert StripSet()[name]


def test_no_client_names_a_proxy_for_programs_behind_the_platform():
    assert StripSet()[b"Proxy"]


@pytest.mark.parametrize(
    "name", [b"User-Agent", b"Accept", b"X-Requested-With", b"Authorization", b"Forwarded-Mail", b"X-Remote"]
)
def test_other_headers_pass(name):
    assert not StripSet()[name]


def test_names_of_the_routes_own_are_removed_too():
    assert StripSet(["X-Webobjects-Remote-User"])[b"x_webobjects.remote_user"]


def test_names_that_are_tried_out_do_not_fill_the_memory():
    strip = StripSet()
    for number in range(10_000):
        _ = strip[f"X-{number}".encode()]
    _ = strip[b"X-" + b"y" * 5000]
    assert len(strip) <= 4096
    assert max(map(len, strip)) <= 64


@given(st.binary(max_size=40))
def test_folding_twice_is_folding_once(name):
    assert folded(folded(name)) == folded(name)
    assert folded(name).isalnum() or not folded(name)


def test_connection_names_are_read_from_every_header():
    assert connection_options([b"keep-alive, X-Forwarded-User", b" Foo ,,"]) == {
        b"keep-alive",
        b"x-forwarded-user",
        b"foo",
    }


def test_the_forwarded_identity_is_that_of_the_contract():
    assert lines_of(IdentityHeaders("forwarded").lines(ANNA)) == {
        "X-Forwarded-User": "anna@example.com",
        "X-Forwarded-Preferred-Username": "anna@example.com",
        "X-Forwarded-Email": "anna@example.com",
        "X-Forwarded-Groups": "staff,sales",
        "X-Forwarded-Name": "Anna Rossi",
    }


def test_the_remote_identity_is_that_of_the_contract():
    assert lines_of(IdentityHeaders("remote").lines(ANNA)) == {
        "Remote-User": "anna@example.com",
        "Remote-Email": "anna@example.com",
        "Remote-Name": "Anna Rossi",
        "Remote-Groups": "staff,sales",
    }


def test_no_identity_leaves_only_the_routes_own_headers():
    headers = IdentityHeaders("none", {"X-Webobjects-Remote-User": "{username}", "X-Mail": "<{email}>"})
    assert lines_of(headers.lines(ANNA)) == {
        "X-Webobjects-Remote-User": "anna@example.com",
        "X-Mail": "<anna@example.com>",
    }


def test_a_person_in_no_group_has_no_groups_header():
    assert b"Groups" not in IdentityHeaders("forwarded").lines(OwnerFacts("1", "a", "a@example.com", "A"))


@pytest.mark.parametrize(
    ("name", "value"), [("Jörn", "J%C3%B6rn"), ("Анна", "%D0%90%D0%BD%D0%BD%D0%B0"), ("Anna", "Anna")]
)
def test_a_name_that_is_not_ascii_is_percent_encoded(name, value):
    assert (
        lines_of(IdentityHeaders("forwarded").lines(OwnerFacts("1", "a", "a@b.c", name)))["X-Forwarded-Name"] == value
    )


def test_a_platform_can_have_its_names_in_utf8():
    block = IdentityHeaders("forwarded", utf8=True).lines(OwnerFacts("1", "a", "a@b.c", "Jörn"))
    assert "X-Forwarded-Name: Jörn\r\n".encode() in block


@given(st.text(min_size=1, max_size=30), st.booleans())
def test_no_value_can_begin_a_line_of_its_own(name, utf8):
    owner = OwnerFacts("1", name, name, name, groups=(name,))
    block = (
        IdentityHeaders("forwarded", {"X-Own": "a {name} b"}, utf8=utf8).lines(
            owner if name.isascii() or not utf8 else OwnerFacts("1", "a", "b", name.encode(errors="replace").decode())
        )
        if not any("\ud800" <= c <= "\udfff" for c in name)
        else b""
    )
    assert block.count(b"\r\n") == block.count(b"\n") == block.count(b"\r")
    assert not any(byte < 0x20 and byte not in b"\r\n" for byte in block)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30))
def test_an_encoded_value_is_ascii_and_can_be_read_back(value):
    assert encoded(value).isascii()
    if not value.isascii():
        assert unquote(encoded(value)) == value


def test_a_master_password_goes_as_basic_authorization():
    headers = IdentityHeaders("none", basic="{username}", basic_password="päss:wörd")
    value = lines_of(headers.lines(ANNA))["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(value).decode() == "anna@example.com:päss:wörd"
    assert headers.replaces_authorization
    assert not IdentityHeaders("none").replaces_authorization


@pytest.mark.parametrize("template", ["{user}", "{", "}", "{username", "{{username}}", "a\r\nb", "{}"])
def test_a_template_that_cannot_be_filled_is_refused(template):
    with pytest.raises(ValueError, match=r"it has|not known"):
        check_template(template)


def test_a_template_may_be_plain_text():
    check_template("constant")
    check_template("{username}/{email}/{name}/{groups}")


@pytest.mark.parametrize(
    ("name", "right"), [("X-User", True), ("X User", False), ("", False), ("X:Y", False), ("Ü", False)]
)
def test_a_headers_name_is_a_token(name, right):
    assert is_token(name) is right


def test_what_is_said_of_the_client_is_written_anew():
    block = forwarding_lines(["203.0.113.1"], proto="https", host="mail.example.com", port=443, request_id="abc")
    assert lines_of(block) == {
        "X-Forwarded-For": "203.0.113.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "mail.example.com",
        "X-Forwarded-Port": "443",
        "Forwarded": 'for=203.0.113.1;host="mail.example.com";proto=https',
        "X-Real-IP": "203.0.113.1",
        "X-Request-Id": "abc",
    }


def test_a_chain_of_proxies_is_named_in_order():
    block = forwarding_lines(
        ["2001:db8::1", "10.0.0.1", "unix"], proto="http", host="[::1]:8080", port=8080, request_id="r"
    )
    lines = lines_of(block)
    assert lines["X-Forwarded-For"] == "2001:db8::1, 10.0.0.1, unix"
    assert lines["Forwarded"] == 'for="[2001:db8::1]";host="[::1]:8080";proto=http, for=10.0.0.1, for=unknown'


@pytest.mark.parametrize(
    ("values", "proto"),
    [
        (["https"], "https"),
        (["https,http"], "https"),
        (["https", "http"], "https"),
        (["HTTP"], "http"),
        (["wss"], "https"),
        (["gopher"], "http"),
        ([], "http"),
        ([""], "http"),
    ],
)
def test_the_clients_own_scheme_is_the_first_of_the_list(values, proto):
    assert reported_proto(values, "http") == proto


@pytest.mark.parametrize(
    ("values", "reporters", "proto"),
    [
        (["https,http"], 2, "https"),
        (["https", "http"], 2, "https"),
        (["http, https"], 1, "https"),  # the client began the list
        (["http, https, http"], 2, "https"),
        (["https"], 3, "https"),  # one of three says it
        (["https,http"], 0, "https"),
        (["http,"], 1, "http"),
    ],
)
def test_what_stands_before_the_trusted_proxies_own_words_is_not_believed(values, reporters, proto):
    assert reported_proto(values, "http", reporters) == proto
