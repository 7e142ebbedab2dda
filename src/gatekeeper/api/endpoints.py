"""What a call is: one value that the router, the OpenAPI description and the test of permissions are all made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gatekeeper.api.shapes import NoQuery

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aiohttp import web
    from pydantic import BaseModel

    from gatekeeper.api.shapes import Query
    from gatekeeper.domain.model import Permission
    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services

JSON = "application/json"
READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let in: who asks, what they sent (validated already), and the time."""

    services: Services
    actor: Actor
    now: float
    request: web.Request
    path: Mapping[str, str]
    query: Any
    body: Any


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call answers; ``value`` of ``None`` is an empty answer."""

    value: BaseModel | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call of the API.

    Attributes:
        method, path: as in the contract, the path under ``/api/v1``.
        handler: does it.
        summary: one line for people.
        any_of: the permissions any of which opens it; none: whoever is known.
        query: the model of the query string.
        body: the model of the body; ``None`` where there is none.
        answer: the model of the answer; ``None`` where it is empty or no JSON.
        status: the status when all is well.
        grave: a change that needs a recent proof where it comes by cookie.
        versioned: answers with an ``ETag``; a change needs ``If-Match``.
        body_type, answer_type: the media types.
        largest: bytes of a body.
    """

    method: str
    path: str
    handler: Callable[[Call], Awaitable[Reply | web.StreamResponse]]
    summary: str
    any_of: tuple[Permission, ...] = ()
    query: type[Query] = NoQuery
    body: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    status: int = 200
    grave: bool = False
    versioned: bool = False
    body_type: str = JSON
    answer_type: str = JSON
    largest: int = 1 << 20

    @property
    def changes(self) -> bool:
        """Whether it is called by a method that may change something."""
        return self.method not in READING

    @property
    def has_body(self) -> bool:
        """Whether a body is read."""
        return self.body is not None or self.body_type != JSON
