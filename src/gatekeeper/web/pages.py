"""What every page has in common: its headers, and errors that are pages too."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from gatekeeper.domain.errors import Unavailable
from gatekeeper.manners.client import client_of
from gatekeeper.manners.destinations import Destinations
from gatekeeper.manners.failures import Shown, failure, way_on
from gatekeeper.manners.keys import RENDERER, SERVICES
from gatekeeper.manners.policy import content_security_policy
from gatekeeper.manners.reader import language_of
from gatekeeper.manners.zipping import zip_page
from gatekeeper.web.refusals import Errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.typedefs import Handler

log = structlog.get_logger()

RETRY_AFTER = "5"


def page(
    request: web.Request, name: str, status: int = 200, *, following: str = "/", **context: object
) -> web.Response:
    """A page of ours.

    Args:
        request: the one that is answered.
        name: the template, such as ``login/code.html``.
        status: the HTTP status.
        following: where its form leads in the end; if that is another host, the form may be redirected there.
        context: what the template shows.
    """
    response = _rendered(request, name, {"next": following, **context}, Destinations.origin_of(following))
    response.set_status(status)
    errors = context.get("errors")
    if isinstance(errors, Errors) and errors.wait is not None:
        response.headers["Retry-After"] = str(errors.wait)
    return response


def see_other(location: str) -> web.Response:
    """On to another address (303), in exactly the bytes given: the library's own class would write them anew."""
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": location})


def error_page(request: web.Request, status: int, headers: Mapping[str, str] | None = None) -> web.Response:
    """An error as a page."""
    what = failure(status)
    action = way_on(status, request.method, request.raw_path)
    shown = Shown(status, what.title, what.text, client_of(request).request_id, action)
    response = _rendered(request, "error.html", {"shown": shown})
    response.set_status(status)
    response.headers.update(headers or {})
    return response


def _rendered(
    request: web.Request, name: str, context: Mapping[str, object], leads_to: str | None = None
) -> web.Response:
    lang = language_of(request)
    text = request.app[RENDERER].page(name, lang=lang, **context)
    response = web.Response(text=text, content_type="text/html", charset="utf-8")
    response.headers["Content-Language"] = lang
    form = f"'self' {leads_to}" if leads_to else "'self'"
    response.headers["Content-Security-Policy"] = content_security_policy(form=form)
    return response


@web.middleware
async def pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors become pages, and every page gets its headers; calls of the API are left to the API."""
    if request.path.startswith(f"{request.app[SERVICES].config.server.prefix}/api/"):
        return await handler(request)
    response = await _answer(request, handler)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if response.content_type == "text/html" and isinstance(response, web.Response):
        zip_page(request, response)
    return response


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        allow = error.headers.get("Allow")
        return error_page(request, error.status, None if allow is None else {"Allow": allow})
    except Unavailable as error:
        log.warning("pages.unavailable", service=error.service, path=request.path)
        return error_page(request, HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": RETRY_AFTER})
    except Exception:
        log.exception("pages.unexpected", path=request.path)
    return error_page(request, HTTPStatus.INTERNAL_SERVER_ERROR)
