"""What counts as a dropout in a recording."""

from __future__ import annotations

import numpy as np
import pytest

from engine.diagnostics.soak import changes, dropouts

BLOCK = 128


@pytest.fixture
def fed(rng):
    return (0.1 * rng.normal(size=(2, 48000))).astype(np.float32)


def test_a_clean_recording_has_no_dropout(fed):
    assert dropouts(fed, fed, BLOCK) == 0
    assert changes(np.roll(fed, 256, axis=1), fed) == 0


def test_silence_in_the_middle_is_one(fed):
    sound = fed.copy()
    sound[:, 20000:20064] = 0.0
    sound[:, 30000:30010] = 0.0  # too short to be a block that was not there
    assert dropouts(sound, fed, BLOCK) == 1


def test_a_block_played_twice_is_one(fed):
    sound = fed.copy()
    sound[:, 20096 : 20096 + BLOCK] = sound[:, 20096 - BLOCK : 20096]
    assert dropouts(sound, fed, BLOCK) == 1


def test_silence_that_was_fed_is_none(fed):
    fed[:, 10000:30000] = 0.0
    assert dropouts(fed, fed, BLOCK) == 0


def test_a_pass_through_that_changes_is_seen(fed):
    sound = np.roll(fed, 256, axis=1)
    sound[:, 40000:40128] = 0.0
    assert changes(sound, fed) == 1
