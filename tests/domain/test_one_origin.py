"""What keeps the platform out of our pages."""

from __future__ import annotations

import pytest

from gatekeeper.domain.one_origin import worker_reaches


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
