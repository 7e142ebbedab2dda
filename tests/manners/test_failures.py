from __future__ import annotations

import pytest

from gatekeeper.manners.failures import FAILURES, failure, way_on


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_what_may_be_over_soon_can_be_tried_again(status):
    action = way_on(status, "GET", "/mail/?folder=a%26b")
    assert action is not None
    assert action.href == "/mail/?folder=a%26b"


@pytest.mark.parametrize("target", ["//evil.example/", "/\\evil.example", "https://evil.example/", "*"])
def test_no_error_page_leads_to_another_host(target):
    action = way_on(502, "GET", target)
    assert action is not None
    assert action.href == "/"


def test_what_a_form_sent_is_not_offered_as_a_link():
    assert way_on(502, "POST", "/mail/compose") is None


@pytest.mark.parametrize("status", [400, 403, 404])
def test_what_is_so_of_one_address_leads_to_the_start_page_but_not_from_there(status):
    action = way_on(status, "GET", "/mail/%00")
    assert action is not None
    assert action.href == "/"
    assert way_on(status, "GET", "/") is None


def test_a_status_without_words_of_its_own_has_those_of_its_class():
    assert failure(418) == FAILURES[400]
    assert failure(599) == FAILURES[500]
