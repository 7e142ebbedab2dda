from __future__ import annotations

import pytest

from gatekeeper.domain.cookies import CookieNames
from gatekeeper.domain.one_origin import drops_from_upstream, is_worker_script, worker_reaches

OURS = CookieNames().all


@pytest.mark.parametrize(
    ("name", "value", "dropped"),
    [
        (b"service-worker-allowed", b"/", True),
        (b"clear-site-data", b'"cookies"', True),
        (b"set-cookie", b"__Host-gatekeeper=x; Secure; Path=/", True),
        (b"set-cookie", b"=__Host-gatekeeper=x", True),
        (b"set-cookie", b"roundcube_sessid=x", False),
        (b"content-type", b"text/html", False),
    ],
)
def test_a_platform_does_not_reach_into_our_pages(name, value, dropped):
    assert drops_from_upstream(name, value, OURS) is dropped


@pytest.mark.parametrize(
    ("path", "reaches"),
    [
        (b"/sw.js", True),
        (b"/gatekeeper/sw.js", True),
        (b"/mail/sw.js", False),
        (b"/gate/sw.js", False),
        (b"/gatekeepers/sw.js", False),
        (b"/mail%2Fsw.js", True),
        (b"/mail;/sw.js", False),
        (b"//sw.js", True),
        (b"/", True),
    ],
)
def test_a_worker_whose_scope_could_cover_our_prefix_is_recognised(path, reaches):
    assert worker_reaches(path, "/gatekeeper") is reaches


def test_a_workers_script_is_recognised_by_its_header():
    assert is_worker_script([b" Script "])
    assert not is_worker_script([])
    assert not is_worker_script([b"other"])
