from __future__ import annotations

import gzip
import re

import pytest
from aiohttp import web

from gatekeeper.config import Branding
from gatekeeper.manners import static
from gatekeeper.manners.render import Renderer
from gatekeeper.manners.static import StaticFiles

RENDERER = Renderer(Branding(accent="#8b1e3f"), "/gatekeeper")
CSS = RENDERER.files.url("gatekeeper.css")


@pytest.fixture
async def client(aiohttp_client):
    app = web.Application()
    static.setup(app, "/gatekeeper", RENDERER)
    return await aiohttp_client(app, auto_decompress=False)


async def get(client, path, **headers):
    return await client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_a_name_holds_the_hash_of_the_content():
    assert re.fullmatch(r"/gatekeeper/static/gatekeeper\.[0-9a-f]{12}\.css", CSS)
    other = Renderer(Branding(accent="#123456"), "/gatekeeper").files
    assert other.url("gatekeeper.css") == CSS
    assert other.url("brand.css") != RENDERER.files.url("brand.css")


def test_a_file_that_does_not_exist_has_no_address():
    with pytest.raises(KeyError):
        RENDERER.files.url("nothing.css")


async def test_a_hashed_name_is_cached_for_a_year(client):
    answer = await get(client, CSS)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_browser_that_has_it_gets_304(client):
    first = await get(client, CSS)
    again = await get(client, CSS, If_None_Match=first.headers["ETag"])
    assert again.status == 304
    assert await again.read() == b""
    assert again.headers["ETag"] == first.headers["ETag"]
    assert "max-age=31536000" in again.headers["Cache-Control"]


async def test_another_tag_gets_the_file(client):
    answer = await get(client, CSS, If_None_Match='"something-else"')
    assert answer.status == 200


@pytest.mark.parametrize(
    ("accepts", "zipped"),
    [("gzip, br", True), ("br;q=1, gzip;q=0.5", True), ("gzip;q=0", False), ("gzip; q=0.000", False), ("br", False)],
)
async def test_gzip_goes_to_whoever_takes_it(client, accepts, zipped):
    answer = await get(client, CSS, Accept_Encoding=accepts)
    body = await answer.read()
    assert (answer.headers.get("Content-Encoding") == "gzip") is zipped
    assert b"--accent" in (gzip.decompress(body) if zipped else body)
    assert answer.headers["Vary"] == "Accept-Encoding"


async def test_the_two_encodings_have_tags_of_their_own(client):
    zipped = await get(client, CSS, Accept_Encoding="gzip")
    plain = await get(client, CSS, Accept_Encoding="identity")
    assert zipped.headers["ETag"] != plain.headers["ETag"]


@pytest.mark.parametrize("name", ["gatekeeper.css", "gatekeeper.000000000000.css"])
async def test_a_plain_name_or_an_old_hash_gets_the_present_file_and_is_asked_for_again(client, name):
    answer = await get(client, f"/gatekeeper/static/{name}")
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "nothing.css",
        "nothing",
        ".",
        "%2e%2e/base.html",
        "..%2fbase.html",
        "%2e%2e%2f%2e%2e%2fpyproject.toml",
        "/etc/passwd",
        "vendor/pico/LICENSE",
        "vendor",
        "gatekeeper.css/",
        "login/sign_in.html",
    ],
)
async def test_only_known_files_are_served(client, path):
    assert (await get(client, f"/gatekeeper/static/{path}")).status == 404


@pytest.mark.parametrize(
    ("name", "kind"), [("page.js", "text/javascript; charset=utf-8"), ("icon.svg", "image/svg+xml")]
)
async def test_each_kind_has_its_type(client, name, kind):
    assert (await get(client, RENDERER.files.url(name))).headers["Content-Type"] == kind


async def test_the_accent_is_a_stylesheet(client):
    body = await (await get(client, RENDERER.files.url("brand.css"))).text()
    assert "--accent-fill: #8b1e3f;" in body


async def test_head_is_answered_without_a_body(client):
    answer = await client.head(CSS)
    assert answer.status == 200
    assert int(answer.headers["Content-Length"]) > 0


def test_a_logo_that_cannot_be_read_stops_the_start(tmp_path):
    with pytest.raises(FileNotFoundError):
        Renderer(Branding(logo=tmp_path / "gone.png"), "/gatekeeper")


async def test_a_logo_is_served_and_can_run_nothing(aiohttp_client, tmp_path):
    logo = tmp_path / "logo.svg"
    logo.write_bytes(b"<svg/>")
    app = web.Application()
    renderer = Renderer(Branding(logo=logo), "/gatekeeper")
    static.setup(app, "/gatekeeper", renderer)
    answer = await (await aiohttp_client(app)).get(renderer.files.url("logo"))
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert await answer.read() == b"<svg/>"


def test_files_that_are_no_part_of_a_page_are_left_out(tmp_path):
    (tmp_path / ".hidden.css").write_text("a{}")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "part.css").write_text("a{}")
    files = StaticFiles("/s", [tmp_path], Branding())
    assert files.find("part.css")
    assert files.find(".hidden.css") is None
    assert files.find("notes.txt") is None
