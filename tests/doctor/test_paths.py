"""Odd paths: those that some server reads as the protected one, and which of them must stay closed."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote

import pytest

from gatekeeper.doctor.identity import Subject
from gatekeeper.doctor.odd_paths import odd_targets
from gatekeeper.doctor.paths import judge_path, must_stay_closed
from gatekeeper.doctor.visiting import Kind, Visit
from gatekeeper.doctor.wire import Seen
from gatekeeper.domain.access import PUBLIC
from tests.edge.conftest import HOST, config_of, route_to

SUBJECT = Subject("webmail", f"https://{HOST}/mail", public=False)


@pytest.mark.parametrize("lead", ["/open", "/gatekeeper", "/a/b"])
def test_a_way_back_up_from_an_open_path_leads_to_the_protected_one(lead: str) -> None:
    led = [target for target in odd_targets("/mail", [lead]) if target.startswith(f"{lead}/")]
    assert len(led) == 10
    for target in led[:5]:
        assert posixpath.normpath(unquote(target)) == "/mail"


def test_what_leads_to_a_protected_page_must_stay_closed_and_what_is_public_need_not() -> None:
    router = config_of(
        route_to(1, host=HOST, path="/mail"),
        route_to(1, host=HOST, name="open", path="/open", access=PUBLIC),
    ).router()
    for target in ("/mail", "/mail?x=1", "/mail/x", "/open/../mail", "/open/..;/mail", "//mail", "/%6dail", "/mail%00"):
        assert must_stay_closed(router, HOST, target), target
    for target in ("/open", "/open/x", "/elsewhere", "/gatekeeper/login"):
        assert not must_stay_closed(router, HOST, target), target


def test_an_odd_path_that_opens_is_found_unless_it_leads_to_an_open_page() -> None:
    opened = Visit(Kind.OPEN, (Seen(200, (), b"inbox"),))
    assert judge_path(SUBJECT, "//mail", opened, {b"welcome"}) is not None
    assert judge_path(SUBJECT, "//mail", opened, {b"inbox"}) is None
    for kind, status in ((Kind.REFUSED, 400), (Kind.SIGN_IN, 302), (Kind.BROKEN, 500)):
        assert judge_path(SUBJECT, "//mail", Visit(kind, (Seen(status),)), ()) is None
