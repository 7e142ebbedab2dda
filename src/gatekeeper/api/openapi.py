"""The API's description (OpenAPI 3.1), made from the table of calls and their models: it cannot say anything else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import models_json_schema

from gatekeeper import __version__
from gatekeeper.api.endpoints import JSON
from gatekeeper.api.table import ENDPOINTS
from gatekeeper.domain.permissions import in_order

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.json_schema import JsonSchemaMode

    from gatekeeper.api.endpoints import Endpoint

Json = dict[str, Any]

PROBLEM: Json = {
    "type": "object",
    "description": "A refusal (RFC 9457). `type` ends with `#` and a word that programs go by.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "login_url": {"type": "string", "description": "where people sign in"},
        "field": {"type": ["string", "null"], "description": "the first field at fault"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": ["string", "null"]}, "message": {"type": "string"}},
            },
        },
        "permissions": {"type": "array", "items": {"type": "string"}, "description": "any of these would open it"},
        "ask": {"type": "array", "items": {"type": "string"}, "description": "who can grant it"},
    },
}

REFUSALS = {
    400: "What was sent cannot be read",
    401: "Nobody is known, or somebody who owes a step first (`#sign-in`, `#password-expired`, `#second-factor`)",
    403: "Not permitted (`#forbidden`, who can help is named), too old a proof (`#recent-proof`), no token (`#csrf`)",
    404: "Nothing has this id",
    409: "Not possible as things stand (`#already-exists`, `#last-holder`, `#conflict`)",
    412: "It was changed in the meantime",
    415: "The body is of another type",
    422: "A value cannot be; `errors` names each field",
    428: "If-Match is needed",
    503: "A server behind does not answer; see Retry-After",
}


def document(base: str) -> Json:
    """The description of the API.

    Args:
        base: the address of the API, such as ``/gatekeeper/api/v1``.
    """
    models = _models()
    references, definitions = models_json_schema(
        list(models), ref_template="#/components/schemas/{model}", title="gatekeeper admin API"
    )
    paths: dict[str, Json] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "gatekeeper admin API",
            "version": __version__,
            "description": "Everything that the console does, with the same permissions.",
        },
        "servers": [{"url": base}],
        "security": [{"token": []}, {"session": [], "csrf": []}],
        "paths": paths,
        "components": {
            "schemas": {**definitions.get("$defs", {}), "Problem": PROBLEM},
            "responses": {
                str(status): {
                    "description": text,
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
                for status, text in REFUSALS.items()
            },
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "gk_…"},
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-gatekeeper"},
                "csrf": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-CSRF-Token",
                    "description": "from GET /session; with a session, for every call that may change something",
                },
            },
        },
    }


def _models() -> list[tuple[type[BaseModel], JsonSchemaMode]]:
    found: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}
    for endpoint in ENDPOINTS:
        if endpoint.body is not None:
            found[endpoint.body, "validation"] = None
        if endpoint.answer is not None and (endpoint.answer, "validation") not in found:
            found[endpoint.answer, "serialization"] = None
    both = {model for model, mode in found if mode == "validation"}
    return [(model, mode) for model, mode in found if mode == "validation" or model not in both]


def _operation(endpoint: Endpoint, references: Any) -> Json:
    permissions = [permission.value for permission in in_order(endpoint.any_of)]
    needs = f"Needs {' or '.join(permissions)}." if permissions else "Open to whoever is known."
    grave = " By cookie, the last proof must be younger than ten minutes." if endpoint.grave else ""
    operation: Json = {
        "operationId": _name(endpoint),
        "tags": [endpoint.path.split("/")[1]],
        "summary": endpoint.summary,
        "description": needs + grave,
        "x-permissions": permissions,
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint, references),
    }
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": _reference(references, endpoint.body)}},
        }
    elif endpoint.has_body:
        operation["requestBody"] = {"required": True, "content": {endpoint.body_type: {"schema": {"type": "string"}}}}
    return operation


def _responses(endpoint: Endpoint, references: Any) -> Json:
    success: Json = {"description": "Done" if endpoint.status == 204 else "The answer"}  # noqa: PLR2004 - a status
    if endpoint.answer is not None:
        success["content"] = {JSON: {"schema": _reference(references, endpoint.answer)}}
    elif endpoint.answer_type != JSON:
        success["content"] = {endpoint.answer_type: {"schema": {"type": "string"}}}
    if endpoint.versioned:
        success["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "the version, for If-Match"}}
    statuses = {400, 401, 403, 503}
    if "{" in endpoint.path:
        statuses.add(404)
    if endpoint.has_body:
        statuses |= {415, 422}
    if endpoint.changes:
        statuses.add(409)
    if endpoint.versioned and endpoint.changes:
        statuses |= {412, 428}
        statuses.discard(409)
    refusals = {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(statuses)}
    return {str(endpoint.status): success, **refusals}


def _parameters(endpoint: Endpoint) -> list[Json]:
    found: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", endpoint.path)
    ]
    schema = endpoint.query.model_json_schema()
    definitions = schema.get("$defs", {})
    for name, value in schema.get("properties", {}).items():
        described = {key: part for key, part in value.items() if key not in {"title", "description"}}
        parameter: Json = {"name": name, "in": "query", "required": False, "schema": _inlined(described, definitions)}
        if "description" in value:
            parameter["description"] = value["description"]
        found.append(parameter)
    if endpoint.versioned and endpoint.changes:
        found.append({"name": "If-Match", "in": "header", "required": True, "schema": {"type": "string"}})
    return found


def _inlined(schema: Any, definitions: Json) -> Any:
    if isinstance(schema, list):
        return [_inlined(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions)
    return {key: _inlined(part, definitions) for key, part in schema.items()}


def _reference(references: Any, model: type[BaseModel]) -> Json:
    found: Json = references.get((model, "validation")) or references[model, "serialization"]
    return found


def _name(endpoint: Endpoint) -> str:
    words = re.findall(r"[a-z]+", endpoint.path.replace("{id}", "one").replace("{session}", "one"))
    return "_".join([endpoint.method.lower(), *words])
