"""An operator's own folder: any template can be replaced, and what cannot be right is found beforehand."""

from __future__ import annotations

import pytest

from gatekeeper.config import Branding
from gatekeeper.manners import overrides
from gatekeeper.manners.render import Renderer, folders

OURS = folders()[0]
NAMES = sorted(path.relative_to(OURS).as_posix() for path in OURS.rglob("*") if path.suffix in {".html", ".txt"})


def test_any_template_can_be_replaced(tmp_path):
    for name in NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("ours: {{ brand.name }}")
    renderer = Renderer(Branding(name="Example Mail"), "/gatekeeper", tmp_path)
    assert {renderer.page(name) for name in NAMES} == {"ours: Example Mail"}
    assert overrides.strangers(tmp_path) == []


def test_a_replaced_catalogue_goes_before_ours(tmp_path):
    catalogue = tmp_path / "locales" / "it" / "gatekeeper.po"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text('msgid "Sign in"\nmsgstr "Entra"\n', encoding="utf-8")
    assert "Entra" in Renderer(Branding(), "/gatekeeper", tmp_path).page("login/sign_in.html", lang="it", forgot=False)
    assert overrides.faults(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("error.html", "<p>\n{{ shown.title }", "error.html, line 2: "),
        ("login/code.html", "{% block x %}", "login/code.html, line 1: "),
        ("locales/it/gatekeeper.po", 'msgid "%(n)s"\nmsgstr "%(m)s"\n', "has other places"),
        ("locales/zz-nonsense/gatekeeper.po", "", "'zz-nonsense' is no language"),
    ],
)
def test_what_cannot_be_used_is_a_fault_with_its_place(tmp_path, name, text, words):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
    (fault,) = overrides.faults(tmp_path)
    assert words in fault


def test_a_file_that_is_no_text_is_a_fault(tmp_path):
    (tmp_path / "error.html").write_bytes(b"\xff\xfe")
    (fault,) = overrides.faults(tmp_path)
    assert fault.startswith("error.html: ")


def test_a_template_that_replaces_nothing_is_a_stranger_unless_another_names_it(tmp_path):
    (tmp_path / "sign-in.html").write_text("a slip of the pen")
    (tmp_path / "footer.html").write_text("ours")
    (tmp_path / "base.html").write_text("{% include 'footer.html' %}")
    assert overrides.strangers(tmp_path) == ["sign-in.html"]


def test_static_files_are_no_templates(tmp_path):
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "help.html").write_text("{{")
    assert overrides.faults(tmp_path) == overrides.strangers(tmp_path) == []
