"""Whose word is taken, judged from what the edge tells."""

from __future__ import annotations

import json

import pytest

from gatekeeper.doctor import trust
from gatekeeper.doctor.findings import Severity
from gatekeeper.doctor.trust import Told
from tests.doctor.chains import trusting

FORGED = "203.0.113.77"
GOOD = {"peer": "10.0.0.2", "trusted": True, "address": "192.0.2.1", "scheme": "https", "host": "mail.example.com"}


def told(*headers: tuple[str, str], **changes: object) -> Told:
    return Told(**{**GOOD, "connection": (), "headers": headers, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("network", "severity"),
    [
        ("0.0.0.0/0", Severity.HOLE),
        ("::/0", Severity.HOLE),
        ("128.0.0.0/1", Severity.HOLE),
        ("8.0.0.0/8", Severity.HOLE),
        ("104.16.0.0/13", Severity.REMARK),
        ("8.8.8.8/32", Severity.REMARK),
        ("2606:4700::/32", Severity.REMARK),
        ("10.0.0.0/8", Severity.REMARK),
        ("192.168.0.0/23", Severity.REMARK),
        ("fd00::/8", Severity.REMARK),
        ("192.168.0.0/24", None),
        ("10.1.2.3/32", None),
        ("127.0.0.0/8", None),
        ("::1/128", None),
    ],
)
def test_a_network_that_is_wider_than_ones_own_proxies_is_named(network: str, severity: Severity | None) -> None:
    found = trust.judge_networks(trusting(network))
    assert [finding.severity for finding in found] == ([] if severity is None else [severity])
    assert all(network in finding.what for finding in found)


def test_an_address_that_was_not_believed_is_no_finding() -> None:
    assert trust.judge_address(trusting("10.0.0.2/32"), told(), "X-Forwarded-For", FORGED, direct=False) is None


@pytest.mark.parametrize(
    ("header", "networks", "place"),
    [
        (FORGED, ("10.0.0.2/32",), "X-Forwarded-For"),
        (f"{FORGED}, 192.0.2.1", ("10.0.0.2/32", "192.0.2.1/32"), None),
        (f"{FORGED}, 192.0.2.1", ("0.0.0.0/0",), "server.trusted_proxies"),
        (f"{FORGED}, 192.0.2.1, 10.0.0.9", ("10.0.0.0/24", "192.0.2.1/32"), None),
        (f"{FORGED}, 2001:db8::1", ("::/0", "10.0.0.2/32"), "server.trusted_proxies"),
    ],
)
def test_a_made_up_address_counts_as_a_stranger_would_have_sent_it(
    header: str, networks: tuple[str, ...], place: str | None
) -> None:
    seen = told(("X-Forwarded-For", header), address=FORGED)
    found = trust.judge_address(trusting(*networks), seen, "X-Forwarded-For", FORGED, direct=False)
    assert (None if found is None else (found.severity, found.place)) == (place and (Severity.HOLE, place))


def test_an_address_from_forwarded_is_judged_likewise() -> None:
    seen = told(("Forwarded", f"for={FORGED}"), address=FORGED)
    found = trust.judge_address(trusting("10.0.0.2/32"), seen, "Forwarded", FORGED, direct=False)
    assert found is not None
    assert found.severity is Severity.HOLE


@pytest.mark.parametrize(("network", "found"), [("10.0.0.2/32", False), ("0.0.0.0/0", True)])
def test_who_reaches_the_edge_itself_is_trusted_wrongly_only_where_strangers_are(network: str, found: bool) -> None:
    seen = told(address=FORGED)
    assert bool(trust.judge_address(trusting(network), seen, "X-Forwarded-For", FORGED, direct=True)) is found
    claimed = trust.judge_claim(trusting(network), seen, "X-Forwarded-Host", "evil", "evil", direct=True)
    assert bool(claimed) is found


def test_a_claim_that_a_proxy_passed_on_is_found_and_another_is_not() -> None:
    proxies = trusting("10.0.0.2/32")
    found = trust.judge_claim(proxies, told(), "X-Forwarded-Proto", "http", "http", direct=False)
    assert found is not None
    assert (found.severity, found.place) == (Severity.HOLE, "X-Forwarded-Proto")
    assert trust.judge_claim(proxies, told(), "X-Forwarded-Proto", "http", "https", direct=False) is None


def test_a_view_that_is_not_what_was_sent_is_a_remark() -> None:
    def judged(**changes: object) -> list[str]:
        found = trust.judge_view(told(**changes), scheme="https", host="mail.example.com", direct=False)
        assert {finding.severity for finding in found} <= {Severity.REMARK}
        return [finding.place for finding in found]

    assert judged() == []
    assert judged(host="MAIL.example.com") == []
    assert judged(trusted=False) == ["server.trusted_proxies"]
    assert judged(scheme="http") == ["X-Forwarded-Proto"]
    assert judged(host="127.0.0.1:8080") == ["Host"]


def test_a_proxy_takes_what_was_meant_for_it_out_of_connection() -> None:
    assert told(connection=("close, gkdoctor1",)).reached_directly("gkdoctor1")
    assert not told(connection=("close",)).reached_directly("gkdoctor1")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b"null", json.dumps({**GOOD, "headers": 1}).encode()])
def test_what_the_edge_did_not_say_is_not_believed(body: bytes) -> None:
    assert trust.told_of(body) is None


def test_what_the_edge_said_is_read() -> None:
    body = json.dumps({**GOOD, "connection": ["close"], "headers": [["X-Who", "a"]], "more": 1}).encode()
    assert trust.told_of(body) == told(("X-Who", "a"), connection=("close",))
