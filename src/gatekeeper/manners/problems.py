"""Refusals for programs: problem details (RFC 9457)."""

from __future__ import annotations

from aiohttp import web

TYPE = "application/problem+json"
NAMESPACE = "urn:gatekeeper:problem"
"""A problem's ``type`` is this and ``#`` with a word that programs go by: ``#sign-in``, ``#forbidden`` …"""


def problem(status: int, kind: str, title: str, detail: str = "", **members: object) -> web.Response:
    """A refusal as ``application/problem+json``.

    Args:
        status: the HTTP status.
        kind: the word at the end of ``type``.
        title: the same for every refusal of this kind.
        detail: what happened here, and what to do.
        members: more members (RFC 9457 §3.2), such as ``login_url`` or ``errors``.
    """
    body: dict[str, object] = {"type": f"{NAMESPACE}#{kind}", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    response = web.json_response({**body, **members}, status=status, content_type=TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response
