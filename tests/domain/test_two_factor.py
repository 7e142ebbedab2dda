"""One rule says whom two-step verification reaches."""

from __future__ import annotations

import pytest

from gatekeeper.domain.model import TwoFactorMode
from gatekeeper.domain.two_factor import applies


@pytest.mark.parametrize(
    ("mode", "listed", "reached"),
    [
        (TwoFactorMode.OFF, False, False),
        (TwoFactorMode.OFF, True, False),
        (TwoFactorMode.EVERYONE, False, True),
        (TwoFactorMode.EVERYONE, True, False),
        (TwoFactorMode.SELECTED, False, False),
        (TwoFactorMode.SELECTED, True, True),
    ],
)
def test_the_list_means_exceptions_or_the_selected(mode, listed, reached):
    assert applies(mode, listed=listed) is reached
