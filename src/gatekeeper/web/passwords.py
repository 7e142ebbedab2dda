"""The pages about a password within a sign-in: the mandatory change, and the notice that one is near."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatekeeper.domain.login import password_expires_at, password_owed
from gatekeeper.domain.model import Step
from gatekeeper.domain.passwords import RULES
from gatekeeper.flows import new_password
from gatekeeper.flows import standing as standings
from gatekeeper.web.steps import StepPage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatekeeper.domain.model import PasswordPolicy
    from gatekeeper.flows.standing import Standing
    from gatekeeper.web.visit import Visit


def rules_of(policy: PasswordPolicy) -> list[dict[str, str]]:
    """The rules of the level in force, as the page lists them."""
    return [{"id": rule.code, "text": rule.text} for rule in RULES[policy.strength]]


def typed_of(fields: Mapping[str, str]) -> new_password.Typed:
    """What was typed into a form that changes a password."""
    names = ("current_password", "new_password", "new_password_again")
    return new_password.Typed(*(fields.get(name, "") for name in names))


class NewPasswordPage(StepPage):
    """``/login/password``: the mandatory change."""

    step = Step.NEW_PASSWORD
    template = "login/password.html"

    async def context(self, visit: Visit, standing: Standing) -> dict[str, object]:
        """Why it is asked for, and what it must be."""
        policy = standing.policies.password
        return {
            "reason": _reason(standing, visit.now),
            "rules": rules_of(policy),
            "ask_current": standing.ask_current,
        }

    async def take(self, visit: Visit, standing: Standing) -> None:
        """Set it; or leave it for later where it is not due yet."""
        if standing.attempt.change_wanted and visit.fields.get("choice") == "later":
            await standings.change_later(visit.services, standing)
            return
        await new_password.change_in_attempt(visit.services, standing, typed_of(visit.fields), visit.client, visit.now)


def _reason(standing: Standing, now: float) -> dict[str, object]:
    """Why a new password is asked for, and the day on which the old one expired or does."""
    facts, policy = standing.user.facts, standing.policies.password
    expires_at = password_expires_at(facts, policy)
    if standing.by_link:
        return {"kind": "link", "at": None}
    if expires_at is not None and expires_at <= now:
        return {"kind": "expired", "at": expires_at}
    if not password_owed(facts, policy, now):
        return {"kind": "soon", "at": expires_at}
    return {"kind": "demanded", "at": None}


class NoticePage(StepPage):
    """``/login/notice``: the password expires soon; change it now, or later."""

    step = Step.NOTICE
    template = "login/notice.html"

    async def context(self, visit: Visit, standing: Standing) -> dict[str, object]:  # noqa: ARG002
        """When it expires."""
        return {"expires_at": password_expires_at(standing.user.facts, standing.policies.password)}

    async def take(self, visit: Visit, standing: Standing) -> None:
        """Note that it was read; who wants to change it now is led to that next."""
        change = visit.fields.get("choice") == "change"
        await standings.notice_seen(visit.services, standing, visit.now, change=change)
