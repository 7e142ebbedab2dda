"""The pages that the edge shows itself, through the same templates as every other page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatekeeper.manners.render import Renderer


class RenderedPages:
    """Error, frame and resend pages.

    Args:
        renderer: of all pages.
    """

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def error(self, status: int, title: str, text: str, request_id: str) -> bytes:
        """Something failed, or is not permitted."""
        page = self._renderer.page(
            "error.html", status=status, title=title, text=text, request_id=request_id, action=None
        )
        return page.encode()

    def frame(self, login_url: str) -> bytes:
        """Shown inside a frame: its one link opens sign-in in the whole window."""
        return self._renderer.page("frame.html", login_url=login_url).encode()

    def resend(self, login_url: str) -> bytes:
        """Shown to who sent a form: what was sent is not lost."""
        return self._renderer.page("resend.html", login_url=login_url).encode()
