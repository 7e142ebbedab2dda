"""``domain.wording``: sentences that are English to everybody and can still be said in another language."""

from __future__ import annotations

import copy
import json

from gatekeeper.domain.errors import NotFound
from gatekeeper.domain.wording import N_, NN_, Text, packed, together, unpacked


def test_a_text_is_its_english_sentence() -> None:
    assert N_("Enter a code.") == "Enter a code."
    assert N_("At most %(most)s groups.", most=5) == "At most 5 groups."


def test_a_text_knows_the_words_it_was_made_of() -> None:
    text = N_("This needs the permission %(names)s.", names="audit.read")
    assert text.message == "This needs the permission %(names)s."
    assert text.values == {"names": "audit.read"}


def test_a_percent_sign_stands_for_itself_where_there_are_no_values() -> None:
    assert N_("100% of the people") == "100% of the people"


def test_a_text_that_counts_takes_the_form_of_its_number() -> None:
    assert NN_("Wait %(num)s minute.", "Wait %(num)s minutes.", 1) == "Wait 1 minute."
    assert NN_("Wait %(num)s minute.", "Wait %(num)s minutes.", 3) == "Wait 3 minutes."


def test_texts_together_are_sentences_one_after_the_other() -> None:
    text = together([N_("It is too short."), N_("It needs a digit.")])
    assert text == "It is too short. It needs a digit."
    assert [getattr(part, "message", None) for part in text.values.values()] == [
        "It is too short.",
        "It needs a digit.",
    ]


def test_a_text_survives_json_and_copies() -> None:
    wait = NN_("Wait %(num)s minute, %(who)s.", "Wait %(num)s minutes, %(who)s.", 3, who=N_("you"))
    kept = unpacked(json.loads(json.dumps(packed(wait))))
    for text in (kept, copy.deepcopy(wait)):
        assert isinstance(text, Text)
        assert text == "Wait 3 minutes, you."
        assert (text.message, text.plural, text.number) == (wait.message, wait.plural, 3)
        assert isinstance(text.values["who"], Text)


def test_a_plain_string_is_kept_as_it_is() -> None:
    assert unpacked(packed("Done.")) == "Done."
    assert not isinstance(unpacked(packed("Done.")), Text)


def test_an_error_says_the_text_that_it_was_given() -> None:
    text = N_("There is no such person.")
    assert NotFound(text).said is text
    assert str(NotFound(text)) == "There is no such person."
