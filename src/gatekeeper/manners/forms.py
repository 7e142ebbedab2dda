"""Reading a form: bounded, and never an unexpected error because of what was sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

LARGEST = 64 * 1024
MOST_FIELDS = 50
TYPE = "application/x-www-form-urlencoded"
UPLOAD_TYPE = "multipart/form-data"
CHUNK = 256 * 1024


class Form(Mapping[str, str]):
    """The fields of a form, as they were sent. As a mapping it holds, of a field sent twice, the first value.

    Attributes:
        pairs: all of them in order.
        files: what was chosen to be sent along, by field.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]] = (), files: Mapping[str, bytes] | None = None) -> None:
        self.pairs = tuple(pairs)
        self.files: Mapping[str, bytes] = files or {}
        self._first = dict(reversed(self.pairs))

    def __getitem__(self, name: str) -> str:
        return self._first[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._first)

    def __len__(self) -> int:
        return len(self._first)

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a field, such as those of the boxes that were ticked."""
        return tuple(value for known, value in self.pairs if known == name)


async def read_form(request: web.Request, *, most_fields: int = MOST_FIELDS, largest: int = LARGEST) -> Form:
    """The fields of a form.

    Args:
        request: the one that carries it.
        most_fields: how many fields it may have.
        largest: how many bytes it may have.

    Raises:
        web.HTTPRequestEntityTooLarge: it is longer.
        web.HTTPUnsupportedMediaType: it is not a form as browsers send ours.
        web.HTTPBadRequest: it has more fields.
    """
    if request.content_type != TYPE:
        raise web.HTTPUnsupportedMediaType
    body = await request.content.read(largest + 1)
    while len(body) <= largest and not request.content.at_eof():
        body += await request.content.read(largest + 1 - len(body))
    if len(body) > largest:
        raise web.HTTPRequestEntityTooLarge(max_size=largest, actual_size=len(body))
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=most_fields)
    except ValueError:
        raise web.HTTPBadRequest from None
    return Form(pairs)


async def read_upload(request: web.Request, *, most_fields: int = MOST_FIELDS, largest: int = LARGEST) -> Form:
    """The fields of a form that may carry files (RFC 7578), with those files in memory.

    Raises:
        web.HTTPRequestEntityTooLarge: it is longer.
        web.HTTPUnsupportedMediaType: it is not a form with files as browsers send ours.
        web.HTTPBadRequest: it has more fields, or is malformed.
    """
    if request.content_type != UPLOAD_TYPE:
        raise web.HTTPUnsupportedMediaType
    pairs: list[tuple[str, str]] = []
    files: dict[str, bytes] = {}
    left = largest
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader) or len(pairs) + len(files) >= most_fields:
                raise web.HTTPBadRequest
            content = await _bounded(part, left, largest)
            left -= len(content)
            if part.filename is None:
                pairs.append((part.name or "", content.decode("utf-8", "replace")))
            elif part.filename:
                files[part.name or ""] = content
    except (ValueError, RuntimeError, AssertionError, HttpProcessingError):
        raise web.HTTPBadRequest from None
    return Form(pairs, files)


async def _bounded(part: BodyPartReader, most: int, largest: int) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk(CHUNK):
        content += chunk
        if len(content) > most:
            raise web.HTTPRequestEntityTooLarge(max_size=largest, actual_size=largest + 1)
    return bytes(content)
