"""The edge's own pages, through the real templates."""

from __future__ import annotations

import base64
import hashlib
import re

from gatekeeper.config import Branding
from gatekeeper.domain.wording import N_
from gatekeeper.edge.pages import RenderedPages
from gatekeeper.manners.failures import FAILURES, Shown, WayOn
from gatekeeper.manners.render import Renderer

PAGES = RenderedPages(Renderer(Branding(name="Example Mail"), "/gatekeeper"))


def shown(status: int, action: WayOn | None = None) -> Shown:
    return Shown(status, FAILURES[status].title, FAILURES[status].text, "abc-1", action)


def test_a_page_that_stands_alone_loads_nothing_and_its_style_is_the_one_that_its_policy_names():
    page = PAGES.alone(shown(431), "").decode()
    assert not re.search(r"<link|<script|<img|url\(", page)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert PAGES.alone_style == f"'sha256-{digest}'"


def test_a_page_that_stands_alone_is_not_large():
    assert len(PAGES.alone(shown(421), "")) < 24_000


def test_an_error_names_the_request_and_offers_its_way_on():
    page = PAGES.error(shown(502, WayOn("/mail/?a=1&b=2", N_("Try again"))), "").decode()
    assert 'href="/mail/?a=1&amp;b=2"' in page
    assert "Try again" in page
    assert "abc-1" in page


def test_pages_speak_the_language_that_the_browser_asks_for():
    assert '<html lang="en">' in PAGES.error(shown(404), "nl,fr;q=0.5").decode()
    for page in (
        PAGES.error(shown(404), "it-IT"),
        PAGES.frame("/", "it"),
        PAGES.resend("/", "it"),
        PAGES.alone(shown(421), "it"),
    ):
        assert '<html lang="it">' in page.decode()
