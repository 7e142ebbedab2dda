from __future__ import annotations

import pytest

from gatekeeper.domain.background import matches, pattern


@pytest.mark.parametrize(
    ("entry", "target", "polling"),
    [
        ("/?_action=refresh", b"/?_task=mail&_action=refresh&_remote=1", True),
        ("/?_action=refresh", b"/?_action=refresh", True),
        ("/?_action=refresh", b"/?_action=list", False),
        ("/?_action=refresh", b"/?x_action=refresh", False),
        ("/?_action=refresh", b"/?q=_action%3Drefresh", False),
        ("/?_action=refresh", b"/mail/?_action=refresh", False),
        ("/?_action=refresh", b"/", False),
        ("?_action=refresh", b"/mail/?_action=refresh", True),
        ("?_action", b"/mail/?_action=anything", True),
        ("?_action", b"/mail/?other", False),
        ("/poll", b"/poll", True),
        ("/poll", b"/poll?since=1", True),
        ("/poll", b"/poll/1", False),
        ("/poll", b"/polls", False),
        ("/?a=1&b=2", b"/?b=2&a=1", True),
        ("/?a=1&b=2", b"/?a=1", False),
        ("/?q=a%20b", b"/?q=a+b", True),
    ],
)
def test_a_request_is_polling_by_path_query_parameter_or_both(entry, target, polling):
    assert matches([pattern(entry)], target) is polling


def test_one_entry_of_several_is_enough():
    assert matches([pattern("/a"), pattern("?x=1")], b"/b?x=1")
    assert not matches([], b"/b?x=1")


@pytest.mark.parametrize("entry", ["", "?", "poll", "_action=refresh", "/ä"])
def test_an_entry_is_a_path_or_a_query(entry):
    with pytest.raises(ValueError, match="an entry is a path"):
        pattern(entry)
