"""What a person's details must look like, whoever writes them."""

from __future__ import annotations

import pytest

from gatekeeper.domain.errors import Refused
from gatekeeper.flows import details


def test_a_user_name_is_trimmed_and_keeps_its_spelling():
    assert details.username("  Anna ") == "Anna"


@pytest.mark.parametrize("text", ["", " ", "two words", "nul\x00", "a" * 256, "right\u202eleft"])
def test_what_cannot_be_a_user_name_is_refused_by_its_field(text):
    with pytest.raises(Refused) as refused:
        details.username(text)
    assert refused.value.field == "username"


def test_an_address_has_one_form_of_its_domain():
    assert details.email("Anna@BÜCHER.example ") == "Anna@xn--bcher-kva.example"


def test_an_address_is_refused_by_the_field_that_it_was_given_in():
    with pytest.raises(Refused) as refused:
        details.email("nowhere", "recovery_email")
    assert refused.value.field == "recovery_email"


def test_where_no_name_is_given_the_user_name_stands_in():
    assert details.display_name("  ", "anna") == "anna"


def test_a_name_of_a_person_is_not_rewritten_as_an_address():
    assert details.display_name("Anna @ BÜCHER.example", "anna") == "Anna @ BÜCHER.example"


def test_each_group_is_kept_once_in_the_order_given():
    assert details.groups(["b", " a ", "b"]) == ("b", "a")


@pytest.mark.parametrize("wanted", [["a", "b,c"], ["a", ""], ["a", "x\r\ny"]])
def test_a_group_that_cannot_be_is_refused_by_its_place(wanted):
    with pytest.raises(Refused) as refused:
        details.groups(wanted)
    assert refused.value.field == "groups.1"


def test_there_are_only_so_many_groups():
    with pytest.raises(Refused):
        details.groups([str(number) for number in range(201)])
