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
from gatekeeper.manners.problems import NAMESPACE, TYPE

if TYPE_CHECKING:
    from gatekeeper.edge.head import Fault, Request

RETRY_AFTER = 2
SAFE_METHODS = frozenset({b"GET", b"HEAD"})
_FRAMES = frozenset({b"iframe", b"frame"})

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
)

TITLES = {
    400: ("This request cannot be read", "bad-request"),
    401: ("Sign in to go on", "sign-in"),
    403: ("You may not open this", "forbidden"),
    404: ("There is nothing here", "not-found"),
    405: ("This is not possible", "method-not-allowed"),
    408: ("The request took too long", "timeout"),
    417: ("This expectation cannot be met", "expectation"),
    421: ("This host is not served here", "misdirected"),
    431: ("The request is too large", "head-too-large"),
    500: ("Something went wrong", "internal"),
    502: ("The service cannot be reached", "bad-gateway"),
    503: ("Not available at the moment", "unavailable"),
    504: ("The service takes too long", "gateway-timeout"),
    505: ("This version of HTTP is not spoken here", "version"),
}

TEXTS = {
    400: "Something in its address or its headers is malformed. Check the address, or go back and try again.",
    404: "No part of this site has this address. Check it, or go back to where you came from.",
    421: "Check the address: this server answers under other names.",
    431: (
        "Your browser sent more cookies or a longer address than can be taken. Delete the cookies of this site in "
        "your browser's settings, then open it again."
    ),
    502: "The service behind this page does not answer properly. Try again in a moment.",
    503: "Try again in a few seconds. Nothing is lost, and nobody is signed out.",
    504: "The service behind this page did not answer in time. Try again in a moment.",
}

_OWED = {
    Step.NEW_PASSWORD: ("password-expired", "A new password is due before anything else opens."),
    Step.ENROL: ("second-factor", "Two-step verification has to be set up before anything else opens."),
    Step.CODE: ("second-factor", "This part asks for a code from your authenticator app."),
}


class Pages(Protocol):
    """Writes the pages that the edge itself shows."""

    def error(self, status: int, title: str, text: str, request_id: str) -> bytes:
        """Something failed, or is not permitted."""

    def frame(self, login_url: str) -> bytes:
        """Shown inside a frame: its one link opens sign-in in the whole window."""

    def resend(self, login_url: str) -> bytes:
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
        navigates = is_navigation(request)
        framed = request.get(b"secfetchdest") in _FRAMES
        if request.method in SAFE_METHODS:
            if framed:
                url = login_location(self._prefix, self._page_of(request) or target)
                return _page(401, self._pages.frame(url), framed=True)
            if navigates:
                location = login_location(self._prefix, target)
                return Answer(302, f"Location: {location}\r\nCache-Control: no-store\r\n".encode(), b"")
        elif navigates or framed:
            url = login_location(self._prefix, b"/")
            return _page(401, self._pages.resend(url), framed=framed)
        url = login_location(self._prefix, self._page_of(request) or b"/")
        return _problem(401, kind, TITLES[401][0], detail, login_url=url)

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
        title, kind = TITLES[status]
        headers = f"Retry-After: {RETRY_AFTER}\r\n".encode() if status == HTTPStatus.SERVICE_UNAVAILABLE else b""
        headers += b"Allow: GET, HEAD, POST\r\n" if status == HTTPStatus.METHOD_NOT_ALLOWED else b""
        if request is not None and (is_navigation(request) or status == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE):
            shown = detail if status == HTTPStatus.FORBIDDEN else TEXTS.get(status, detail)
            return _page(status, self._pages.error(status, title, shown, request_id), headers, closes=closes)
        return _problem(status, kind, title, detail, headers, closes=closes, request_id=request_id)

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


def _page(status: int, body: bytes, headers: bytes = b"", *, framed: bool = False, closes: bool = False) -> Answer:
    policy = _POLICY.format(ancestors="'self'" if framed else "'none'")
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
