from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.domain.addresses import MalformedHost
from gatekeeper.domain.paths import AmbiguousPath
from gatekeeper.domain.routing import APP, Router, UnknownHost


@dataclass(frozen=True)
class Place:
    host: str | None
    path: str


ROOT = Place(None, "/")
MAIL = Place(None, "/mail")
MAIL_ADMIN = Place(None, "/mail/admin")
HOSTED = Place("mail.example.com", "/")
PORTED = Place("mail.example.com:8443", "/")
PUBLIC = Place(None, "/public")


def router(*places: Place, hosts=("gate.example.com",), own_paths=()) -> Router[Place]:
    return Router(places, hosts=hosts, prefix="/gatekeeper", own_paths=own_paths)


def test_the_longest_path_wins():
    found = router(ROOT, MAIL, MAIL_ADMIN)
    assert found.match("any.example", b"/mail/admin/x") is MAIL_ADMIN
    assert found.match("any.example", b"/mail/inbox") is MAIL
    assert found.match("any.example", b"/other") is ROOT


def test_paths_match_by_whole_segments():
    assert router(ROOT, MAIL).match("any.example", b"/mailbox") is ROOT
    assert router(ROOT, MAIL).match("any.example", b"/mail") is MAIL
    assert router(ROOT, MAIL).match("any.example", b"/mail/") is MAIL


def test_a_route_with_the_requests_host_comes_before_one_without():
    long = Place(None, "/mail/inbox")
    assert router(HOSTED, long).match("mail.example.com", b"/mail/inbox") is HOSTED
    assert router(HOSTED, long).match("other.example.com", b"/mail/inbox") is long


def test_where_no_route_of_the_host_fits_one_without_a_host_does():
    only_mail = Place("mail.example.com", "/mail")
    assert router(only_mail, ROOT).match("mail.example.com", b"/other") is ROOT


@pytest.mark.parametrize("host", ["mail.example.com", "MAIL.Example.com", "mail.example.com.", "mail.example.com:443"])
def test_hosts_are_compared_in_one_form(host):
    assert router(HOSTED).match(host, b"/") is HOSTED


def test_a_route_without_a_port_takes_any_port_and_one_with_a_port_only_its_own():
    assert router(HOSTED, PORTED).match("mail.example.com:9999", b"/") is HOSTED
    assert router(HOSTED, PORTED).match("mail.example.com:8443", b"/") is PORTED


def test_a_host_that_no_route_and_no_public_address_knows_is_unknown():
    with pytest.raises(UnknownHost):
        router(HOSTED).match("evil.example", b"/")
    with pytest.raises(UnknownHost):
        router(HOSTED).match("mail.example.com.evil.example", b"/gatekeeper/login")


@pytest.mark.parametrize(
    "host", ["", "a b", "user@mail.example.com", "mail.example.com/x", "mail.example.com:0", "[::1"]
)
def test_a_host_that_is_none_is_malformed(host):
    with pytest.raises(MalformedHost):
        router(HOSTED).match(host, b"/")


def test_our_own_pages_answer_on_every_known_host():
    found = router(HOSTED)
    for host in ("mail.example.com", "gate.example.com:8080"):
        assert found.match(host, b"/gatekeeper/login") is APP
        assert found.match(host, b"/gatekeeper") is APP
    assert found.match("mail.example.com", b"/gatekeepers") is HOSTED


def test_a_known_host_without_a_fitting_route_has_none():
    assert router(HOSTED).match("gate.example.com", b"/mail") is None


def test_the_well_known_paths_are_ours_on_the_public_host_alone():
    found = router(HOSTED, own_paths=["/.well-known/change-password"])
    assert found.match("gate.example.com", b"/.well-known/change-password") is APP
    assert found.match("mail.example.com", b"/.well-known/change-password") is HOSTED
    assert found.match("gate.example.com", b"/.well-known/change-password/x") is None


def test_an_encoded_slash_passes_where_both_readings_belong_to_one_route():
    assert router(ROOT, MAIL).match("any.example", b"/mail/INBOX%2FSent") is MAIL


@pytest.mark.parametrize(
    "path",
    [
        b"/public%2F",
        b"/publi%63/x",
        b"/public;x/a",
        b"/public%3Bx/a",
        b"//public/a",
        b"/%2Fpublic/a",
        b"/%5Cpublic/a",
        b"//gatekeeper/login",
        b"/gatekeeper;x/login",
        b"/%67atekeeper/login",
        b"/x%2F..%2Fpublic",
        b"/public/..;/mail",
        b"/mail%2Fadmin",
        b"/mail//admin",
        b"/mail/admin;x",
        b"/mail;/admin",
        b"/mail/%61dmin",
        b"/mail/admin%2Fx;y%2Fz/..",
    ],
)
def test_a_path_whose_readings_find_different_routes_is_refused(path):
    if path == b"/public%2F":
        assert router(ROOT, Place(None, "/public/a")).match("any.example", path) is ROOT
        return
    with pytest.raises(AmbiguousPath):
        router(ROOT, MAIL, MAIL_ADMIN, PUBLIC).match("any.example", path)


PIECES = st.sampled_from(
    [b"/", b"//", b"mail", b"admin", b"public", b"gatekeeper", b";x", b"%2F", b"%3B", b"%61", b"a"]
)


@given(st.lists(PIECES, max_size=8).map(lambda pieces: b"/" + b"".join(pieces)))
def test_a_path_that_is_judged_leads_any_server_to_the_same_route(path):
    from gatekeeper.domain.paths import readings

    found = router(ROOT, MAIL, MAIL_ADMIN, PUBLIC)
    try:
        judged = found.match("any.example", path)
    except AmbiguousPath:
        return
    assert all(found._find(found._tables["any.example"], reading) is judged for reading in readings(path))


def test_hosts_that_are_tried_out_do_not_fill_the_memory():
    found = router(ROOT)
    for number in range(3000):
        found.match(f"h{number}.example", b"/")
    assert len(found._tables) <= 1024
