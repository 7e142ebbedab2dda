from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from jinja2 import TemplateNotFound, UndefinedError

import gatekeeper
from gatekeeper.config import Branding
from gatekeeper.manners import render
from gatekeeper.manners.render import Renderer, device, folders, initial, qr_svg

ROOT = Path(__file__).resolve().parents[2]


def test_a_checkout_uses_its_own_folder():
    assert folders() == [ROOT / "templates"]


def test_a_wheel_uses_the_folder_inside_the_package(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "gatekeeper"
    monkeypatch.setattr(gatekeeper, "__file__", str(package / "__init__.py"))
    assert folders() == [package / "_templates"]


def test_a_folder_named_templates_beside_an_installed_package_is_somebody_elses(tmp_path, monkeypatch):
    (tmp_path / "templates").mkdir()
    monkeypatch.setattr(gatekeeper, "__file__", str(tmp_path / "lib" / "gatekeeper" / "__init__.py"))
    assert folders() == [tmp_path / "lib" / "gatekeeper" / "_templates"]


def test_the_operators_file_goes_before_ours_and_may_build_on_it(tmp_path):
    (tmp_path / "signed_out.html").write_text("{% extends 'base.html' %}{% block card %}Ciao{% endblock %}")
    page = Renderer(Branding(), "/gatekeeper", tmp_path)
    assert "Ciao" in page.page("signed_out.html")
    assert "Sign in" in page.page("login/sign_in.html", forgot=False)


def test_the_operators_static_file_goes_before_ours(tmp_path):
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "icon.svg").write_text("<svg/>")
    files = Renderer(Branding(), "/gatekeeper", tmp_path).files
    file, _ = files.find("icon.svg")
    assert file.body == b"<svg/>"


def test_a_name_that_a_page_was_not_given_is_an_error():
    with pytest.raises(UndefinedError):
        Renderer(Branding(), "/gatekeeper").page("login/code.html")


def test_a_page_that_does_not_exist_is_an_error():
    with pytest.raises(TemplateNotFound):
        Renderer(Branding(), "/gatekeeper").page("../pyproject.toml")


def test_the_prefix_reaches_the_page():
    page = Renderer(Branding(), "/doors").page("login/sign_in.html", forgot=False)
    assert 'action="/doors/login?next=/"' in page
    assert "/doors/static/gatekeeper." in page


def test_a_logo_stands_in_place_of_the_letter(tmp_path):
    logo = tmp_path / "our logo.SVG"
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    plain = Renderer(Branding(name="ÖBB Mail"), "/gatekeeper").page("signed_out.html")
    assert ">Ö</span>" in plain
    with_logo = Renderer(replace(Branding(name="ÖBB Mail"), logo=logo), "/gatekeeper").page("signed_out.html")
    assert '<img src="/gatekeeper/static/logo.' in with_logo
    assert 'alt="ÖBB Mail"' in with_logo


@pytest.mark.parametrize(("name", "letter"), [("example mail", "E"), ("«Über»", "Ü"), ("42 Mail", "4"), ("!", "")])
def test_the_first_letter_or_digit_stands_for_a_name(name, letter):
    assert initial(name) == letter


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/19.0 Safari/605.1.15", "Safari on macOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.9", "An unknown device"),
        ("Something on Linux", "Linux"),
        ("", "An unknown device"),
    ],
)
def test_a_device_is_named_as_a_person_would(user_agent, words):
    assert device(user_agent) == words


def test_the_qr_code_scales_needs_no_inline_style_and_has_its_margin():
    svg = qr_svg("otpauth://totp/A:b?secret=JBSWY3DPEHPK3PXP&issuer=A")
    assert svg.startswith("<svg ")
    assert "viewBox=" in svg
    assert "style" not in svg
    assert " width=" not in svg
    assert 'fill="#fff"' in svg
    assert 'stroke="#000"' in svg
    assert render._QUIET_ZONE == 4
