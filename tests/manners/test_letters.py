from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from html.parser import HTMLParser

import pytest

from gatekeeper.config import Branding, Sender
from gatekeeper.flows.mails import MailKind
from gatekeeper.manners.accent import READABLE, contrast, parse
from gatekeeper.manners.letters import Letters
from gatekeeper.manners.render import folders
from tests.manners.mails import ALL, DETAILS, LINK, WITH_LINK, letters_of, mail

BRAND = Branding(name="Müller & Söhne", accent="#e8b500", contact="help@example.com")
SENDER = Sender("Müller, Söhne", "no-reply@xn--mller-kva.example")


def letters(branding: Branding = BRAND) -> Letters:
    return letters_of(branding, SENDER)


LETTERS = letters()


def written(kind: MailKind, number: int = 0, *, by: Letters = LETTERS, **changes: object) -> EmailMessage:
    """A mail as its reader's program takes it apart."""
    sent = by.write(mail(kind, number, **changes), LINK if kind in WITH_LINK else None).as_bytes()
    message = message_from_bytes(sent, policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content())


class Html(HTMLParser):
    """The text, the links and everything that would be fetched."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a":
            self.links.append(given["href"] or "")
        elif tag in {"img", "script", "link", "iframe", "object", "audio", "video", "source"}:
            self.fetched.append(tag)
        self.fetched += [name for name in ("src", "srcset", "background") if name in given]

    def handle_data(self, data: str) -> None:
        self.text += data


def words(text: str) -> str:
    return " ".join(text.split())


def test_every_kind_has_its_words_and_no_words_are_left_over():
    folder = folders()[0] / "mail"
    assert {path.stem for path in folder.glob("*.txt")} == {kind.value for kind in MailKind} | {"layout"}
    assert set(DETAILS) == set(MailKind)


@pytest.mark.parametrize("language", ["en", "it"])
@pytest.mark.parametrize(("kind", "number"), ALL)
def test_every_mail_says_the_same_as_text_and_as_html_and_fetches_nothing(kind, number, language):
    message = written(kind, number, language=language)
    text, html = part(message, "plain"), Html(part(message, "html"))
    assert message["Subject"]
    assert message["Content-Language"] == language
    assert html.fetched == []
    assert "url(" not in part(message, "html")
    for paragraph in text.partition("\n-- \n")[0].split("\n\n")[1:]:
        if not re.search(r"https?://|@|: ", paragraph):
            assert words(paragraph) in words(html.text)
    assert set(re.findall(r"https?://\S+", text)) == {link for link in html.links if link.startswith("http")}
    assert (LINK in html.links) == (kind in WITH_LINK)
    assert "%(" not in text + str(message["Subject"])
    assert "None" not in text.replace("From now on: None", "")
    assert max(map(len, text.replace(LINK, "").splitlines())) <= 100


def test_a_notice_says_what_happened_when_and_from_where():
    text = part(written(MailKind.NEW_DEVICE), "plain")
    assert "anna" in text
    assert "When: 15 January 2027, 08:00 UTC" in text
    assert "From where: 192.0.2.1, Firefox on Windows" in text
    assert "https://mail.example.com/gatekeeper/account" in text
    assert "help@example.com" in text


def test_the_usual_name_of_an_authenticator_is_said_in_the_readers_language():
    message = written(MailKind.AUTHENTICATOR_REMOVED, language="it")
    assert "Autenticatore: App di autenticazione" in part(message, "plain")


def test_what_an_administrator_did_tells_no_address_of_theirs():
    text = part(written(MailKind.TWO_FACTOR_RESET), "plain")
    assert "From where" not in text


def test_headers_say_who_when_and_that_nobody_typed_it():
    message = written(MailKind.PASSWORD_CHANGED)
    assert message["From"].addresses[0].display_name == "Müller, Söhne"
    assert message["From"].addresses[0].addr_spec == "no-reply@xn--mller-kva.example"
    assert message["To"].addresses[0].display_name == "Anna Müller"
    assert message["To"].addresses[0].addr_spec == "anna@example.com"
    assert message["Date"].datetime.timestamp() == 1_800_000_000.0
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    assert [one.get_content_type() for one in message.iter_parts()] == ["text/plain", "text/html"]


def test_on_the_wire_all_is_ascii_in_short_lines():
    sent = LETTERS.write(mail(MailKind.PASSWORD_CHANGED), None).as_bytes()
    assert sent.isascii()
    assert all(len(line) <= 998 for line in sent.split(b"\r\n"))


def test_one_mail_has_one_identity_and_two_have_two():
    first, again = written(MailKind.NEW_DEVICE), written(MailKind.NEW_DEVICE, language="it")
    other = LETTERS.write(replace(mail(MailKind.NEW_DEVICE), id=8), None)
    assert first["Message-ID"] == again["Message-ID"] != other["Message-ID"]
    assert first["Message-ID"].endswith("@xn--mller-kva.example>")


@pytest.mark.parametrize(
    "name",
    ["Anna\r\nBcc: mallory@example.com", "Anna\nSubject: x", "Anna\u2028Bcc: x", '"><b>Anna', "Anna <x@y.example>", ""],
)
def test_no_name_begins_a_header_or_a_tag(name):
    message = written(MailKind.PASSWORD_CHANGED, display_name=name, username=name)
    assert set(message.keys()) == set(written(MailKind.PASSWORD_CHANGED).keys())
    assert [one.addr_spec for one in message["To"].addresses] == ["anna@example.com"]
    html = part(message, "html")
    assert "<b>" not in html
    assert len(Html(html).links) == len(Html(part(written(MailKind.PASSWORD_CHANGED), "html")).links)


def test_no_subject_begins_a_header():
    message = written(MailKind.PASSWORD_CHANGED, by=letters(replace(BRAND, name="A\r\nBcc: x@example.com")))
    assert "Bcc" not in message
    assert "\n" not in message["Subject"]


@pytest.mark.parametrize("address", ["a@example.com\r\nBcc: b@example.com", "a@example.com, b@example.com", "a b@c.d"])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(ValueError, match="address"):
        LETTERS.write(replace(mail(MailKind.PASSWORD_CHANGED), recipient=address), None)


def test_an_address_of_any_script_stays_what_it_is():
    message = LETTERS.write(replace(mail(MailKind.PASSWORD_CHANGED), recipient="änna@xn--mller-kva.example"), None)
    assert message["To"].addresses[0].addr_spec == "änna@xn--mller-kva.example"


@pytest.mark.parametrize(
    ("asked", "given"),
    [(None, "en"), ("", "en"), ("it", "it"), ("it-CH, fr;q=0.5", "it"), ("xx", "en"), ("de, it;q=0.3", "it")],
)
def test_a_mail_speaks_the_language_that_its_reader_chose_or_their_browser_asks_for(asked, given):
    assert written(MailKind.PASSWORD_CHANGED, language=asked)["Content-Language"] == given


@pytest.mark.parametrize("accent", [None, "#e8b500", "#ffffff", "#000000", "#1b5e8c"])
def test_the_button_is_readable_in_any_accent(accent):
    html = part(written(MailKind.RESET_LINK, by=letters(replace(BRAND, accent=accent))), "html")
    (fill, ink) = re.findall(r"padding:12px 20px;[^\"]*background-color:(#\w{6});color:(#\w{6})", html)[0]
    assert contrast(parse(fill), parse(ink)) >= READABLE
    assert contrast(parse(fill), (255, 255, 255)) >= READABLE


@pytest.mark.parametrize(
    ("contact", "link"),
    [
        ("help@example.com", "mailto:help@example.com"),
        ("https://help.example.com", "https://help.example.com"),
        ("Extension 4711", None),
    ],
)
def test_whom_to_ask_is_in_every_mail(contact, link):
    message = written(MailKind.PASSWORD_CHANGED, by=letters(replace(BRAND, contact=contact)))
    assert contact in part(message, "plain")
    html = Html(part(message, "html"))
    assert link in html.links if link else contact in html.text


def test_an_operator_can_write_a_mail_anew(tmp_path):
    folder = tmp_path / "mail"
    folder.mkdir()
    (folder / "new-device.txt").write_text(
        "{% extends layout %}{% set subject = 'Ahoy' %}{% set said = ['Ahoy, ' ~ username] %}{% set advice = [] %}"
    )
    message = written(MailKind.NEW_DEVICE, by=letters(replace(BRAND, templates=tmp_path)))
    assert message["Subject"] == "Ahoy"
    assert "Ahoy, anna" in part(message, "html")
