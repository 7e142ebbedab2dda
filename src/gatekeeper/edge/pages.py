"""The pages that the edge shows itself, through the same templates as every other page."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from gatekeeper.manners.failures import Shown
    from gatekeeper.manners.render import Renderer

_SHEETS = ("alone.css", "gatekeeper.css", "brand.css")


class RenderedPages:
    """Error, frame and resend pages, each in the language that the browser asks for.

    Args:
        renderer: of all pages.

    Attributes:
        alone_style: the source of the style of a page that stands alone, for its ``Content-Security-Policy``.
    """

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        sheet = "".join(renderer.files.text(name) for name in _SHEETS)
        digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
        self._sheet = Markup(sheet)  # noqa: S704 - our own stylesheets, or the operator's
        self.alone_style = f"'sha256-{digest}'"

    def error(self, shown: Shown, wishes: str) -> bytes:
        """Something failed, or is not permitted."""
        return self._page("error.html", wishes, shown=shown)

    def alone(self, shown: Shown, wishes: str) -> bytes:
        """The same for a browser that can load nothing more from here: its styles are in the page."""
        return self._page("alone.html", wishes, shown=shown, sheet=self._sheet)

    def frame(self, login_url: str, wishes: str) -> bytes:
        """Shown inside a frame: its one link opens sign-in in the whole window."""
        return self._page("frame.html", wishes, login_url=login_url)

    def resend(self, login_url: str, wishes: str) -> bytes:
        """Shown to who sent a form: what was sent is not lost."""
        return self._page("resend.html", wishes, login_url=login_url)

    def _page(self, name: str, wishes: str, **context: object) -> bytes:
        lang = self._renderer.languages.chosen(None, wishes)
        return self._renderer.page(name, lang=lang, **context).encode()
