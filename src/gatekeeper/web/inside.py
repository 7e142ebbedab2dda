"""Pages of somebody who is signed in: one value says what a page is, and the router and the matrix of permissions are
made from it.

A :class:`Door` says which address is answered by what, and who may come in; ``web.guard`` stands at it. What a handler
gets is a :class:`Turn`: a request that was let in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gatekeeper.domain.wording import together
from gatekeeper.manners import csrf
from gatekeeper.manners.client import client_of
from gatekeeper.manners.forms import Form
from gatekeeper.manners.keys import DESTINATIONS, SERVICES
from gatekeeper.manners.scratch import said, say
from gatekeeper.web.menu import menu_of
from gatekeeper.web.pages import page, see_other

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aiohttp import web

    from gatekeeper.domain.model import Client, Permission, Session
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services

READING = frozenset({"GET", "HEAD"})
LOST = "secrets_lost"
"""The field that says that a form once held secrets, which the guard did not keep while it asked for something."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A request of somebody who is signed in, owes nothing, and may ask for it. ``form`` is empty for a ``GET``."""

    request: web.Request
    actor: Actor
    session: Session
    now: float
    form: Form = field(default_factory=Form)

    @property
    def services(self) -> Services:
        """What the flows need."""
        return self.request.app[SERVICES]

    @property
    def client(self) -> Client:
        """The browser that asks."""
        return client_of(self.request)

    @property
    def path(self) -> Mapping[str, str]:
        """The parts of the address that the door leaves open, such as ``id``."""
        return self.request.match_info

    @property
    def query(self) -> Mapping[str, str]:
        """The query of the address; of a name that comes twice the first value."""
        return self.request.query

    @property
    def lost(self) -> bool:
        """Whether what was sent held passwords or codes that were not kept on the way: they must be asked for again."""
        return LOST in self.form

    def address(self, path: str) -> str:
        """An address of ours, from its path below the prefix."""
        return self.request.app[DESTINATIONS].own(path)

    async def page(self, name: str, status: int = 200, *, following: str = "/", **context: object) -> web.Response:
        """A page with what all pages inside have: the menu, the form token, and the lines to say once.

        Args:
            name: the template.
            status: the HTTP status.
            following: where its form leads in the end.
            context: what the template shows besides; a ``notice`` given here goes before a line to say.
        """
        return await inside_page(self.request, self.actor, name, status, following=following, **context)

    async def done(self, line: str, path: str) -> web.Response:
        """Back to a page (303), which says in one line what was done."""
        await say(self.request, line)
        return see_other(self.address(path))


async def inside_page(
    request: web.Request, actor: Actor, name: str, status: int = 200, *, following: str = "/", **context: object
) -> web.Response:
    """As :meth:`Turn.page`, for the guard, which may refuse before there is a turn."""
    if actor.session is None:
        raise AssertionError("pages are shown to people in a session")
    shown = dict(context)
    if shown.get("notice") is None:
        lines = await said(request)
        shown["notice"] = {"kind": "info", "text": together(lines)} if lines else None
    return page(
        request,
        name,
        status,
        following=following,
        csrf_token=csrf.session_token(request.app[SERVICES].signer, actor.session),
        menu=menu_of(request, actor.permissions),
        actor=actor.user,
        **shown,
    )


@dataclass(frozen=True, slots=True)
class Door:
    """One address inside, by one method.

    Attributes:
        method: ``GET`` or ``POST``.
        path: below the prefix, such as ``/admin/users/{id}``.
        handler: answers what the guard has let in.
        any_of: the permissions any of which opens it; empty: whoever is signed in, for what is their own.
        grave: a change that needs a proof of the last ten minutes; the guard asks for the password, and goes on.
        shown_at: where a ``POST`` is shown again from, if that is not its own path; named for who must sign in first.
        most_fields, largest: what its form may hold, in fields and in bytes.
        takes_file: its form may carry a file. It cannot be kept while something else is asked, so such a door is never
            a grave one, and names in ``shown_at`` where the file is chosen.
    """

    method: str
    path: str
    handler: Callable[[Turn], Awaitable[web.StreamResponse]]
    any_of: tuple[Permission, ...]
    grave: bool = False
    shown_at: str = ""
    most_fields: int = 50
    largest: int = 64 * 1024
    takes_file: bool = False

    @property
    def changes(self) -> bool:
        """Whether it may change something."""
        return self.method not in READING
