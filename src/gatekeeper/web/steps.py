"""What the later steps have in common: each recomputes where the person stands, and answers only if that is its own.

A page shows itself, or leads to the step that is due. A form is taken in turn with others of the same attempt, checked
for being ours, and then either refused, filled in again but for secrets, or followed by the next step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

from gatekeeper.domain.errors import Refused
from gatekeeper.flows.standing import AttemptEnded, stand
from gatekeeper.flows.throttling import Throttled
from gatekeeper.web.refusals import refusal_of
from gatekeeper.web.visit import arrive

if TYPE_CHECKING:
    from aiohttp import web

    from gatekeeper.domain.model import Step
    from gatekeeper.flows.standing import Standing
    from gatekeeper.web.visit import Visit


class StepPage(ABC):
    """One step after the password: a page and its form."""

    step: ClassVar[Step]
    template: ClassVar[str]

    @abstractmethod
    async def context(self, visit: Visit, standing: Standing) -> dict[str, object]:
        """What the page shows."""

    @abstractmethod
    async def take(self, visit: Visit, standing: Standing) -> str | None:
        """Do what the form asks for; may return where to go in the end instead.

        Raises:
            Refused: a rule says no.
            Throttled: too many failures lately.
            AttemptEnded: the attempt is over.
        """

    async def show(self, request: web.Request) -> web.StreamResponse:
        """``GET``: the page, or on to the step that is due."""
        visit = await arrive(request)
        try:
            standing = await visit.standing()
            if standing.step is not self.step:
                return await visit.onward(standing)
            return await self._page(visit, standing, note=visit.login.note)
        except AttemptEnded as ended:
            return await visit.restart(ended.reason)

    async def submit(self, request: web.Request) -> web.StreamResponse:
        """``POST``: the form, if this step is the one that is due."""
        visit = await arrive(request)
        try:
            standing = await visit.standing()
            async with visit.services.turns.take(f"attempt:{standing.attempt.id}"):
                return await self._submit(visit)
        except AttemptEnded as ended:
            return await visit.restart(ended.reason)

    async def _submit(self, visit: Visit) -> web.StreamResponse:
        standing = await visit.standing()
        if standing.step is not self.step:
            return await visit.onward(standing)
        if not visit.is_ours:
            return await self._page(visit, standing, HTTPStatus.FORBIDDEN, note="stale")
        try:
            then = await self.take(visit, standing)
        except (Refused, Throttled) as refused:
            status, errors = refusal_of(refused)
            standing = await visit.standing()
            return await self._page(visit, standing, status, errors=errors)
        return await visit.onward(await stand(visit.services, visit.login.token, visit.now), then=then)

    async def _page(
        self,
        visit: Visit,
        standing: Standing,
        status: int = HTTPStatus.OK,
        *,
        note: str = "",
        errors: dict[str, str] | None = None,
    ) -> web.Response:
        shown = await self.context(visit, standing)
        return visit.show(self.template, status, note=note, who=standing.user.facts, errors=errors or {}, **shown)
