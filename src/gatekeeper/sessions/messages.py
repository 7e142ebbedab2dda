"""The messages on the bus, and their form on the wire: JSON, which the scripts in Redis write too."""

from __future__ import annotations

import json
from dataclasses import dataclass

CHANNEL = "gk:bus"


@dataclass(frozen=True, slots=True)
class SessionsChanged:
    """These sessions are to be read afresh: their owner's facts are others now."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SessionsEnded:
    """These sessions of one person are over."""

    ids: tuple[str, ...]
    user_id: str


@dataclass(frozen=True, slots=True)
class PoliciesChanged:
    """The policies are those of this epoch now, or of a later one."""

    epoch: int


Message = SessionsChanged | SessionsEnded | PoliciesChanged


def encode(message: Message) -> str:
    """Return a message as it goes over the wire."""
    match message:
        case SessionsChanged(ids):
            return json.dumps({"kind": "changed", "ids": ids})
        case SessionsEnded(ids, user_id):
            return json.dumps({"kind": "ended", "ids": ids, "user_id": user_id})
        case PoliciesChanged(epoch):
            return json.dumps({"kind": "policies", "epoch": epoch})


def decode(text: bytes) -> Message:
    """Return the message that came.

    Raises:
        ValueError: it is none that is known here.
    """
    try:
        content = json.loads(text)
        match content["kind"]:
            case "changed":
                return SessionsChanged(_ids(content["ids"]))
            case "ended":
                return SessionsEnded(_ids(content["ids"]), str(content["user_id"]))
            case "policies":
                return PoliciesChanged(int(content["epoch"]))
    except (KeyError, TypeError) as error:
        raise ValueError("not a message") from error
    raise ValueError("a message of an unknown kind")


def _ids(values: list[object]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)
