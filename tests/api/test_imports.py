"""The import over HTTP."""

from __future__ import annotations

import pytest

from tests.api.world import EVERYTHING, World

CSV = "\ufeffusername;email;display_name\r\nanna;anna@example.com;Änna\r\nmarco;marco@example.com;\r\n"


@pytest.fixture
async def headers(world: World) -> dict[str, str]:
    return await world.bearer(await world.person("admin", *EVERYTHING)) | {"Content-Type": "text/csv"}


async def test_a_dry_run_tells_what_would_happen_and_the_run_does_it(world: World, headers):
    dry = await world.call("POST", "/users/import?dry_run=true", headers, data=CSV.encode())
    assert dry.body == {"dry_run": True, "added": 2, "unchanged": 0, "rejected": []}
    assert len((await world.call("GET", "/users", headers)).body["items"]) == 1
    done = await world.call("POST", "/users/import", headers, data=CSV.encode())
    assert done.body == {"dry_run": False, "added": 2, "unchanged": 0, "rejected": []}
    again = await world.call("POST", "/users/import", headers, data=CSV.encode())
    assert (again.body["added"], again.body["unchanged"]) == (0, 2)


async def test_bad_rows_come_back_by_line_and_reason(world: World, headers):
    bad = CSV + "anna;anna@example.com;twice\r\n;x;\r\n"
    answer = await world.call("POST", "/users/import", headers, data=bad.encode())
    assert (answer.status, answer.kind) == (422, "bad-rows")
    assert [(error["line"], error["field"]) for error in answer.body["errors"]] == [
        (4, "username"),
        (5, "username"),
        (5, "email"),
    ]
    assert len((await world.call("GET", "/users", headers)).body["items"]) == 1
    skipped = await world.call("POST", "/users/import?skip_bad=true", headers, data=bad.encode())
    assert (skipped.body["added"], len(skipped.body["rejected"])) == (2, 3)


async def test_a_file_that_cannot_be_read_is_refused_as_a_whole(world: World, headers, subtests):
    for content in (b"", b"username,password\n", b"\xff\xfe", b"username,email,permissions\n"):
        with subtests.test(str(content)):
            answer = await world.call("POST", "/users/import", headers, data=content)
            assert answer.status == 422
            assert set(answer.fields) == {"file"}


async def test_another_media_type_gets_415(world: World, headers):
    answer = await world.call("POST", "/users/import", {**headers, "Content-Type": "application/json"}, data=b"{}")
    assert answer.status == 415
