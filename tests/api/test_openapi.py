"""The description of the API is OpenAPI 3.1, says all of the table, and is true of the answers."""

from __future__ import annotations

from typing import Any

import jsonschema

from gatekeeper.api.openapi import document
from gatekeeper.api.table import ENDPOINTS
from tests.api.world import BASE, EVERYTHING, World

DOCUMENT = document(BASE)


def references(part: Any) -> list[str]:
    if isinstance(part, list):
        return [found for one in part for found in references(one)]
    if not isinstance(part, dict):
        return []
    own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
    return own + [found for one in part.values() for found in references(one)]


def test_every_call_is_described_with_its_permissions():
    described = {
        (method.upper(), path): operation
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
    }
    assert set(described) == {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    for endpoint in ENDPOINTS:
        operation = described[endpoint.method, endpoint.path]
        assert operation["summary"] == endpoint.summary
        assert set(operation["x-permissions"]) == {permission.value for permission in endpoint.any_of}
    names = [operation["operationId"] for operation in described.values()]
    assert len(set(names)) == len(names)


def test_every_reference_leads_somewhere():
    for reference in references(DOCUMENT):
        found: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def test_every_schema_is_a_json_schema():
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_parameter_in_a_path_is_described():
    for path, operations in DOCUMENT["paths"].items():
        for operation in operations.values():
            named = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}


async def test_it_is_served_to_everybody(world: World):
    answer = await world.call("GET", "/openapi.json")
    assert (answer.status, answer.body) == (200, DOCUMENT)
    assert answer.body["openapi"].startswith("3.1")
    assert answer.body["servers"] == [{"url": "/gatekeeper/api/v1"}]


async def test_answers_are_as_described(world: World, subtests):
    headers = await world.bearer(await world.person("admin", *EVERYTHING))
    for path in ("/session", "/policies/password", "/policies/two-factor", "/users", "/audit", "/tokens"):
        with subtests.test(path):
            answer = await world.call("GET", path, headers)
            schema = DOCUMENT["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            jsonschema.validate(answer.body, {**schema, "components": DOCUMENT["components"]})
