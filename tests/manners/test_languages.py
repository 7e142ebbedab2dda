"""``manners.languages`` and how ``manners.render`` speaks them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gatekeeper.config import Branding
from gatekeeper.domain.wording import N_, NN_, together
from gatekeeper.manners.languages import ENGLISH, Languages
from gatekeeper.manners.render import Renderer, folders

AT = 1_795_570_000.0

GERMAN = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=n != 1;\\n"

msgid "Sign in"
msgstr "Anmelden"

msgid "At most %(most)s groups."
msgstr "Höchstens %(most)s Gruppen."

msgid "%(browser)s on %(system)s"
msgstr "%(browser)s unter %(system)s"

msgid "Wait %(num)s minute."
msgid_plural "Wait %(num)s minutes."
msgstr[0] "Warten Sie eine Minute."
msgstr[1] "Warten Sie %(num)s Minuten."

#, fuzzy
msgid "Later"
msgstr "Früher"
"""


@pytest.fixture
def operators_folder(tmp_path: Path) -> Path:
    catalogue = tmp_path / "locales" / "de" / "gatekeeper.po"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text(GERMAN, encoding="utf-8")
    return tmp_path


@pytest.fixture
def languages(operators_folder: Path) -> Languages:
    return Languages(folders(operators_folder))


@pytest.fixture
def shown(operators_folder: Path):
    """What a template with one line shows."""

    def show(line: str, lang: str = "de", name: str = "line.html", **context: object) -> str:
        (operators_folder / name).write_text(line, encoding="utf-8")
        return Renderer(Branding(), "/gatekeeper", operators_folder).page(name, lang=lang, **context)

    return show


@pytest.mark.parametrize(
    ("wishes", "tag"),
    [
        ("", "en"),
        ("it", "it"),
        ("it-CH", "it"),
        ("IT-it,it;q=0.9,en;q=0.8", "it"),
        ("en-GB,en;q=0.9,it;q=0.8", "en"),
        ("fr;q=1.0, it;q=0.5", "it"),
        ("en;q=0.1,it;q=0.2", "it"),
        ("it;q=0,en", "en"),
        ("fr, ja", "en"),
        ("*", "en"),
        (";;;,=,it;q=x", "en"),
        ("it;q=nan", "en"),
        ("x" * 9_000 + ",it", "en"),
    ],
)
def test_a_browser_gets_the_language_that_it_wants_most_of_those_there_are(languages, wishes, tag):
    assert languages.chosen(None, wishes) == tag


def test_what_a_person_chose_goes_before_what_their_browser_wants(languages):
    assert languages.chosen("de", "it") == "de"


def test_a_chosen_language_that_is_gone_is_as_none(languages):
    assert languages.chosen("tlh", "it") == "it"


def test_an_operator_adds_a_language_by_a_file(languages):
    assert [language.name for language in languages] == ["Deutsch", "English", "Italiano"]


def test_a_catalogue_that_cannot_be_read_leaves_its_language_out(operators_folder):
    (operators_folder / "locales" / "de" / "gatekeeper.po").write_bytes(b'msgid "\xff"')
    assert "de" not in Languages(folders(operators_folder))


@pytest.mark.parametrize("wrong", ["Höchstens %(viele)s Gruppen.", "Höchstens %(most)d Gruppen.", "100% %(most)s"])
def test_a_translation_with_other_places_than_its_message_is_not_used(operators_folder, wrong):
    catalogue = operators_folder / "locales" / "de" / "gatekeeper.po"
    catalogue.write_text(GERMAN.replace("Höchstens %(most)s Gruppen.", wrong), encoding="utf-8")
    german = Languages(folders(operators_folder))["de"]
    assert german.say(N_("At most %(most)s groups.", most=5)) == "At most 5 groups."
    assert german.say(N_("Sign in")) == "Anmelden"


def test_a_folder_of_no_known_language_is_left_out(operators_folder):
    (operators_folder / "locales" / "de").rename(operators_folder / "locales" / "x-nonsense")
    assert "x-nonsense" not in Languages(folders(operators_folder))


def test_a_text_is_said_with_its_values(languages):
    assert languages["de"].say(N_("At most %(most)s groups.", most=5_000)) == "Höchstens 5.000 Gruppen."


def test_a_text_takes_the_plural_of_its_language(languages):
    minutes = [languages["de"].say(NN_("Wait %(num)s minute.", "Wait %(num)s minutes.", n)) for n in (1, 2)]
    assert minutes == ["Warten Sie eine Minute.", "Warten Sie 2 Minuten."]


def test_texts_within_texts_are_said_too(languages):
    both = together([N_("Sign in"), NN_("Wait %(num)s minute.", "Wait %(num)s minutes.", 3)])
    assert languages["de"].say(both) == "Anmelden Warten Sie 3 Minuten."


@pytest.mark.parametrize(
    ("at", "says"),
    [
        (1_767_830_400.0, "Scade l’8 gennaio 2026."),
        (1_768_089_600.0, "Scade l’11 gennaio 2026."),
        (1_768_694_400.0, "Scade il 18 gennaio 2026."),
    ],
)
def test_italian_joins_an_article_to_a_day_that_begins_with_a_vowel(languages, shown, at, says):
    line = (
        "{{ _('It expires on %(day)s. After that you choose a new one before you go on; nothing is lost.', day=AT) }}"
    )
    in_text = shown(line.replace("AT", "at | day_text"), lang="it", name="line.txt", at=at)
    on_page = re.sub(r"<[^>]*>", "", shown(line.replace("AT", "at | day"), lang="it", at=at))
    assert in_text.startswith(says)
    assert on_page.startswith(says)


def test_what_is_not_translated_stays_english(languages):
    assert languages["de"].say(N_("Sign out")) == "Sign out"


def test_a_translation_that_nobody_has_checked_is_not_used(languages):
    assert languages["de"].say(N_("Later")) == "Later"


def test_a_plain_string_is_data_and_stays(languages):
    assert languages["de"].say("Sign in") == "Sign in"


def test_a_page_says_every_text_that_it_outputs(shown):
    assert shown("{{ error }}", error=N_("Sign in")) == "Anmelden"
    assert shown("{{ user_agent | device }}", user_agent="Firefox/140.0 Windows") == "Firefox unter Windows"


def test_a_text_in_a_macro_of_another_file_is_said_too(shown):
    line = "{% from 'macros.html' import field_error %}{{ field_error('code', error) }}"
    assert "Anmelden" in shown(line, error=N_("Sign in"))


def test_a_page_in_one_language_leaves_those_in_another_alone(operators_folder):
    (operators_folder / "line.html").write_text("{{ _('Sign in') }} {{ 1234 | number }}", encoding="utf-8")
    renderer = Renderer(Branding(), "/gatekeeper", operators_folder)
    assert [renderer.page("line.html", lang=lang) for lang in ("en", "de", "en")] == [
        "Sign in 1,234",
        "Anmelden 1.234",
        "Sign in 1,234",
    ]


def test_a_language_that_there_is_not_is_english(shown):
    assert shown("{{ _('Sign in') }} {{ lang }}", lang="fr") == "Sign in en"


def test_values_are_escaped_in_pages_and_not_in_plain_text(shown):
    line = "{{ _('At most %(most)s groups.', most=most) }}"
    assert shown(line, most="<b>") == "Höchstens &lt;b&gt; Gruppen."
    assert shown(line, name="mail.txt", most="<b>") == "Höchstens <b> Gruppen."
    assert shown("{{ error }}", error=N_("At most %(most)s groups.", most="<b>")) == "Höchstens &lt;b&gt; Gruppen."


def test_a_count_in_a_template_takes_the_plural(shown):
    line = "{{ ngettext('Wait %(num)s minute.', 'Wait %(num)s minutes.', n) }}"
    assert shown(line, n=2_000) == "Warten Sie 2.000 Minuten."
    block = "{% trans n=n %}Wait {{ n }} minute.{% pluralize %}Wait {{ n }} minutes.{% endtrans %}"
    assert shown(block, lang="en", n=2_000) == "Wait 2,000 minutes."


def test_a_time_is_written_as_the_language_does_and_the_exact_one_is_in_its_tooltip(shown):
    assert shown("{{ at | moment }}", lang=ENGLISH, at=AT) == (
        '<time datetime="2026-11-25T01:26:40+00:00" title="Wednesday, 25 November 2026, 01:26:40 UTC" '
        'data-shows="moment">25 November 2026, 01:26 UTC</time>'
    )
    assert ">25 novembre 2026, 01:26 UTC</time>" in shown("{{ at | moment }}", lang="it", at=AT)
    assert ">25. November 2026</time>" in shown("{{ at | day }}", at=AT)


def test_a_time_in_plain_text_has_no_element(shown):
    assert shown("{{ at | day_text }}, {{ at | moment_text }}", lang="it", name="mail.txt", at=AT) == (
        "25 novembre 2026, 25 novembre 2026, 01:26 UTC"
    )
