"""Judges what came of forged identity: whether a platform took it, or let somebody in who should not be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from gatekeeper.doctor.findings import Finding, hole, listed, remark, unclear
from gatekeeper.doctor.forgeries import Claim
from gatekeeper.doctor.visiting import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gatekeeper.doctor.forgeries import Forgery
    from gatekeeper.doctor.visiting import Visit

SEND_ALL = (
    "Let whatever stands in front send every request to gatekeeper, or ask it about every path (auth_request, "
    "forward_auth), in the way that the files in deploy/ show."
)
STRIP = (
    "Let the proxy in front set or remove these headers itself before a request goes to the platform, in every "
    "spelling; deploy/nginx and deploy/caddy show how."
)
SEE_TO_IT = "See that the chain works, and run this again."
_MISDIRECTED = 421
_FORBIDDEN = 403


class How(Enum):
    """In which way a forgery made a difference."""

    TAKEN = "its made-up name is shown"
    DIFFERS = "the answer is of another kind"
    HIDDEN = "the person is no longer shown"


@dataclass(frozen=True, slots=True)
class Effect:
    """A forgery that made a difference: how its names were spelt, which they were, what it was answered."""

    how: How
    about: str
    names: tuple[str, ...]
    status: int = 0
    claim: Claim = Claim.NAME


@dataclass(frozen=True, slots=True)
class Subject:
    """A page, and as whom it is looked at.

    Attributes:
        place: the route's name.
        url: the page's.
        public: whether the route is open to everybody.
        who: the person's user name; ``None`` for nobody.
        signs: texts by which a page shows who they are.
    """

    place: str
    url: str
    public: bool
    who: str | None = None
    signs: tuple[str, ...] = ()

    @property
    def asker(self) -> str:
        """As a sentence says it."""
        return "nobody" if self.who is None else self.who

    def shows(self, visit: Visit) -> bool:
        """Whether the person is shown."""
        return any(visit.says(sign) for sign in self.signs)


def judge_plain(subject: Subject, plain: Visit) -> Finding | None:
    """Judge the answer to a request that claims nothing."""
    if plain.kind in {Kind.BROKEN, Kind.AWAY, Kind.NOTHING} or plain.status == _MISDIRECTED:
        return unclear(subject.place, f"{subject.url} {plain.outcome}, so nothing can be seen there.", SEE_TO_IT)
    if subject.who is not None:
        return _judge_person(subject, plain)
    if plain.kind is Kind.OPEN and not subject.public:
        what = (
            f"{subject.url} opened to nobody at all, although this route asks for a sign-in: gatekeeper was not asked."
        )
        return hole(subject.place, what, SEND_ALL)
    return None


def _judge_person(subject: Subject, plain: Visit) -> Finding | None:
    if plain.kind is Kind.SIGN_IN:
        what = f"{subject.url} asked {subject.who} for a sign-in in spite of a session."
        change = "Name somebody who owes no step and needs no code there; or the chain takes gatekeeper's cookie away."
        return unclear(subject.place, what, change)
    if plain.status == _FORBIDDEN:
        what = f"{subject.who} may not open {subject.url}, so it was not looked at with a session."
        return remark(subject.place, what, "Name somebody who may, with --as.")
    return None


def effect_of(
    subject: Subject, forgery: Forgery, plain: Visit, forged: Visit, *, compared: bool = True
) -> Effect | None:
    """What a request that forged who is asking came to; ``None``: it made no difference.

    Args:
        subject: the page.
        forgery: what was forged.
        plain: the answer to a harmless header of the same look.
        forged: the answer to the forgery.
        compared: whether the page answers the same every time, so that a difference says something.
    """
    taken = forgery.taken(forged.says)
    if taken:
        return Effect(How.TAKEN, forgery.about, taken, claim=forgery.claim)
    if not compared or forged.refuses_syntax or plain.kind in {Kind.BROKEN, Kind.NOTHING}:
        return None
    if forgery.claim is Claim.PATH and forged.status == _FORBIDDEN:
        return None  # gatekeeper refuses a question that says twice what it is about, and says so by way of the proxy
    names = tuple(name.strip() for name in forgery.names)
    if plain.kind is not forged.kind:
        return Effect(How.DIFFERS, forgery.about, names, forged.status, forgery.claim)
    if forgery.claim is Claim.NAME and subject.shows(plain) and not subject.shows(forged):
        return Effect(How.HIDDEN, forgery.about, names)
    return None


def judge_effects(subject: Subject, plain: Visit, effects: Iterable[Effect]) -> list[Finding]:
    """Judge what forgeries came to; those of one kind are one finding."""
    by_kind: dict[tuple[How, int, Claim], list[Effect]] = {}
    for effect in effects:
        by_kind.setdefault((effect.how, effect.status, effect.claim), []).append(effect)
    return [_judge_alike(subject, plain, alike) for alike in by_kind.values()]


def judge_host(subject: Subject, host: str, taken: tuple[str, ...]) -> Finding:
    """A platform took forged names from who asked for a host that nobody has."""
    what = f"Asked for the host {host}, the chain leads to the platform of {subject.url}, which takes {listed(taken)}."
    change = "Let the proxy in front refuse hosts that it does not know (nginx: a default_server that returns 421)."
    return hole(subject.place, what, change)


def judge_in_the_clear(subject: Subject, url: str, seen: Visit, taken: tuple[str, ...]) -> list[Finding]:
    """What came of asking for a page without TLS, with forged names."""
    change = "Let the proxy in front do nothing there but redirect to https."
    if taken:
        what = f"Asked without TLS, {url} leads to the platform, which takes {listed(taken)}."
        return [hole(subject.place, what, change)]
    if seen.kind is Kind.OPEN and not subject.public:
        return [hole(subject.place, f"Asked without TLS, {url} opened to nobody: gatekeeper was not asked.", change)]
    return []


def _judge_alike(subject: Subject, plain: Visit, alike: Sequence[Effect]) -> Finding:
    how, status = alike[0].how, alike[0].status
    names = listed(tuple(dict.fromkeys(name for effect in alike for name in effect.names)))
    sent = f"{names} (tried {listed(tuple(effect.about for effect in alike), 12)})"
    if how is How.TAKEN:
        come = "is whoever they say" if alike[0].claim is Claim.NAME else "is shown another page than was judged"
        what = f"{subject.url} took a made-up {alike[0].claim.value} from {subject.asker}: whoever sends {sent} {come}."
        return hole(subject.place, what, STRIP)
    if how is How.HIDDEN:
        return hole(subject.place, f"{subject.url} no longer shows {subject.asker} to who sends {sent}.", STRIP)
    what = f"{subject.url} answers {subject.asker} with {plain.status}, but with {status} to who sends {sent}."
    if status == _FORBIDDEN:
        return unclear(subject.place, what, f"If your proxy refuses such headers, all is well; otherwise: {STRIP}")
    return hole(subject.place, what, STRIP)
