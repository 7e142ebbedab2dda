"""Reading a request into values: every fault is named by its field, as the caller wrote it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from gatekeeper.domain.errors import GatekeeperError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp import web
    from pydantic import BaseModel

    from gatekeeper.api.endpoints import Endpoint

FieldFault = tuple[str | None, str]
"""A field (``None``: the whole) and what is wrong with it."""

DISCRIMINATOR = "mode"
"""The field that says which branch of a union is meant; pydantic puts its value into the place of each fault."""

_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not a known field",
    "union_tag_not_found": "is missing",
}


class BadRequest(GatekeeperError):
    """What was sent cannot be read: its status, the kind of problem, and the faults by field."""

    def __init__(self, status: int, kind: str, detail: str, faults: Sequence[FieldFault] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.faults = tuple(faults)


def query_of(endpoint: Endpoint, request: web.Request) -> Any:
    """The parameters of the query string.

    Raises:
        BadRequest: 400, one is unknown, given twice or cannot be.
    """
    values = dict(request.query)
    twice = [(name, "is given more than once") for name in values if len(request.query.getall(name)) > 1]
    if twice:
        raise _invalid(400, twice)
    try:
        return endpoint.query.model_validate(values)
    except ValidationError as error:
        raise _invalid(400, faults_of(error, values)) from None


async def body_of(endpoint: Endpoint, request: web.Request) -> Any:
    """The body, as the endpoint's model; as bytes where it has none.

    Raises:
        BadRequest: 400 it is no JSON, 413 it is too large, 415 it is of another type, 422 its values cannot be.
    """
    if not endpoint.has_body:
        await _bytes_of(request, endpoint.largest)
        return None
    _check_type(endpoint, request)
    content = await _bytes_of(request, endpoint.largest)
    if endpoint.body is None:
        return content
    return parse(endpoint.body, content)


def parse(model: type[BaseModel], content: bytes) -> BaseModel:
    """A JSON text as a model.

    Raises:
        BadRequest: 400 it is no JSON, 422 its values cannot be.
    """
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        if any(fault["type"] == "json_invalid" for fault in error.errors()):
            reason = error.errors()[0]["msg"].removeprefix("Invalid JSON: ")
            raise BadRequest(400, "malformed", f"The body is not JSON: {reason}.") from None
        raise _invalid(422, faults_of(error, json.loads(content))) from None


def faults_of(error: ValidationError, sent: object) -> list[FieldFault]:
    """Pydantic's faults by the names that the caller used; the names of a union's branches are left out."""
    return [(_field(fault, sent), _message(fault)) for fault in error.errors()]


def invalid(faults: Sequence[FieldFault]) -> BadRequest:
    """422: values that cannot be."""
    return _invalid(422, faults)


def _invalid(status: int, faults: Sequence[FieldFault]) -> BadRequest:
    field, message = faults[0]
    detail = f"{field}: {message}" if field else message
    return BadRequest(status, "invalid", detail, faults)


def _field(fault: Mapping[str, Any], sent: object) -> str | None:
    parts: list[str] = []
    location = list(fault["loc"])
    for at, part in enumerate(location):
        last = at == len(location) - 1
        if not last and isinstance(sent, dict) and (part not in sent or part == sent.get(DISCRIMINATOR)):
            continue
        parts.append(str(part))
        sent = _inside(sent, part)
    if fault["type"] in {"union_tag_not_found", "union_tag_invalid"}:
        parts.append(str(fault["ctx"]["discriminator"]).strip("'"))
    return ".".join(parts) or None


def _inside(sent: object, part: str | int) -> object:
    if isinstance(sent, dict):
        return sent.get(part)
    if isinstance(sent, list) and isinstance(part, int) and part < len(sent):
        return sent[part]
    return None


def _message(fault: Mapping[str, Any]) -> str:
    kind = fault["type"]
    if kind == "union_tag_invalid":
        return f"must be one of {fault['ctx']['expected_tags']}"
    if kind in _WORDS:
        return _WORDS[kind]
    text = str(fault["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    return text.replace("should", "must", 1)


def _check_type(endpoint: Endpoint, request: web.Request) -> None:
    sent = request.content_type.lower()
    json_like = sent == "application/json" or (sent.startswith("application/") and sent.endswith("+json"))
    if endpoint.body is not None and not json_like:
        raise BadRequest(415, "media-type", "The body must be JSON (Content-Type: application/json).")
    if endpoint.body is None and sent not in {endpoint.body_type, "application/octet-stream", "text/plain"}:
        raise BadRequest(415, "media-type", f"The body must be {endpoint.body_type}.")


async def _bytes_of(request: web.Request, most: int) -> bytes:
    content = bytearray()
    async for chunk in request.content.iter_chunked(65_536):
        content += chunk
        if len(content) > most:
            raise BadRequest(413, "too-large", f"The body must not be larger than {most} bytes.")
    return bytes(content)
