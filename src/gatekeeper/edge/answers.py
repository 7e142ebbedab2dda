"""What a request gets that is not passed on: redirects, pages, problems. Here alone a verdict becomes bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from gatekeeper.domain.access import Forbid, Owes, SignIn, Verdict
from gatekeeper.domain.model import Step
from gatekeeper.domain.redirects import login_location, safe_next
from gatekeeper.edge.workers import STAND_ASIDE
from gatekeeper.manners.failures import FAILURES, Shown, way_on
from gatekeeper.manners.policy import content_security_policy
from gatekeeper.manners.problems import NAMESPACE, TYPE

if TYPE_CHECKING:
    from gatekeeper.edge.faults import Fault
    from gatekeeper.edge.head import Request

RETRY_AFTER = 2
SAFE_METHODS = frozenset({b"GET", b"HEAD"})
_FRAMES = frozenset({b"iframe", b"frame"})
_ALONE = frozenset({421, 431})
"""Whoever gets these gets the same for every stylesheet: the page has to bring its own."""

_OWED = {
    Step.NEW_PASSWORD: ("password-expired", "A new password is due before anything else opens."),
    Step.ENROL: ("second-factor", "Two-step verification has to be set up before anything else opens."),
    Step.CODE: ("second-factor", "This part asks for a code from your authenticator app."),
}


class Pages(Protocol):
    """Writes the pages that the edge itself shows. ``wishes`` is ``Accept-Language`` as the browser sent it."""

    alone_style: str

    def error(self, shown: Shown, wishes: str) -> bytes:
        """Something failed, or is not permitted."""

    def alone(self, shown: Shown, wishes: str) -> bytes:
        """The same for a browser that can load nothing more from here; its style is from ``alone_style``."""

    def frame(self, login_url: str, wishes: str) -> bytes:
        """Shown inside a frame: its one link opens sign-in in the whole window."""

    def resend(self, login_url: str, wishes: str) -> bytes:
        """Shown to who sent a form: what was sent is not lost."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of our own. ``headers`` are lines with their CRLF; ``closes`` says that the connection ends with it."""

    status: int
    headers: bytes
    body: bytes
    closes: bool = False

    def encode(self, *, head_only: bool, connection: bytes) -> bytes:
        """The whole of it as it goes out.

        Args:
            head_only: whether it answers a ``HEAD``.
            connection: a ``Connection`` line with its CRLF, or nothing.
        """
        phrase = HTTPStatus(self.status).phrase
        head = f"HTTP/1.1 {self.status} {phrase}\r\nContent-Length: {len(self.body)}\r\n".encode()
        return b"".join((head, self.headers, connection, b"\r\n", b"" if head_only else self.body))


class Answers:
    """Writes answers in the manner of whoever asks: a browser gets a page, a script a problem that it can read.

    Args:
        pages: writes the pages.
        prefix: of our own pages.
    """

    def __init__(self, pages: Pages, prefix: str) -> None:
        self._pages = pages
        self._prefix = prefix

    def refusal(self, verdict: Verdict, request: Request, target: bytes, request_id: str) -> Answer:
        """What a verdict other than ``Allow`` gets (contract: *What a refused request gets*).

        Args:
            verdict: the verdict.
            request: its head.
            target: path and query as sent.
            request_id: shown on pages.
        """
        if isinstance(verdict, SignIn):
            return self._owing(request, target, "sign-in", "You are not signed in, or no longer.")
        if isinstance(verdict, Owes):
            kind, detail = _OWED.get(verdict.step, _OWED[Step.CODE])
            return self._owing(request, target, kind, detail)
        reason = verdict.reason if isinstance(verdict, Forbid) else "This is not permitted."
        return self.error(403, request, request_id, reason)

    def _owing(self, request: Request, target: bytes, kind: str, detail: str) -> Answer:
        if request.service_worker:
            return Answer(200, _WORKER, STAND_ASIDE)
        navigates = is_navigation(request)
        framed = request.get(b"secfetchdest") in _FRAMES
        if request.method in SAFE_METHODS:
            if framed:
                url = login_location(self._prefix, self._page_of(request) or target)
                return _page(401, self._pages.frame(url, _wishes(request)), _FRAMED)
            if navigates:
                location = login_location(self._prefix, target)
                return Answer(302, f"Location: {location}\r\nCache-Control: no-store\r\n".encode(), b"")
        elif navigates or framed:
            url = login_location(self._prefix, b"/")
            return _page(401, self._pages.resend(url, _wishes(request)), _FRAMED if framed else _POLICY)
        url = login_location(self._prefix, self._page_of(request) or b"/")
        return _problem(401, kind, FAILURES[401].title, detail, login_url=url)

    def error(
        self, status: int, request: Request | None, request_id: str, detail: str = "", *, closes: bool = False
    ) -> Answer:
        """An error: a page for a browser that navigates, a problem for everybody else.

        Args:
            status: the HTTP status.
            request: the head, where there is one that could be read.
            request_id: shown on the page.
            detail: what happened; a page shows it under 403, and its own sentence otherwise.
            closes: whether the connection ends with it.
        """
        what = FAILURES[status]
        headers = f"Retry-After: {RETRY_AFTER}\r\n".encode() if status == HTTPStatus.SERVICE_UNAVAILABLE else b""
        headers += b"Allow: GET, HEAD, POST\r\n" if status == HTTPStatus.METHOD_NOT_ALLOWED else b""
        if request is None or not (is_navigation(request) or status == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE):
            return _problem(status, what.kind, what.title, detail, headers, closes=closes, request_id=request_id)
        action = way_on(status, request.method.decode("latin-1"), request.target.decode("latin-1"))
        text = detail if detail and status == HTTPStatus.FORBIDDEN else what.text
        shown = Shown(status, what.title, text, request_id, action)
        if status in _ALONE:
            policy = content_security_policy(style=self._pages.alone_style)
            return _page(status, self._pages.alone(shown, _wishes(request)), policy, headers, closes=closes)
        return _page(status, self._pages.error(shown, _wishes(request)), _POLICY, headers, closes=closes)

    def fault(self, fault: Fault, request: Request | None, request_id: str) -> Answer:
        """What could not be judged: refused, and the connection closed."""
        return self.error(fault.status, request, request_id, fault.reason, closes=True)

    @staticmethod
    def _page_of(request: Request) -> bytes | None:
        """The page that a script or a frame belongs to, if it is on the very host that was asked."""
        sent = request.get(b"referer")
        if sent is None or request.host is None:
            return None
        try:
            parts = urlsplit(sent.decode("ascii"))
        except ValueError:
            return None
        if parts.netloc.lower() != request.host.decode("ascii", "replace").lower():
            return None
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return safe_next(path).encode()


def is_navigation(request: Request) -> bool:
    """Whether a browser shows the answer to a person: it says so, or asks for HTML."""
    if request.get(b"secfetchmode") == b"navigate":
        return True
    return b"text/html" in (request.get(b"accept") or b"").lower()


def _wishes(request: Request) -> str:
    return (request.get(b"acceptlanguage") or b"").decode("latin-1")


_WORKER = b"Content-Type: text/javascript\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
_POLICY = content_security_policy()
_FRAMED = content_security_policy(ancestors="'self'")


def _page(status: int, body: bytes, policy: str, headers: bytes = b"", *, closes: bool = False) -> Answer:
    lines = (
        f"Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nContent-Security-Policy: {policy}\r\n"
        "X-Content-Type-Options: nosniff\r\nReferrer-Policy: same-origin\r\n"
    )
    return Answer(status, lines.encode() + headers, body, closes)


def _problem(
    status: int, kind: str, title: str, detail: str, headers: bytes = b"", *, closes: bool = False, **members: object
) -> Answer:
    body: dict[str, object] = {"type": f"{NAMESPACE}#{kind}", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    lines = f"Content-Type: {TYPE}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
    return Answer(status, lines.encode() + headers, json.dumps({**body, **members}).encode(), closes)
