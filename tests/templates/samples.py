"""Every page in every state that a person can meet, with what it would show on a real platform."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from gatekeeper.config import Branding
from gatekeeper.domain.model import OwnerFacts, Session, User
from gatekeeper.domain.passwords import RULES, Strength
from gatekeeper.domain.wording import N_
from gatekeeper.manners.failures import Shown, WayOn
from gatekeeper.manners.render import Renderer, qr_svg
from gatekeeper.store.authenticators import Authenticator
from gatekeeper.store.devices import Device
from gatekeeper.web.account.activity import Line

PREFIX = "/gatekeeper"
NOW = 1_795_570_000.0
DAY = 86_400.0
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NAME = "another.person.with.a.long.name.indeed"
LONG_URI = (
    f"otpauth://totp/M%C3%BCller%20%26%20S%C3%B6hne%20Platform:{NAME}@mail.example.com"
    f"?secret={SECRET}&issuer=M%C3%BCller%20%26%20S%C3%B6hne%20Platform&digits=6&period=30"
)

BRANDING = Branding(
    name="Example Mail",
    help_text="Trouble signing in? The help desk answers on weekdays.",
    contact="it@example.com",
)
ANNA = OwnerFacts(user_id="1", username="anna@example.com", email="anna@example.com", display_name="Anna Rossi")
RULE_LINES = [{"id": rule.code, "text": rule.text} for rule in RULES[Strength.ADVANCED]]
CODES = [f"k7m2p-x9qt{letter}" for letter in "bcdfghjkmn"]
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def session(number: int, user_agent: str) -> Session:
    return Session(
        id=str(number),
        owner=ANNA,
        created_at=NOW - 3600,
        expires_at=NOW + 3600,
        last_seen_at=NOW - 60 * number,
        proofs=(),
        csrf_secret="",
        address="192.0.2.17",
        user_agent=user_agent,
    )


ENROL = {
    "who": ANNA,
    "qr_svg": qr_svg(LONG_URI),
    "secret": SECRET,
    "secret_grouped": " ".join(SECRET[at : at + 4] for at in range(0, len(SECRET), 4)),
    "ask_enrolment_code": False,
}
CODE = {"who": ANNA, "tries_left": None, "recovery": False, "trust_days": None, "by_link": False}
PASSWORD = {
    "who": ANNA,
    "reason": {"kind": "expired", "at": NOW - DAY},
    "rules": RULE_LINES,
    "ask_current": False,
}
TRUSTED = Device(
    user_id="1",
    digest="d1",
    first_seen_at=NOW - 90 * DAY,
    last_seen_at=NOW - DAY,
    trusted_until=NOW + 20 * DAY,
    user_agent=FIREFOX,
    address="192.0.2.17",
)
ACCOUNT = {
    "menu": [],
    "actor": ANNA,
    "session": session(1, FIREFOX),
    "sessions": [session(1, FIREFOX), session(2, "")],
    "password": {"changed_at": NOW - 30 * DAY, "expires_at": NOW + 60 * DAY, "days_left": None},
    "rules": RULE_LINES,
    "authenticators": [
        Authenticator("1", "1", "Authenticator app", "", NOW - 90 * DAY, 0, NOW - DAY),
        Authenticator("2", "1", "A tablet with quite a long name that wraps at home", "", NOW),
    ],
    "names": {"1": N_("Authenticator app"), "2": "A tablet with quite a long name that wraps at home"},
    "most": 5,
    "recovery_codes": {"left": 9, "few": 3, "unsaved": False},
    "recovery_address": {"address": "anna@home.example", "confirmed": True},
    "devices": [TRUSTED],
    "devices_allowed": True,
    "languages": [SimpleNamespace(tag="en", name="English"), SimpleNamespace(tag="it", name="Italiano")],
    "language": "it",
    "activity": [
        Line(N_("You signed in, with a code"), NOW, "192.0.2.17", failed=False),
        Line(N_("A wrong password was entered"), NOW - DAY, "2001:db8:85a3:8d3:1319:8a2e:370:7348", failed=True),
    ],
    "more_activity": True,
}
OWN_AUTHENTICATOR = ENROL | {
    "actor": ANNA,
    "values": {"name": "Authenticator app"},
    "replaces": None,
    "first": True,
    "most": 60,
    "action": f"{PREFIX}/account/authenticators/new",
}
ASKED = {
    "actor": ANNA,
    "title": N_("Remove “%(name)s”?", name="Authenticator app"),
    "text": N_("Its codes will no longer work. Your other authenticators stay."),
    "button": N_("Remove"),
    "action": f"{PREFIX}/account/authenticators/1/remove",
    "possible": True,
    "harmless": False,
}
ERROR = Shown(404, "There is nothing here", "Check the address.", "01JDZK8Q3V7M")

PAGES: dict[str, tuple[str, dict[str, object]]] = {
    "sign-in": ("login/sign_in.html", {"forgot": False}),
    "sign-in-with-mail": ("login/sign_in.html", {"forgot": True}),
    "sign-in-refused": (
        "login/sign_in.html",
        {
            "errors": {"": "The name or the password is not right."},
            "values": {"username": "anna@example.com"},
            "forgot": True,
        },
    ),
    "sign-in-without-name": (
        "login/sign_in.html",
        {"errors": {"username": "Enter your name."}, "forgot": False},
    ),
    "sign-in-again": (
        "login/sign_in.html",
        {"notice": {"kind": "info", "text": "Please begin again."}, "forgot": False},
    ),
    "code": ("login/code.html", CODE),
    "code-with-trust": ("login/code.html", CODE | {"trust_days": 30}),
    "code-by-link": ("login/code.html", CODE | {"by_link": True}),
    "code-refused": (
        "login/code.html",
        CODE
        | {
            "tries_left": 1,
            "errors": {"code": "This code is not right."},
            "trust_days": 1,
            "values": {"trust": "1"},
        },
    ),
    "code-recovery": ("login/code.html", CODE | {"tries_left": 3, "recovery": True, "trust_days": 30}),
    "enrol": ("login/enrol.html", ENROL),
    "enrol-refused": ("login/enrol.html", ENROL | {"errors": {"code": "This code is not right."}}),
    "enrol-with-code": (
        "login/enrol.html",
        ENROL | {"ask_enrolment_code": True, "errors": {"enrolment_code": "This is not the code."}},
    ),
    "password": ("login/password.html", PASSWORD),
    "password-demanded": (
        "login/password.html",
        PASSWORD | {"reason": {"kind": "demanded", "at": None}, "ask_current": True},
    ),
    "password-refused": (
        "login/password.html",
        PASSWORD | {"ask_current": True, "errors": {"new_password": "Too short.", "new_password_again": "Differs."}},
    ),
    "password-by-link": ("login/password.html", PASSWORD | {"reason": {"kind": "link", "at": None}}),
    "password-soon": ("login/password.html", PASSWORD | {"reason": {"kind": "soon", "at": NOW + 5 * DAY}}),
    "forgot": ("login/forgot.html", {}),
    "forgot-refused": ("login/forgot.html", {"errors": {"username": "Enter your name."}}),
    "forgot-sent": ("login/forgot_sent.html", {"main_address": False}),
    "forgot-sent-to-main-address": ("login/forgot_sent.html", {"main_address": True}),
    "reset": ("login/reset.html", {"token": "a-token-of-a-link"}),
    "reset-ended": ("login/reset_ended.html", {"by_mail": True}),
    "reset-ended-without-mail": ("login/reset_ended.html", {"by_mail": False}),
    "recovery-codes": ("login/recovery_codes.html", {"who": ANNA, "codes": CODES}),
    "recovery-codes-refused": (
        "login/recovery_codes.html",
        {"who": ANNA, "codes": CODES, "errors": {"saved": "Save the codes, then tick the box."}},
    ),
    "notice": ("login/notice.html", {"who": ANNA, "expires_at": NOW + 5 * DAY}),
    "sign-out": ("sign_out.html", {"who": ANNA}),
    "signed-out": ("signed_out.html", {}),
    "account": ("account/overview.html", ACCOUNT),
    "account-refused": (
        "account/overview.html",
        ACCOUNT | {"authenticators": [], "errors": {"current_password": "This is not your password."}},
    ),
    "account-warnings": (
        "account/overview.html",
        ACCOUNT
        | {
            "password": {"changed_at": 0.0, "expires_at": NOW + DAY, "days_left": 1},
            "recovery_codes": {"left": 1, "few": 3, "unsaved": False},
            "recovery_address": {"address": "anna@home.example", "confirmed": False},
            "devices": [],
            "language": None,
            "more_activity": False,
        },
    ),
    "account-activity": (
        "account/activity.html",
        {"menu": [], "actor": ANNA, "activity": ACCOUNT["activity"], "next_cursor": "abc", "first": False},
    ),
    "account-authenticator": ("account/authenticator.html", OWN_AUTHENTICATOR),
    "account-authenticator-refused": (
        "account/authenticator.html",
        OWN_AUTHENTICATOR
        | {"first": False, "ask_enrolment_code": True, "errors": {"name": "Enter a name.", "code": "Not right."}},
    ),
    "account-recovery-codes": ("account/recovery_codes.html", {"actor": ANNA, "codes": CODES}),
    "account-asked": ("account/ask.html", ASKED),
    "recovery-address": (
        "account/recovery_address.html",
        {"actor": ANNA, "values": {"recovery_email": "anna"}, "errors": {"recovery_email": "This is no address."}},
    ),
    "recovery-address-confirm": (
        "account/recovery_address_confirm.html",
        {"token": "a-token", "user": User(ANNA, NOW, recovery_email="anna@home.example")},
    ),
    "recovery-address-confirmed": ("account/recovery_address_confirmed.html", {"address": "anna@home.example"}),
    "recovery-address-ended": ("account/recovery_address_ended.html", {}),
    "account-rename": (
        "account/rename.html",
        {
            "actor": ANNA,
            "old_name": N_("Authenticator app"),
            "values": {"name": "Work"},
            "errors": {"name": "Taken."},
            "most": 60,
            "action": f"{PREFIX}/account/authenticators/1/rename",
        },
    ),
    "account-code": (
        "account/code.html",
        {"actor": ANNA, "errors": {"code": "Not right."}, "action": f"{PREFIX}/account/authenticators"},
    ),
    "error": ("error.html", {"shown": ERROR}),
    "error-with-action": (
        "error.html",
        {"shown": replace(ERROR, status=503, title="Back in a moment", action=WayOn("/", N_("Try again")))},
    ),
    "frame": ("frame.html", {"login_url": "/gatekeeper/login?next=/mail/"}),
    "resend": ("resend.html", {"login_url": "/gatekeeper/login?next=/mail/"}),
}
NAMES = sorted(PAGES)


def renderer(branding: Branding = BRANDING, override: Path | None = None) -> Renderer:
    return Renderer(branding, PREFIX, override)


def render(name: str, by: Renderer) -> str:
    """One of the pages as HTML, on the way to ``/mail/?folder=a&b``."""
    template, context = PAGES[name]
    return by.page(template, csrf_token="a-token", next="/mail/?folder=a&b", **context)
