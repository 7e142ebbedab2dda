"""Whole chains, with real proxies in front: what is planted is found, and what we hand out is clean."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.doctor.belief import Unreachable
from gatekeeper.doctor.examination import Examination
from gatekeeper.doctor.findings import Severity
from gatekeeper.doctor.machine import own_addresses
from tests.doctor.chains import SIGNER, Greeter, found_in, holes, plan_for, routes_to, trusting
from tests.edge.conftest import House, config_of, session_of
from tests.edge.fronts import FRONTS, free_port, running_front


async def edge(build: Any, *, port: int, **server: Any) -> House:
    """An edge before a platform, at which anna is signed in."""
    house: House = await build(config_of(*routes_to(port), **{"scheme": "http", **server}), signer=SIGNER)
    house.sessions.add(session_of())
    return house


def config_for(house: House) -> Any:
    return house.edge._config


async def test_the_edge_alone_is_clean(build: Any, greeter: Greeter) -> None:
    house = await edge(build, port=greeter.port)
    examination = Examination(plan_for(config_for(house), house.port, own=own_addresses()))
    assert await examination.run() == []
    assert examination.wire.asked > 80
    assert not [target for target in greeter.targets if target not in {"/", "/open"}]


@pytest.mark.parametrize("kind", FRONTS)
async def test_a_proxy_with_our_configuration_is_clean(build: Any, greeter: Greeter, kind: str, tmp_path: Path) -> None:
    house = await edge(build, port=greeter.port, scheme="https", trusted_proxies=trusting("127.0.0.1/32"))
    async with running_front(kind, tmp_path, house.port, greeter.port) as port:
        assert await found_in(plan_for(config_for(house), port, tmp_path / "cert.pem")) == []


async def test_a_proxy_that_passes_on_who_a_client_says_they_are_is_found(
    build: Any, greeter: Greeter, tmp_path: Path
) -> None:
    house = await edge(build, port=greeter.port, scheme="https", trusted_proxies=trusting("127.0.0.1/32"))
    broken = ("proxy_set_header X-Forwarded-User               $gatekeeper_user;", "")
    async with running_front("nginx", tmp_path, house.port, greeter.port, broken) as port:
        found = await found_in(plan_for(config_for(house), port, tmp_path / "cert.pem"))
    assert {(finding.severity, finding.place) for finding in found} == {
        (Severity.HOLE, "webmail"),
        (Severity.HOLE, "open"),
    }
    assert all("X-Forwarded-User" in finding.what for finding in found)
    assert any("nobody" in finding.what for finding in found)
    assert any("anna@example.com" in finding.what for finding in found)


async def test_a_proxy_that_lets_underscores_through_is_found(build: Any, greeter: Greeter, tmp_path: Path) -> None:
    house = await edge(build, port=greeter.port, scheme="https", trusted_proxies=trusting("127.0.0.1/32"))
    broken = ("underscores_in_headers off;", "underscores_in_headers on;")
    async with running_front("nginx", tmp_path, house.port, greeter.port, broken) as port:
        found = await found_in(plan_for(config_for(house), port, tmp_path / "cert.pem", person=None))
    assert [(finding.severity, finding.place) for finding in found] == [(Severity.HOLE, "open")]
    assert "X_Forwarded_User" in found[0].what


async def test_a_proxy_that_does_not_ask_is_found(build: Any, greeter: Greeter, tmp_path: Path) -> None:
    house = await edge(build, port=greeter.port, scheme="https", trusted_proxies=trusting("127.0.0.1/32"))
    broken = ("auth_request /_gatekeeper;", "")
    async with running_front("nginx", tmp_path, house.port, greeter.port, broken) as port:
        found = await found_in(plan_for(config_for(house), port, tmp_path / "cert.pem", person=None))
    assert any("gatekeeper was not asked" in finding.what for finding in holes(found))


async def test_a_proxy_that_lets_a_header_be_taken_off_is_found(build: Any, greeter: Greeter, tmp_path: Path) -> None:
    house = await edge(build, port=greeter.port, scheme="https", trusted_proxies=trusting("127.0.0.1/32"))
    broken = ("request_header @no_upgrade -Connection", ""), ("request_header @upgrade Connection Upgrade", "")
    async with running_front("caddy", tmp_path, house.port, greeter.port, *broken) as port:
        found = await found_in(plan_for(config_for(house), port, tmp_path / "cert.pem"))
    assert {(finding.severity, finding.place) for finding in found} == {
        (Severity.HOLE, "webmail"),
        (Severity.HOLE, "open"),
    }
    assert any("no longer shows anna@example.com" in finding.what for finding in found)


async def test_a_proxy_that_asks_about_the_path_that_a_client_names_is_found(
    build: Any, greeter: Greeter, tmp_path: Path
) -> None:
    house = await edge(build, port=greeter.port, scheme="https", trusted_proxies=trusting("127.0.0.1/32"))
    good = "proxy_set_header X-Forwarded-Uri    $request_uri;"
    broken = (good, good.replace("$request_uri", "$http_x_forwarded_uri"))
    async with running_front("nginx", tmp_path, house.port, greeter.port, broken) as port:
        found = await found_in(plan_for(config_for(house), port, tmp_path / "cert.pem", person=None))
    assert any("X-Forwarded-Uri" in finding.what and "with 200" in finding.what for finding in holes(found))


async def test_an_open_location_beside_the_gate_is_found(build: Any, greeter: Greeter, tmp_path: Path) -> None:
    house = await edge(build, port=greeter.port, scheme="https", trusted_proxies=trusting("127.0.0.1/32"))
    gate = "    location / {"
    broken = (gate, "    location /open { proxy_pass http://platform; proxy_set_header X-Forwarded-User ''; }\n" + gate)
    async with running_front("nginx", tmp_path, house.port, greeter.port, broken) as port:
        found = await found_in(plan_for(config_for(house), port, tmp_path / "cert.pem", person=None))
    assert any(finding.place == "webmail" and "/open/..;/" in finding.what for finding in holes(found))


async def test_a_default_host_beside_the_gate_is_found(build: Any, greeter: Greeter, tmp_path: Path) -> None:
    house = await edge(build, port=greeter.port, scheme="https", trusted_proxies=trusting("127.0.0.1/32"))
    port, certificate = free_port(), tmp_path / "cert.pem"
    listen = f"listen 127.0.0.1:{port} ssl"
    keys = f"ssl_certificate {certificate}; ssl_certificate_key {tmp_path}/key.pem;"
    default = f"server {{ {listen} default_server; {keys} location / {{ proxy_pass http://platform; }} }}"
    named, before = "server_name mail.example.com;", "map $http_upgrade $gatekeeper_connection {"
    broken = (named, f"{listen}; {named}"), (before, f"{default}\n{before}")
    async with running_front("nginx", tmp_path, house.port, greeter.port, *broken):
        found = await found_in(plan_for(config_for(house), port, certificate, person=None))
    assert any("doctor.invalid" in finding.what for finding in holes(found))


async def test_a_listener_without_tls_beside_the_gate_is_found(build: Any, greeter: Greeter, tmp_path: Path) -> None:
    house = await edge(build, port=greeter.port, scheme="https", trusted_proxies=trusting("127.0.0.1/32"))
    clear, before = free_port(), "map $http_upgrade $gatekeeper_connection {"
    listener = f"server {{ listen 127.0.0.1:{clear}; location / {{ proxy_pass http://platform; }} }}\n"
    async with running_front("nginx", tmp_path, house.port, greeter.port, (before, listener + before)) as port:
        plan = plan_for(config_for(house), port, tmp_path / "cert.pem", person=None, clear_port=clear)
        found = await found_in(plan)
    assert {(finding.severity, finding.place) for finding in found} == {
        (Severity.HOLE, "webmail"),
        (Severity.HOLE, "open"),
    }
    assert all("without TLS" in finding.what for finding in found)


async def test_a_proxy_that_passes_on_a_clients_address_is_found(build: Any, greeter: Greeter, tmp_path: Path) -> None:
    house = await edge(build, port=greeter.port, scheme="https", trusted_proxies=trusting("127.0.0.1/32"))
    good = "proxy_set_header X-Forwarded-For   $remote_addr;"
    broken = (good, "proxy_set_header X-Forwarded-For   $http_x_forwarded_for;")
    async with running_front("nginx", tmp_path, house.port, greeter.port, broken) as port:
        found = await found_in(plan_for(config_for(house), port, tmp_path / "cert.pem"))
    assert [(finding.severity, finding.place) for finding in found] == [(Severity.HOLE, "X-Forwarded-For")]


async def test_a_proxy_that_adds_a_clients_address_is_believed_only_where_strangers_are_not(
    build: Any, greeter: Greeter, tmp_path: Path
) -> None:
    adds = (
        "proxy_set_header X-Forwarded-For   $remote_addr;",
        "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    )
    for network, severities in (("127.0.0.1/32", []), ("0.0.0.0/0", [Severity.HOLE])):
        house = await edge(build, port=greeter.port, scheme="https", trusted_proxies=trusting(network))
        async with running_front("nginx", tmp_path, house.port, greeter.port, adds) as port:
            found = await found_in(plan_for(config_for(house), port, tmp_path / "cert.pem", person=None))
        assert sorted({finding.severity for finding in found}) == severities
        assert {finding.place for finding in found} <= {"server.trusted_proxies"}


async def test_trusted_proxies_that_are_everybody_are_found(build: Any, greeter: Greeter) -> None:
    house = await edge(build, port=greeter.port, trusted_proxies=trusting("0.0.0.0/0"))
    found = await found_in(plan_for(config_for(house), house.port))
    assert {finding.place for finding in found} == {"server.trusted_proxies"}
    assert {finding.severity for finding in found} == {Severity.HOLE}
    told = " ".join(finding.what for finding in found)
    assert "0.0.0.0/0" in told
    for name in ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"):
        assert name in told


async def test_a_neighbour_that_is_rightly_trusted_may_examine_the_edge_itself(build: Any, greeter: Greeter) -> None:
    house = await edge(build, port=greeter.port, trusted_proxies=trusting("127.0.0.1/32"))
    assert await found_in(plan_for(config_for(house), house.port)) == []


OWN = own_addresses()


@pytest.mark.skipif(not OWN, reason="this machine has no address but loopback")
@pytest.mark.parametrize("lets_in", [True, False])
async def test_a_platform_that_others_can_reach_and_that_believes_them_is_found(build: Any, lets_in: bool) -> None:
    greeter = await Greeter(lets_in=lets_in).start("0.0.0.0")
    house = await edge(build, port=greeter.port)
    found = await found_in(plan_for(config_for(house), house.port, person=None, own=OWN))
    greeter.close()
    (hole,) = holes(found)
    assert hole.place == "webmail"
    assert f":{greeter.port}" in hole.what
    assert "X-Forwarded-User" in hole.what
    assert "127.0.0.1 alone" in hole.change


async def test_a_platform_on_another_machine_is_a_remark(build: Any, greeter: Greeter, monkeypatch: Any) -> None:
    house = await edge(build, port=greeter.port)
    monkeypatch.setattr("gatekeeper.doctor.upstreams.is_here", lambda *_: False)
    (finding,) = await found_in(plan_for(config_for(house), house.port))
    assert (finding.severity, finding.place) == (Severity.REMARK, "webmail")
    assert "no other machine" in finding.change


async def test_a_chain_that_does_not_let_the_question_through_is_unclear(build: Any, greeter: Greeter) -> None:
    house = await build(config_of(*routes_to(greeter.port), scheme="http"))  # has another secret, or none
    (finding,) = await found_in(plan_for(config_for(house), house.port, person=None))
    assert (finding.severity, finding.place) == (Severity.UNCLEAR, "doctor")


async def test_a_person_who_gets_no_further_is_unclear(build: Any, greeter: Greeter) -> None:
    house = await edge(build, port=greeter.port)
    house.sessions.cached.clear()
    house.sessions.stored.clear()
    (finding,) = await found_in(plan_for(config_for(house), house.port))
    assert (finding.severity, finding.place) == (Severity.UNCLEAR, "webmail")
    assert "asked anna@example.com for a sign-in" in finding.what


async def test_a_platform_that_is_down_is_unclear(build: Any) -> None:
    house = await edge(build, port=1)
    found = await found_in(plan_for(config_for(house), house.port, person=None))
    assert [(finding.severity, finding.place) for finding in found] == [(Severity.UNCLEAR, "open")]


async def test_pages_that_are_named_are_looked_at_too(build: Any, greeter: Greeter) -> None:
    house = await edge(build, port=greeter.port)
    assert await found_in(plan_for(config_for(house), house.port, pages=("/whoami",))) == []
    assert set(greeter.targets) == {"/", "/open", "/whoami"}


async def test_a_page_that_belongs_to_no_route_is_said(build: Any, greeter: Greeter) -> None:
    house = await edge(build, port=greeter.port)
    pages = ("/x/../y", "/gatekeeper/account")
    found = await found_in(plan_for(config_for(house), house.port, pages=pages, person=None))
    assert [(finding.severity, finding.place) for finding in found] == [(Severity.UNCLEAR, "--page")] * 2


async def test_what_is_looked_at_is_told(build: Any, greeter: Greeter) -> None:
    house = await edge(build, port=greeter.port)
    told: list[tuple[str, int, int]] = []
    plan = plan_for(config_for(house), house.port, person=None)
    await Examination(plan, lambda what, done, total: told.append((what, done, total))).run()
    assert [done for _, done, _ in told] == [0, 1, 2, 3, 4]
    assert {total for _, _, total in told} == {4}


async def test_a_chain_that_cannot_be_reached_is_said_at_once(build: Any, greeter: Greeter) -> None:
    house = await edge(build, port=greeter.port)
    plan = plan_for(config_for(house), 1)
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1"):
        await found_in(dataclasses.replace(plan, connect=("127.0.0.1", 1)))
