"""Forgotten passwords: somebody types a name, and its owner gets a link by mail.

Whoever asks is told the same at the same time, whosever the name is: while they wait, nobody looks. What they typed is
counted against the name and their address, sealed, and laid down (the same calls for every name); a node deals with it
afterwards, on its own time (:func:`answer`). A limit that is reached is not told either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from gatekeeper.crypto.secretbox import Damaged
from gatekeeper.crypto.tokens import new_id
from gatekeeper.domain import names
from gatekeeper.domain.errors import Refused
from gatekeeper.domain.model import Client
from gatekeeper.domain.wording import N_
from gatekeeper.flows import links, mails, throttling
from gatekeeper.flows.events import DONE, FAILED, event
from gatekeeper.flows.mails import MailKind
from gatekeeper.flows.throttling import Kind, Throttled
from gatekeeper.store.link_requests import LinkRequest
from gatekeeper.store.links import Purpose

if TYPE_CHECKING:
    from gatekeeper.domain.model import User
    from gatekeeper.flows.services import Services
    from gatekeeper.store.database import Tables

log = structlog.get_logger()

MOST_AT_ONCE = 3
"""Links sent to one person that are good at the same time; who asks for more has some to use."""

MOST_IN_A_ROW = 20
"""Requests dealt with at one look."""

_CONTEXT = "link-request"


async def ask(services: Services, username: str, client: Client, now: float) -> None:
    """Ask for a link to a new password for a name or address, as it was typed.

    Raises:
        Refused: the name is missing.
        Unavailable: a store does not answer.
    """
    name = names.canonical_name(username[: 2 * names.MAX_NAME].encode("utf-8", "replace").decode())
    if not name:
        raise Refused("name-missing", N_("Enter your user name or e-mail address."), "username")
    who = throttling.guesser(Kind.LINK, name, client.address, None)
    try:
        await throttling.check(services, who, now)
    except Throttled:
        return
    await throttling.failed(services, who, new_id(), now)
    sealed = services.box.seal(name, _CONTEXT)
    request = LinkRequest(sealed, client.address, client.request_id, client.wishes, now)
    async with services.database.transaction() as tables:
        await tables.link_requests.add(request)
    services.node.hurry()


async def answer(services: Services, now: float) -> None:
    """Deal with what was asked for: a link to each person whose it is and who may be reached.

    A few at a time, so that a flood of requests delays nothing else that a node has to do.

    Raises:
        Unavailable: PostgreSQL does not answer; what was not dealt with stays, until it is too old.
    """
    async with services.database.transaction() as tables:
        await tables.link_requests.purge(now - links.LIFETIME)
    for _ in range(MOST_IN_A_ROW):
        if not await _answer_one(services, now):
            return
    services.node.hurry()


async def _answer_one(services: Services, now: float) -> bool:
    async with services.database.transaction() as tables:
        request = await tables.link_requests.take()
        if request is None:
            return False
        try:
            name = services.box.open(request.sealed_name, _CONTEXT)
        except Damaged:
            log.warning("links.request_unreadable")
            return True
        user = await tables.users.by_login(name)
        address, why_not = await _where_to(services, tables, user, now)
        if user is not None and address is not None:
            link = await links.make(services, tables, user, now, address=address)
            await mails.enqueue(
                services,
                tables,
                MailKind.RESET_LINK,
                address,
                now,
                user=user,
                link=link,
                until=now + links.LIFETIME,
                wishes=request.wishes,
            )
        await tables.audit.add(
            event(
                "password.link-asked",
                now,
                Client(address=request.address, request_id=request.request_id),
                None if user is None else user.facts,
                outcome=DONE if address is not None else FAILED,
                details={"sent": address is not None} | ({"reason": why_not} if why_not else {}),
            )
        )
    return True


async def _where_to(services: Services, tables: Tables, user: User | None, now: float) -> tuple[str | None, str]:
    """Where a link is sent; or nowhere, and why."""
    if user is None:
        return None, "nobody has this name"
    if not user.facts.enabled:
        return None, "disabled"
    address = links.address_for(services, user)
    if address is None:
        return None, "no confirmed recovery address"
    if await tables.links.count(user.id, Purpose.RESET, now) >= MOST_AT_ONCE:
        return None, "enough links are under way"
    return address, ""
