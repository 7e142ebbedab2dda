"""Long work leaves the interpreter as it found it, however many work at once and however they end."""

from __future__ import annotations

import gc
import sys

import pytest

from gatekeeper.flows.pacing import NEVER, TURN, standing, working


def test_while_anybody_works_turns_are_short_and_full_passes_are_left_out():
    usual = (gc.get_threshold(), sys.getswitchinterval())
    first, second = working(), working()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert (gc.get_threshold()[2], sys.getswitchinterval()) == (NEVER, pytest.approx(TURN))
    second.__exit__(None, None, None)
    assert (gc.get_threshold(), sys.getswitchinterval()) == usual


def test_what_fails_leaves_nothing_behind():
    usual = gc.get_threshold()
    with pytest.raises(RuntimeError), working(), standing():
        raise RuntimeError
    assert gc.get_threshold() == usual
    assert gc.get_freeze_count() == 0
