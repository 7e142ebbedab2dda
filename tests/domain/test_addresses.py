from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.addresses import (
    UNIX,
    MalformedHost,
    TrustedProxies,
    authority,
    canonical_address,
    counted_as,
    is_loopback,
    is_origin_of,
    reported,
)

LOCAL = TrustedProxies([ipaddress.ip_network("127.0.0.1/32"), ipaddress.ip_network("10.0.0.0/8")])


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Mail.Example.COM", "mail.example.com"),
        ("mail.example.com.", "mail.example.com"),
        ("mail.example.com:80", "mail.example.com"),
        ("mail.example.com:443", "mail.example.com"),
        ("mail.example.com:4443", "mail.example.com:4443"),
        ("[::1]:8080", "[::1]:8080"),
        ("[0:0:0::0:1]", "[::1]"),
        ("[2001:DB8::1]", "[2001:db8::1]"),
        ("127.0.0.1:8080", "127.0.0.1:8080"),
    ],
)
def test_a_host_has_one_form(text, form):
    assert str(authority(text)) == form


@given(st.text(max_size=40))
def test_a_host_is_read_or_malformed_and_nothing_else(text):
    try:
        form = str(authority(text))
    except MalformedHost:
        return
    assert str(authority(form)) == form
    assert form == form.lower()
    assert not set(form) & set("/\\@?# \t\r\n")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "[::1]", "mail.localhost"])
def test_loopback_hosts_are_known(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["mail.example.com", "localhost.example.com", "10.0.0.1", "[2001:db8::1]", "notlocalhost"]
)
def test_other_hosts_are_no_loopback(host):
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("origin", "host", "scheme", "same"),
    [
        ("https://mail.example.com", "mail.example.com", "https", True),
        ("https://mail.example.com:443", "Mail.example.com", "https", True),
        ("https://mail.example.com:4443", "mail.example.com:4443", "https", True),
        ("https://mail.example.com", "mail.example.com:4443", "https", False),
        ("https://mail.example.com:80", "mail.example.com:443", "https", False),
        ("http://mail.example.com", "mail.example.com", "https", False),
        ("https://mail.example.com.evil.example", "mail.example.com", "https", False),
        ("https://evil.example", "mail.example.com", "https", False),
        ("null", "mail.example.com", "https", False),
        ("", "mail.example.com", "https", False),
        ("https://mail.example.com@evil.example", "mail.example.com", "https", False),
    ],
)
def test_an_origin_is_ours_only_if_scheme_host_and_port_are(origin, host, scheme, same):
    assert is_origin_of(origin, host, scheme) is same


def test_an_untrusted_peer_is_the_client_whatever_it_says():
    assert LOCAL.client_of("192.0.2.9", ["203.0.113.1"]) == "192.0.2.9"


def test_nobody_is_trusted_by_default():
    assert TrustedProxies().client_of("127.0.0.1", ["203.0.113.1"]) == "127.0.0.1"


def test_the_client_is_the_last_that_is_no_trusted_proxy():
    assert LOCAL.client_of("127.0.0.1", ["6.6.6.6", "203.0.113.1", "10.1.2.3"]) == "203.0.113.1"
    assert LOCAL.hops("127.0.0.1", ["6.6.6.6", "203.0.113.1", "10.1.2.3"]) == ("203.0.113.1", "10.1.2.3", "127.0.0.1")


def test_a_chain_of_trusted_proxies_alone_ends_at_the_farthest():
    assert LOCAL.client_of("127.0.0.1", ["10.0.0.1"]) == "10.0.0.1"


def test_what_is_no_address_ends_the_chain():
    assert LOCAL.client_of("127.0.0.1", ["203.0.113.1", "unknown"]) == "127.0.0.1"
    assert LOCAL.client_of("127.0.0.1", ["<script>"]) == "127.0.0.1"


def test_a_peer_on_a_unix_socket_is_trusted_only_by_name():
    assert TrustedProxies(unix=True).client_of(UNIX, ["203.0.113.1"]) == "203.0.113.1"
    assert LOCAL.client_of(UNIX, ["203.0.113.1"]) == UNIX


def test_an_ipv4_address_in_ipv6_clothes_is_the_same():
    assert LOCAL.trusts("::ffff:127.0.0.1")
    assert canonical_address("::ffff:192.0.2.1") == "192.0.2.1"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("192.0.2.1:4711", "192.0.2.1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ('"[2001:db8::1]"', "2001:db8::1"),
        ("unknown", None),
        ("", None),
        ("256.1.1.1", None),
    ],
)
def test_an_address_has_one_form(text, form):
    assert canonical_address(text) == form


def test_several_headers_are_one_chain():
    assert reported(["203.0.113.1, 10.0.0.1", "10.0.0.2"]) == ("203.0.113.1", "10.0.0.1", "10.0.0.2")


def test_forwarded_is_read_where_the_older_header_is_missing():
    assert reported([], ['for="[2001:db8::1]:4711";proto=https, for=10.0.0.2']) == ("[2001:db8::1]:4711", "10.0.0.2")
    assert reported(["203.0.113.1"], ["for=10.0.0.2"]) == ("203.0.113.1",)


def test_ipv6_is_counted_by_its_64():
    assert counted_as("2001:db8::1") == counted_as("2001:db8::ffff") == "2001:db8::/64"
    assert counted_as("2001:db8:0:1::1") != counted_as("2001:db8::1")
    assert counted_as("192.0.2.1") == "192.0.2.1"
    assert counted_as(UNIX) == UNIX
