"""Who may pass: a route, a session or none, and what its owner still owes, in; a verdict out.

The edge and forward-auth both ask here; one place alone turns a verdict into a response.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from gatekeeper.domain.model import Step
from gatekeeper.domain.wording import N_

if TYPE_CHECKING:
    from gatekeeper.domain.model import Session


class Kind(StrEnum):
    """What a route asks for."""

    PUBLIC = "public"
    SIGNED_IN = "signed-in"


@dataclass(frozen=True, slots=True)
class Access:
    """What a route asks of people.

    ``groups`` empty: of everybody who is signed in; otherwise of members of at least one. ``second_factor``: a code
    given in this session, for which no trusted device stands in.
    """

    kind: Kind = Kind.SIGNED_IN
    groups: frozenset[str] = frozenset()
    second_factor: bool = False


PUBLIC = Access(Kind.PUBLIC)
SIGNED_IN = Access(Kind.SIGNED_IN)
SECOND_FACTOR = Access(Kind.SIGNED_IN, second_factor=True)


@dataclass(frozen=True, slots=True)
class Allow:
    """Let through; ``known`` says whether the platform is told who it is."""

    known: bool


@dataclass(frozen=True, slots=True)
class SignIn:
    """Nobody is signed in."""


@dataclass(frozen=True, slots=True)
class Owes:
    """Signed in, but a step is due first: ``NEW_PASSWORD``, ``ENROL``, or ``CODE`` where the route asks for one."""

    step: Step


@dataclass(frozen=True, slots=True)
class Forbid:
    """Signed in, and not permitted; ``reason`` is for people."""

    reason: str


Verdict = Allow | SignIn | Owes | Forbid

ALLOWED = Allow(known=True)
ALLOWED_UNKNOWN = Allow(known=False)
SIGN_IN = SignIn()
NOT_IN_GROUP = Forbid(
    N_("This part is open to certain groups only, and you are in none of them. If you need it, ask your administrator.")
)


def decide(access: Access, session: Session | None, owed: Step | None) -> Verdict:
    """The verdict on a request.

    Args:
        access: what the route asks for.
        session: the session that stands, or ``None``.
        owed: what the session's owner owes (``domain.login.owed``); of no account without a session.
    """
    if access.kind is Kind.PUBLIC:
        return ALLOWED_UNKNOWN if session is None or owed is not None else ALLOWED
    if session is None:
        return SIGN_IN
    if owed is not None:
        return Owes(owed)
    if access.groups and access.groups.isdisjoint(session.owner.groups):
        return NOT_IN_GROUP
    if access.second_factor and not session.second_factor:
        return Owes(Step.CODE if session.owner.enrolled else Step.ENROL)
    return ALLOWED
