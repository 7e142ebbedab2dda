"""What holds for every page in every state, read from its HTML."""

from __future__ import annotations

import gzip
from html.parser import HTMLParser

import pytest

from gatekeeper.config import Branding
from tests.templates.samples import CODES, LONG_URI, NAMES, SECRET, render, renderer

VOID = {"input", "meta", "link", "img", "br", "hr", "path"}
HEAVIEST = 60_000
RENDERER = renderer()
HTML = {name: render(name, RENDERER) for name in NAMES}


class Reader(HTMLParser):
    """Every element of a page with its attributes, the forms with their fields, and the text of a few."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.forms: list[tuple[dict[str, str], list[dict[str, str]]]] = []
        self.texts: dict[str, str] = {}
        self._open: list[tuple[str, str]] = []
        self.feed(html)
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        assert len(given) == len(attrs), f"an attribute twice in {tag}"
        self.elements.append((tag, given))
        if tag == "form":
            self.forms.append((given, []))
        if tag in {"input", "button"} and any(open_tag == "form" for open_tag, _ in self._open):
            self.forms[-1][1].append({"tag": tag} | given)
        if tag not in VOID:
            self._open.append((tag, given.get("id", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for _, identity in self._open:
            self.texts[identity] = self.texts.get(identity, "") + data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [given for name, given in self.elements if name == tag]


READ = {name: Reader(html) for name, html in HTML.items()}


@pytest.fixture(params=NAMES)
def page(request: pytest.FixtureRequest) -> Reader:
    return READ[request.param]


def test_nothing_is_inline(page):
    assert not page.all("style")
    assert all("src" in script and script["type"] == "module" for script in page.all("script"))
    for _, given in page.elements:
        assert "style" not in given
        assert not any(name.startswith("on") for name in given)


def test_every_form_posts_with_its_token_and_where_it_leads(page):
    for form, fields in page.forms:
        assert form["method"] == "post"
        assert form["action"].startswith("/gatekeeper/")
        values = {field["name"]: field.get("value") for field in fields if field.get("type") == "hidden"}
        values.pop("token", None)
        assert values == {"csrf_token": "a-token", "next": "/mail/?folder=a&b"}
        assert any(field["tag"] == "button" and field["type"] == "submit" for field in fields)


def test_every_field_has_a_label_and_what_describes_it_exists(page):
    labelled = {given["for"] for given in page.all("label")}
    identities = [given["id"] for _, given in page.elements if "id" in given]
    assert len(identities) == len(set(identities))
    for given in page.all("input"):
        if given.get("type") != "hidden" and "hidden" not in given:
            assert given["id"] in labelled
    for _, given in page.elements:
        for name in ("aria-describedby", "aria-labelledby", "aria-controls"):
            assert set(given.get(name, "").split()) <= set(identities)


def test_an_error_stands_beside_its_field_and_the_focus_is_there(page):
    wrong = [given for given in page.all("input") if given.get("aria-invalid") == "true"]
    alerts = {given.get("id") for _, given in page.elements if given.get("role") == "alert"}
    assert bool(wrong) == bool(alerts)
    for given in wrong:
        assert set(given["aria-describedby"].split()) & alerts
    focused = [given for given in page.all("input") if "autofocus" in given]
    assert len(focused) <= 1
    if wrong:
        assert focused
        assert focused[0] in wrong


def test_there_is_one_heading_and_a_title_that_names_the_platform(page):
    assert len(page.all("h1")) == 1
    assert len(page.all("main")) == 1
    assert "width=device-width" in next(m["content"] for m in page.all("meta") if m.get("name") == "viewport")
    assert page.all("html")[0]["lang"] == "en"


@pytest.mark.parametrize("name", NAMES)
def test_the_title_names_page_and_platform(name):
    title = HTML[name].partition("<title>")[2].partition("</title>")[0]
    assert title.endswith(" · Example Mail")
    assert len(title) > len(" · Example Mail")


@pytest.mark.parametrize("name", NAMES)
def test_a_page_with_all_its_parts_weighs_little(name):
    files = RENDERER.files
    parts = [
        given.get("src") or given.get("href", "") for tag, given in READ[name].elements if tag in {"script", "link"}
    ]
    found = [files.find(part.removeprefix(files.base + "/")) for part in parts]
    weight = len(gzip.compress(HTML[name].encode())) + sum(len(file.zipped or file.body) for file, _ in found)
    assert weight < HEAVIEST


def test_the_secret_reads_as_itself_without_its_spaces():
    assert "".join(READ["enrol"].texts["totp-secret"].split()) == SECRET


def test_the_recovery_codes_stand_alone_in_their_list():
    html = HTML["recovery-codes"].partition("data-recovery-codes")[2].partition("</ol>")[0]
    assert [part.partition("</li>")[0] for part in html.split("<li>")[1:]] == CODES


@pytest.mark.parametrize(
    ("name", "field", "expected"),
    [
        ("sign-in", "username", {"autocomplete": "username"}),
        ("sign-in", "password", {"autocomplete": "current-password", "type": "password"}),
        ("code", "code", {"autocomplete": "one-time-code", "inputmode": "numeric"}),
        ("code-recovery", "code", {"autocomplete": "off", "inputmode": "text"}),
        ("enrol", "code", {"autocomplete": "one-time-code", "inputmode": "numeric"}),
        ("password-demanded", "current_password", {"autocomplete": "current-password"}),
        ("password", "new_password", {"autocomplete": "new-password"}),
        ("password", "new_password_again", {"autocomplete": "new-password"}),
        ("account", "current_password", {"autocomplete": "current-password"}),
    ],
)
def test_fields_say_to_password_managers_what_they_are(name, field, expected):
    (found,) = [given for given in READ[name].all("input") if given.get("name") == field]
    assert found.items() >= expected.items()


def test_a_refused_sign_in_keeps_the_name_and_forgets_the_password():
    fields = {given["name"]: given for given in READ["sign-in-refused"].all("input")}
    assert fields["username"]["value"] == "anna@example.com"
    assert "value" not in fields["password"]


def test_no_secret_is_filled_in_again():
    for name in NAMES:
        for given in READ[name].all("input"):
            if given.get("type") == "password" or given.get("name") == "code":
                assert "value" not in given


def test_a_sentence_for_one_try_left_and_for_more():
    assert "You have 1 try left." in HTML["code-refused"]
    assert "You have 3 tries left." in HTML["code-recovery"]
    assert "left" not in HTML["code"].partition("<main>")[2]


def test_the_current_password_is_asked_for_only_where_the_attempt_did_not_begin_with_it():
    assert 'name="current_password"' not in HTML["password"]
    assert 'name="current_password"' in HTML["password-demanded"]


def test_the_page_in_a_frame_opens_the_whole_window_and_the_other_a_new_tab():
    assert [given["target"] for given in READ["frame"].all("a") if "target" in given] == ["_top"]
    (link,) = [given for given in READ["resend"].all("a") if "target" in given]
    assert (link["target"], link["rel"]) == ("_blank", "noopener")


def test_what_comes_from_outside_is_escaped():
    hostile = '"><script>alert(1)</script>'
    branding = Branding(name=hostile, help_text=hostile, contact=hostile)
    page = renderer(branding).page(
        "login/sign_in.html",
        csrf_token=hostile,
        next=hostile,
        values={"username": hostile},
        errors={"": hostile, "username": hostile},
        notice={"kind": "info", "text": hostile},
        forgot=True,
    )
    assert "<script>" not in page
    assert all("alert" not in given.get("src", "") for given in Reader(page).all("script"))


@pytest.mark.parametrize(
    ("contact", "href"),
    [
        ("it@example.com", "mailto:it@example.com"),
        ("https://help.example.com/", "https://help.example.com/"),
        ("tel:+39055000", "tel:+39055000"),
        ("javascript:alert(1)", None),
        ("room 12", None),
    ],
)
def test_the_contact_is_a_link_where_it_can_be_one(contact, href):
    page = renderer(Branding(contact=contact)).page("signed_out.html")
    links = [given["href"] for given in Reader(page).all("a") if "gatekeeper" not in given["href"]]
    assert links == ([href] if href else [])
    assert href or contact in page
    assert 'href="javascript:' not in page


def test_the_address_in_the_samples_is_as_long_as_real_ones_get():
    assert len(LONG_URI) == 220
