"""The files that pages are made of: known beforehand, named by what is in them, and cached for a year.

All are read once, at the start. A file is served under ``<name>.<hash>.<ext>``, where the hash is of its content: such
an address never changes its meaning (``immutable``, RFC 8246). An address with another hash, from a page that an older
version rendered, gets the file as it is now, to be asked for again. Only names that were found at the start are served.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from aiohttp import web

from gatekeeper.manners import accent
from gatekeeper.manners.zipping import takes_gzip

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatekeeper.config import Branding
    from gatekeeper.manners.render import Renderer

DEFAULT_ACCENT = "#1f5fbf"
LOGO = "logo"
_YEAR = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_HASH_LENGTH = 12
_WORTH_ZIPPING = 512
_HASHED = re.compile(r"(.+)\.[0-9a-f]{12}(\.[^./]+)")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file in memory. ``zipped`` is the same as gzip, where that is smaller."""

    name: str
    hash: str
    content_type: str
    body: bytes
    zipped: bytes | None

    @property
    def hashed_name(self) -> str:
        """The name with the hash before its ending: ``gatekeeper.0123456789ab.css``."""
        path = PurePosixPath(self.name)
        return str(path.with_name(f"{path.stem}.{self.hash}{path.suffix}"))


class StaticFiles:
    """Every static file there is.

    Args:
        base: the path that their addresses begin with, without a slash at the end.
        folders: where they lie; of two with one name the one in the earlier folder counts.
        branding: whose logo and accent colour become files too (``logo`` and ``brand.css``).

    Raises:
        OSError: the logo cannot be read.
        ValueError: the accent is no colour.
    """

    def __init__(self, base: str, folders: Iterable[Path], branding: Branding) -> None:
        self.base = base
        found = dict(_read(folders))
        found.setdefault("brand.css", accent.stylesheet(branding.accent or DEFAULT_ACCENT).encode())
        self._urls: dict[str, str] = {}
        self._served: dict[str, StaticFile] = {}
        for name, body in found.items():
            self._add(name, _static_file(name, body))
        if branding.logo:
            path = Path(branding.logo)
            self._add(LOGO, _static_file(f"{LOGO}{path.suffix.lower()}", path.read_bytes()))

    def url(self, name: str) -> str:
        """The address of a file.

        Raises:
            KeyError: there is no such file.
        """
        return self._urls[name]

    def text(self, name: str) -> str:
        """What is in a file.

        Raises:
            KeyError: there is no such file.
        """
        return self._served[name].body.decode()

    def find(self, path: str) -> tuple[StaticFile, bool] | None:
        """The file at a path below the base, and whether the path says exactly this content.

        Args:
            path: such as ``gatekeeper.0123456789ab.css``, ``gatekeeper.css`` or the name with another hash.
        """
        exact = self._served.get(path)
        if exact is not None:
            return exact, path == exact.hashed_name
        older = _HASHED.fullmatch(path)
        now = self._served.get(f"{older[1]}{older[2]}") if older else None
        return None if now is None else (now, False)

    def _add(self, known_as: str, file: StaticFile) -> None:
        self._urls[known_as] = f"{self.base}/{file.hashed_name}"
        self._served[file.name] = self._served[file.hashed_name] = file


def setup(app: web.Application, prefix: str, renderer: Renderer) -> None:
    """Serves the static files of a renderer under ``{prefix}/static/``."""
    files = renderer.files

    async def serve(request: web.Request) -> web.Response:
        found = files.find(request.match_info["path"])
        if found is None:
            raise web.HTTPNotFound
        return answer(request, *found)

    app.router.add_get(f"{prefix}/static/{{path:.+}}", serve)


def answer(request: web.Request, file: StaticFile, exact: bool) -> web.Response:  # noqa: FBT001 - from ``find``
    """A file as an answer, or 304 where the browser has it (RFC 9110 §13.1.2, §15.4.5)."""
    zipped = file.zipped is not None and takes_gzip(request)
    tag = f"{file.hash}-gz" if zipped else file.hash
    headers = {
        "Cache-Control": _YEAR if exact else _ASK_AGAIN,
        "ETag": f'"{tag}"',
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    wanted = request.if_none_match or ()
    if any(etag.value in {tag, "*"} for etag in wanted):
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = file.content_type
    if zipped:
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=file.zipped if zipped else file.body, headers=headers)


def _read(folders: Iterable[Path]) -> Iterable[tuple[str, bytes]]:
    for folder in reversed(list(folders)):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix in _TYPES and not path.name.startswith("."):
                yield path.relative_to(folder).as_posix(), path.read_bytes()


def _static_file(name: str, body: bytes) -> StaticFile:
    suffix = PurePosixPath(name).suffix
    zipped = gzip.compress(body, 9, mtime=0) if len(body) > _WORTH_ZIPPING else body
    return StaticFile(
        name=name,
        hash=hashlib.sha256(body).hexdigest()[:_HASH_LENGTH],
        content_type=_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream",
        body=body,
        zipped=zipped if len(zipped) < len(body) else None,
    )
