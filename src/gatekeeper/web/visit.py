"""One request of a sign-in: the browser's place in it, and how it goes on from there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gatekeeper.crypto.tokens import new_token
from gatekeeper.domain.errors import Unavailable
from gatekeeper.domain.login import owed
from gatekeeper.domain.model import Step
from gatekeeper.domain.wording import N_
from gatekeeper.flows import sign_in
from gatekeeper.flows.standing import CHANGED, CODES, EXPIRED, AttemptEnded, stand
from gatekeeper.manners import csrf
from gatekeeper.manners.acting import session_of
from gatekeeper.manners.client import client_of
from gatekeeper.manners.cookies import LoginCookie
from gatekeeper.manners.destinations import NEXT
from gatekeeper.manners.forms import read_form
from gatekeeper.manners.keys import CLOCK, COOKIES, DESTINATIONS, SERVICES
from gatekeeper.manners.reader import speak_to
from gatekeeper.web.pages import page, see_other

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from gatekeeper.domain.model import Client, Session
    from gatekeeper.flows.services import Services
    from gatekeeper.flows.standing import Standing

ADDRESSES = {
    Step.PASSWORD: "/login",
    Step.CODE: "/login/code",
    Step.NEW_PASSWORD: "/login/password",
    Step.ENROL: "/login/enrol",
    Step.RECOVERY_CODES: "/login/recovery-codes",
    Step.NOTICE: "/login/notice",
}

NOTES = {
    EXPIRED: N_("Your sign-in took too long and has ended. Please begin again."),
    CODES: N_("Too many codes were wrong. Please begin again with your password."),
    CHANGED: N_("Your password has been changed. Please sign in with the new one."),
    "confirm": N_("Please confirm that it is you before you go on."),
    "stale": N_("This page was open for too long, so nothing was sent. Please try once more."),
}


@dataclass(frozen=True, slots=True)
class Visit:
    """A request to one of the pages of signing in. ``fields`` is its form, empty for a ``GET``."""

    request: web.Request
    services: Services
    client: Client
    now: float
    following: str
    login: LoginCookie
    fields: Mapping[str, str] = field(default_factory=dict)

    async def standing(self) -> Standing:
        """Where the attempt of this browser stands.

        Raises:
            AttemptEnded: it has none, or none that is worth anything.
        """
        if not self.login.token:
            raise AttemptEnded
        standing = await stand(self.services, self.login.token, self.now)
        speak_to(self.request, standing.user.facts)
        return standing

    async def settled(self) -> bool:
        """Whether somebody is known to be signed in here who owes nothing for the place that they want to go to."""
        try:
            session = await session_of(self.request)
        except Unavailable:
            return False
        return session is not None and not self.owes(session)

    def owes(self, session: Session) -> bool:
        """Whether a session must go through a step before it opens the place that is wanted."""
        policy = self.services.node.policies.password
        step = owed(session.owner, policy, self.now, two_factor_applies=session.two_factor_applies)
        return step is not None or (self.wants_code and not session.second_factor)

    @property
    def wants_code(self) -> bool:
        """Whether the place that is wanted asks for a code in the session."""
        return self.request.app[DESTINATIONS].wants_second_factor(self.request.host, self.following)

    @property
    def is_ours(self) -> bool:
        """Whether the form was sent by a page of ours, in this browser."""
        token = self.fields.get(csrf.FIELD, "")
        return csrf.is_same_origin(self.request) and csrf.is_login_token(self.services.signer, token, self.login.nonce)

    def without_attempt(self) -> Visit:
        """The same visit from the first step on."""
        return replace(self, login=replace(self.login, token=""))

    def show(self, name: str, status: int = 200, *, note: str = "", **context: object) -> web.Response:
        """A page of signing in, with its token, and a sentence at the top where there is one to say."""
        response = page(
            self.request,
            name,
            status,
            following=self.following,
            csrf_token=csrf.login_token(self.services.signer, self.login.nonce),
            notice={"kind": "info", "text": NOTES[note]} if note in NOTES else None,
            **context,
        )
        self.request.app[COOKIES].set_login(response, replace(self.login, note=""))
        return response

    def to(self, path: str, *, token: str, note: str = "", query: str = "") -> web.Response:
        """On to another page of signing in, with the attempt's token, and perhaps something for that page to say."""
        address = self.request.app[DESTINATIONS].own(path, self.following)
        response = see_other(f"{address}{'&' if '?' in address else '?'}{query}" if query else address)
        self.request.app[COOKIES].set_login(response, LoginCookie(self.login.nonce, token, note))
        return response

    async def restart(self, reason: str) -> web.Response:
        """Back to the first step, which sends on whoever is signed in meanwhile."""
        note = reason if self.login.token and not await self.settled() else ""
        return self.to(ADDRESSES[Step.PASSWORD], token="", note=note)

    async def onward(self, standing: Standing, token: str = "", *, then: str | None = None) -> web.Response:
        """To the step that comes next; after the last one into the session, and on to where the person wanted to go.

        Args:
            standing: where the attempt stands.
            token: of a new attempt; the browser's own otherwise.
            then: where to go in the end instead.
        """
        if standing.step is not Step.DONE:
            return self.to(ADDRESSES[standing.step], token=token or self.login.token)
        try:
            done = await sign_in.finish(self.services, standing, self.client, self.now)
        except AttemptEnded as ended:
            return await self.restart(ended.reason)
        response = see_other(then or self.following)
        cookies = self.request.app[COOKIES]
        cookies.set_session(response, done.token)
        cookies.set_device(response, done.device)
        cookies.set_login(response, LoginCookie(self.login.nonce))
        return response


async def arrive(request: web.Request) -> Visit:
    """Read a request to one of the pages of signing in."""
    fields: Mapping[str, str] = await read_form(request) if request.method == "POST" else {}
    return Visit(
        request=request,
        services=request.app[SERVICES],
        client=client_of(request),
        now=request.app[CLOCK](),
        following=request.app[DESTINATIONS].next_of(fields if NEXT in fields else request.query),
        login=request.app[COOKIES].login(request) or LoginCookie(new_token()),
        fields=fields,
    )
