"""What forgeries came to, judged from the answers."""

from __future__ import annotations

import pytest

from gatekeeper.doctor.findings import Severity
from gatekeeper.doctor.forgeries import Forgery, forgeries, other_paths
from gatekeeper.doctor.identity import How, Subject, effect_of, judge_effects, judge_plain
from gatekeeper.doctor.visiting import Kind, Visit
from gatekeeper.doctor.wire import Seen
from gatekeeper.domain.headers import folded

URL = "https://mail.example.com/"
NOBODY = Subject("webmail", URL, public=False)
STRANGER = Subject("open", URL, public=True)
ANNA = Subject("webmail", URL, public=False, who="anna", signs=("anna",))
FORGERY = Forgery("as it is", ("X-Forwarded-User", "Remote-User"), "gkdoctor1")
PATHS = other_paths("/gatekeeper/login", lambda: "gkdoctor2")


def visit(status: int, body: str = "", *, kind: Kind | None = None) -> Visit:
    by_class = {2: Kind.OPEN, 3: Kind.AWAY, 4: Kind.REFUSED, 5: Kind.BROKEN}
    return Visit(kind or by_class[status // 100], (Seen(status, (), body.encode()),))


SIGN_IN = visit(302, kind=Kind.SIGN_IN)
NOTHING = Visit(Kind.NOTHING, (), "it ended the connection")


@pytest.mark.parametrize(
    ("subject", "plain", "severity"),
    [
        (NOBODY, SIGN_IN, None),
        (NOBODY, visit(404), None),
        (NOBODY, visit(200), Severity.HOLE),
        (NOBODY, visit(502), Severity.UNCLEAR),
        (NOBODY, visit(302), Severity.UNCLEAR),
        (NOBODY, visit(421), Severity.UNCLEAR),
        (NOBODY, NOTHING, Severity.UNCLEAR),
        (STRANGER, visit(200), None),
        (STRANGER, SIGN_IN, None),
        (ANNA, visit(200), None),
        (ANNA, SIGN_IN, Severity.UNCLEAR),
        (ANNA, visit(403), Severity.REMARK),
    ],
)
def test_a_page_is_as_open_as_its_route_says(subject: Subject, plain: Visit, severity: Severity | None) -> None:
    found = judge_plain(subject, plain)
    assert (None if found is None else found.severity) == severity


def test_a_made_up_name_that_is_shown_was_taken_wherever_it_stands() -> None:
    for seen in (
        visit(200, "Hello GKDOCTOR1x001x!"),
        visit(404, "no mailbox gkdoctor1x001x"),
        Visit(Kind.OPEN, (Seen(302, (("Set-Cookie", "u=gkdoctor1x001x"),)), Seen(200))),
    ):
        effect = effect_of(NOBODY, FORGERY, SIGN_IN, seen)
        assert effect is not None
        assert (effect.how, effect.names) == (How.TAKEN, ("Remote-User",))


@pytest.mark.parametrize("status", [400, 431, 501])
def test_a_server_that_quotes_what_it_refuses_took_nothing(status: int) -> None:
    assert effect_of(NOBODY, FORGERY, SIGN_IN, visit(status, "bad header: gkdoctor1x000x")) is None
    assert effect_of(NOBODY, FORGERY, SIGN_IN, NOTHING) is None


def test_an_answer_of_another_kind_is_found_unless_the_page_changes_by_itself() -> None:
    effect = effect_of(NOBODY, FORGERY, SIGN_IN, visit(200))
    assert effect is not None
    assert (effect.how, effect.status) == (How.DIFFERS, 200)
    assert effect_of(NOBODY, FORGERY, SIGN_IN, visit(200), compared=False) is None
    assert effect_of(STRANGER, FORGERY, visit(200), visit(204)) is None


def test_a_person_who_is_no_longer_shown_is_found() -> None:
    plain = visit(200, "Hello anna")
    effect = effect_of(ANNA, FORGERY, plain, visit(200, "Hello stranger"))
    assert effect is not None
    assert effect.how is How.HIDDEN
    assert effect_of(ANNA, FORGERY, plain, visit(200, "Hello Anna")) is None
    assert effect_of(ANNA, FORGERY, visit(200, "no name"), visit(200, "no name")) is None


def test_another_path_counts_when_it_opens_something_and_not_when_it_is_refused() -> None:
    for forgery in PATHS:
        assert effect_of(NOBODY, forgery, SIGN_IN, visit(200)) is not None
        assert effect_of(NOBODY, forgery, SIGN_IN, visit(403)) is None
        assert effect_of(ANNA, forgery, visit(200, "anna"), visit(200, "")) is None


def test_what_is_alike_is_one_finding_that_names_every_spelling() -> None:
    made = [
        effect_of(STRANGER, forgery, visit(200), visit(200, forgery.mark(0)))
        for forgery in forgeries(["X-Forwarded-User"], lambda: "gkdoctor3")[:3]
    ]
    (found,) = judge_effects(STRANGER, visit(200), [effect for effect in made if effect])
    assert found.severity is Severity.HOLE
    assert found.what == (
        f"{URL} took a made-up name from nobody: whoever sends X-Forwarded-User, x-forwarded-user, X_Forwarded_User "
        "(tried as it is, in lower case, with underscores) is whoever they say."
    )


def test_a_refusal_may_be_the_proxys_and_is_unclear() -> None:
    effect = effect_of(STRANGER, FORGERY, visit(200), visit(403))
    assert effect is not None
    assert [finding.severity for finding in judge_effects(STRANGER, visit(200), [effect])] == [Severity.UNCLEAR]


def test_every_spelling_is_of_the_same_name_and_every_value_tells_it() -> None:
    names = ["X-Forwarded-User", "X-Forwarded-Email"]
    made = forgeries(names, iter(f"gkdoctor{number}" for number in range(99)).__next__)
    assert len({forgery.canary for forgery in made}) == len(made)
    for forgery in made:
        assert {folded(name.encode()) for name in forgery.names} == {b"xforwardeduser", b"xforwardedemail"}
        for at, line in enumerate(forgery.lines[:-1]):
            assert forgery.mark(at) in line
            assert ("@doctor.invalid" in line) is ("mail" in line.lower().partition(":")[0])
        assert forgery.lines[-1].startswith("Connection: close")
    assert made[-1].lines[-1] == "Connection: close, X-Forwarded-User, X-Forwarded-Email"
