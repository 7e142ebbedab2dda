"""Every word that people read can be translated, and is: into Italian, and by an operator into any language."""

from __future__ import annotations

import ast
import re
from html.parser import HTMLParser

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from tests.messages import ROOT, extracted

TEMPLATES = sorted(
    path for path in (ROOT / "templates").rglob("*") if path.suffix in {".html", ".txt"} and path.name != "VERSION"
)
SCRIPTS = sorted(path for path in (ROOT / "templates" / "static").glob("*.js"))
CATALOGUES = sorted((ROOT / "templates" / "locales").glob("*/gatekeeper.po"))
SAYING = {"_", "gettext", "ngettext"}
READ_ALOUD = {"title", "alt", "placeholder", "aria-label", "aria-description", "summary", "label"}
"""Attributes that people read or hear."""
NAMES = {"TOTP", "QR", "CSV", "UTC"}
PLACE = re.compile(r"%\((\w+)\)s")
WORD = re.compile(r"[^\W\d_]{2,}")
PROSE = re.compile(r"[A-Z][a-z]+ [a-z]+|[a-z]{2,} [a-z]{2,}|^[A-Z][a-z]{2,}[.!?:]?$")


@pytest.fixture(scope="module")
def wanted() -> list[Message]:
    return [message for message in extracted() if message.id]


def forms(text: object) -> list[str]:
    return [str(form) for form in text] if isinstance(text, list | tuple) else [str(text)]


@pytest.fixture(params=CATALOGUES, ids=lambda path: path.parent.name)
def catalogue(request: pytest.FixtureRequest) -> Catalog:
    return read_po(request.param.open("rb"), locale=request.param.parent.name)


def test_every_message_is_translated(catalogue, wanted):
    """``make messages`` brings the catalogues up to date; what is then empty is to be written."""
    missing = []
    for message in wanted:
        known = catalogue.get(message.id)
        if known is None or known.fuzzy or not all(forms(known.string)):
            missing.append(message.id)
    assert missing == []


def test_no_translation_is_of_a_message_that_is_gone(catalogue, wanted):
    known = {message.id for message in wanted}
    assert [message.id for message in catalogue if message.id and message.id not in known] == []


def test_a_translation_has_the_places_of_its_message(catalogue):
    """One of several forms may leave the number out ("one minute"), and no other value."""
    for message in catalogue:
        places = set(PLACE.findall(" ".join(forms(message.id))))
        for text in forms(message.string) if message.id else []:
            there = set(PLACE.findall(text))
            assert there <= places, text
            assert not text or places - there <= ({"num"} if message.pluralizable else set()), text
            assert text.count("%") == len(PLACE.findall(text)) + 2 * text.count("%%") or not places, text


def test_a_translation_ends_as_its_message_does(catalogue):
    """Words cut off, and blanks that would glue sentences together, show here."""
    for message in catalogue:
        for text in forms(message.string) if message.id else []:
            original = forms(message.id)[0]
            ends = original[-1] if original[-1] in ".:?!…" else ""
            assert not text or text.endswith(ends), text
            assert text == text.strip(), text


class Visible(HTMLParser):
    """The text of a page and of the attributes that people read."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._hidden = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in {"style", "script", "code"}
        self.texts += [value for name, value in attrs if name in READ_ALOUD and value]

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"style", "script", "code"}

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.texts.append(data)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "templates").as_posix())
def test_a_template_holds_no_words_of_its_own(path):
    """Whatever branch is taken: each text node and each attribute that people read is in ``_()`` or a value."""
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"\{% *trans\b.*?endtrans *-?%\}", "", text, flags=re.DOTALL)
    text = re.sub(r"\{% block (layout|referrer) %\}.*?\{% endblock %\}", "", text)
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", text, flags=re.DOTALL)
    texts = Visible(text).texts if path.suffix == ".html" else [text]
    texts = [re.sub(r'[\w-]+="[^"]*"', "", words) for words in texts]  # attributes that a macro writes
    assert [words for words in texts if set(WORD.findall(words)) - NAMES] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "templates").as_posix())
def test_a_template_gives_no_words_of_its_own_to_what_it_calls(path):
    """A literal in an expression that reads like prose stands in ``_()``: a label for a macro, one of two words."""
    tree = Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(path.read_text(encoding="utf-8"))
    said = {
        id(literal)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in SAYING
        for literal in call.find_all(nodes.Const)
    }
    literals = [literal for literal in tree.find_all(nodes.Const) if id(literal) not in said]
    prose = [literal.value for literal in literals if isinstance(literal.value, str) and PROSE.search(literal.value)]
    assert prose == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_holds_no_words_of_its_own(path):
    """A page gives its scripts what they say, in data attributes."""
    code = re.sub(r"^\s*//.*$|/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    code = re.sub(r"throw new Error\([^)]*\)", "", code)
    literals = [one or two for one, two in re.findall(r'"([^"\n]*)"|`([^`]*)`', code)]
    assert [literal for literal in literals if PROSE.search(re.sub(r"\$\{[^}]*\}", "", literal))] == []


SAYERS = {
    "Refused": 1,
    "Forbidden": 0,
    "Conflict": 0,
    "LastHolder": 0,
    "Forbid": 0,
    "Fault": 1,
    "say": 1,
    "done": 0,
    "Failure": 1,
}
"""What says something to people, and with which of its arguments."""
PAGES = [
    path
    for floor in ("domain", "flows", "store", "manners", "web")
    for path in sorted((ROOT / "src" / "gatekeeper" / floor).rglob("*.py"))
    if "migrations" not in path.parts
]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT / "src" / "gatekeeper").as_posix())
def test_what_the_source_says_to_people_is_marked(path):
    """A literal or an f-string given to what pages show would stay English."""
    unmarked = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        at = SAYERS.get(name)
        if at is not None and len(node.args) > at and _is_english(node.args[at]):
            unmarked.append(f"{node.lineno}: {ast.unparse(node.args[at])}")
    assert unmarked == []


def _is_english(argument: ast.expr) -> bool:
    if isinstance(argument, ast.IfExp):
        return _is_english(argument.body) or _is_english(argument.orelse)
    if isinstance(argument, ast.JoinedStr):
        return True
    return isinstance(argument, ast.Constant) and isinstance(argument.value, str) and " " in argument.value
