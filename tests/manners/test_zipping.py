"""Pages on their way: long ones as gzip, for browsers that read it, with a length that tells nothing."""

import gzip

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from gatekeeper.manners.zipping import WORTH_IT, takes_gzip, zip_page

LONG = "ä page " * WORTH_IT


def zipped(text: str, accept: str = "gzip, deflate, br") -> web.Response:
    response = web.Response(text=text, content_type="text/html")
    zip_page(make_mocked_request("GET", "/", headers={"Accept-Encoding": accept}), response)
    return response


def test_a_long_page_is_the_same_page_in_fewer_bytes():
    response = zipped(LONG)
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert len(response.body) < len(LONG.encode()) / 10
    assert gzip.decompress(response.body).decode() == LONG


def test_a_short_page_stays_as_it_is():
    response = zipped("short")
    assert "Content-Encoding" not in response.headers
    assert response.body == b"short"


def test_a_browser_that_reads_no_gzip_gets_none():
    response = zipped(LONG, "br")
    assert "Content-Encoding" not in response.headers
    assert response.body == LONG.encode()
    assert response.headers["Vary"] == "Accept-Encoding"


def test_the_length_of_the_same_page_varies():
    assert len({len(zipped(LONG).body) for _ in range(50)}) > 10


@pytest.mark.parametrize(
    ("accept", "takes"),
    [
        ("gzip", True),
        ("br, GZIP ;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0.00", False),
        ("br", False),
        ("", False),
    ],
)
def test_what_a_browser_says_that_it_reads(accept, takes):
    assert takes_gzip(make_mocked_request("GET", "/", headers={"Accept-Encoding": accept})) is takes
