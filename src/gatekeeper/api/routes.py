"""From a request to a call and back: who asks, may they, what did they send, and what came of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from gatekeeper.api import faults
from gatekeeper.api.asking import actor_of, refuse_forged
from gatekeeper.api.endpoints import Call, Endpoint, Reply
from gatekeeper.api.openapi import document
from gatekeeper.api.reading import body_of, query_of
from gatekeeper.api.table import ENDPOINTS
from gatekeeper.domain.errors import GatekeeperError, LastHolder
from gatekeeper.flows import audit
from gatekeeper.flows.acting import Forbidden, require
from gatekeeper.manners.cookies import Cookies
from gatekeeper.manners.keys import CLOCK, COOKIES, SERVICES
from gatekeeper.manners.problems import problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gatekeeper.flows.acting import Actor
    from gatekeeper.flows.services import Services

log = structlog.get_logger()

BASE = "/api/v1"


def setup(app: web.Application, services: Services, clock: Callable[[], float] = time.time) -> None:
    """Add the API's addresses to the application.

    Args:
        app: the application; what the pages put into it under the shared keys is left as it is.
        services: what the flows need.
        clock: seconds since the epoch.
    """
    if SERVICES not in app:
        app[SERVICES] = services
    if CLOCK not in app:
        app[CLOCK] = clock
    if COOKIES not in app:
        app[COOKIES] = Cookies(services.config.server.public_url, services.signer)
    prefix = services.config.server.prefix.rstrip("/")
    base = prefix + BASE
    description = document(base)

    async def describe(_request: web.Request) -> web.Response:
        return web.json_response(description, headers={"Cache-Control": "no-cache"})

    app.router.add_get(f"{base}/openapi.json", describe)
    for endpoint in ENDPOINTS:
        handler = _handler(endpoint, f"{prefix}/login")
        if endpoint.method == "GET":
            app.router.add_get(base + endpoint.path, handler)
        else:
            app.router.add_route(endpoint.method, base + endpoint.path, handler)
    app.router.add_route("*", base + "/{rest:.*}", _nothing_here(base))


def _handler(endpoint: Endpoint, login_url: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        services, now = request.app[SERVICES], request.app[CLOCK]()
        try:
            return await _answer(endpoint, request, services, now, login_url)
        except GatekeeperError as error:
            versioned = endpoint.versioned and endpoint.changes
            return await faults.answer_to(error, services, login_url=login_url, versioned=versioned)

    async def guard(request: web.Request) -> web.StreamResponse:
        try:
            return await handle(request)
        except web.HTTPException as error:
            return problem(error.status, "http", error.reason)
        except GatekeeperError as error:
            return await faults.answer_to(error, request.app[SERVICES], login_url=login_url)
        except Exception:  # any fault of ours is an answer that says nothing of it
            log.exception("api.failed", call=f"{endpoint.method} {endpoint.path}")
            return faults.internal()

    return guard


async def _answer(
    endpoint: Endpoint, request: web.Request, services: Services, now: float, login_url: str
) -> web.StreamResponse:
    actor = await actor_of(request, services, now)
    if endpoint.changes:
        refuse_forged(request, services, actor)
    try:
        require(actor, *endpoint.any_of)
        if endpoint.grave and not actor.proved_recently(now):
            return faults.recent_proof(login_url)
        call = Call(
            services=services,
            actor=actor,
            now=now,
            request=request,
            path=dict(request.match_info),
            query=query_of(endpoint, request),
            body=await body_of(endpoint, request),
        )
        reply = await endpoint.handler(call)
    except (Forbidden, LastHolder) as error:
        if endpoint.changes:
            await _record(services, actor, request, error, now)
        raise
    return _written(endpoint, reply) if isinstance(reply, Reply) else reply


async def _record(services: Services, actor: Actor, request: web.Request, error: GatekeeperError, now: float) -> None:
    """A change that was refused is in the log too."""
    call = f"{request.method} {request.path}"
    await audit.record_refusal(services, actor, "api.change", now, {"call": call, "reason": str(error)})


def _written(endpoint: Endpoint, reply: Reply) -> web.Response:
    headers = {"Cache-Control": "no-store", **reply.headers}
    if reply.value is None:
        return web.Response(status=endpoint.status, headers=headers)
    text = reply.value.model_dump_json(by_alias=True, exclude_none=endpoint.versioned)
    return web.Response(text=text, status=endpoint.status, headers=headers, content_type=endpoint.answer_type)


def _nothing_here(base: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        path = request.path.removeprefix(base)
        methods = sorted({endpoint.method for endpoint in ENDPOINTS if _matches(endpoint.path, path)})
        if not methods:
            return problem(404, "not-found", "Not found", "The API has nothing at this address.")
        response = problem(405, "method", "Not by this method", f"This address takes {', '.join(methods)}.")
        response.headers["Allow"] = ", ".join(methods)
        return response

    return handle


def _matches(template: str, path: str) -> bool:
    wanted, found = template.split("/"), path.split("/")
    pairs = zip(wanted, found, strict=False)
    return len(wanted) == len(found) and all(part == there or part.startswith("{") for part, there in pairs)
