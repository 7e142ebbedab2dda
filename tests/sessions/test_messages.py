"""Messages: what one node writes another reads, and what none wrote is refused."""

from __future__ import annotations

import pytest

from gatekeeper.sessions.messages import Message, PoliciesChanged, SessionsChanged, SessionsEnded, decode, encode


@pytest.mark.parametrize(
    "message",
    [SessionsChanged(("a", "b")), SessionsEnded(("a",), "anna"), SessionsEnded((), "anna"), PoliciesChanged(17)],
)
def test_a_message_comes_back_as_it_was_sent(message: Message) -> None:
    assert decode(encode(message).encode()) == message


@pytest.mark.parametrize(
    "text",
    [b"", b"\xff", b"[]", b"1", b"{}", b'{"kind": "newer"}', b'{"kind": "changed"}', b'{"kind": "changed", "ids": 1}',
     b'{"kind": "ended", "ids": []}', b'{"kind": "policies", "epoch": "x"}', b'{"kind": "policies", "epoch": null}'],
)  # fmt: skip
def test_anything_else_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any ValueError is the promise
        decode(text)
