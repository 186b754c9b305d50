"""Where the samples between line-in and line-out go, part by part."""

from __future__ import annotations

import pytest

from engine.dsp.frontend import FrontEnd
from engine.dsp.latency import FADE, NO_TRIPS, Trips, budget, held_back_by
from engine.dsp.limiter import LOOKAHEAD
from engine.dsp.settings import Settings
from engine.errors import UsageError

NOTHING = {"look-ahead": 0, "before": 0, "effects": 0, "limiter": 64}


@pytest.mark.parametrize(
    ("rate", "block", "synthesis", "stft", "until_whole"),
    [
        (48000, 128, 512, 384, 0),
        (48000, 64, 512, 384, 64),
        (48000, 32, 256, 128, 96),
        (48000, 512, 256, 128, 0),
        (44100, 441, 512, 384, 127),
        (48000, 480, 512, 384, 96),
        (48000, 0, 512, 384, 128),
        (96000, 256, 512, 768, 0),
        (96000, 0, 256, 256, 256),
    ],
)
def test_without_effects(rate, block, synthesis, stft, until_whole):
    """2M - gcd(block, hop) and the limiter; 2M where blocks vary."""
    parts = budget(rate, block, Settings(synthesis=synthesis))
    assert parts == {"stft": stft, "block": until_whole, **NOTHING}
    assert LOOKAHEAD == 64


@pytest.mark.parametrize(("block", "trip"), [(128, 128), (512, 512), (0, 128)])
def test_each_trip_through_the_effects_is_a_block_and_a_fade(block, trip):
    behind = budget(48000, block, Settings(), Trips(behind=0))
    assert (behind["before"], behind["effects"]) == (0, trip + FADE)
    before = budget(48000, block, Settings(), Trips(before=100))
    assert (before["before"], before["effects"]) == (trip + FADE + 100, 0)
    both = budget(48000, block, Settings(), Trips(7, 9))
    assert (both["before"], both["effects"]) == (trip + FADE + 7, trip + FADE + 9)
    assert budget(48000, block, Settings(), NO_TRIPS)["effects"] == 0


@pytest.mark.parametrize(("lookahead_ms", "columns"), [(0, 0), (23, 2), (46, 4), (93, 8)])
def test_look_ahead_is_whole_columns(lookahead_ms, columns):
    settings = Settings(lookahead_ms=lookahead_ms)
    assert budget(44100, 128, settings)["look-ahead"] == 512 * columns
    assert budget(48000, 128, settings)["look-ahead"] == round(columns * 512 * 48000 / 44100)


def test_late_is_two_of_the_longest_phrases_behind():
    analyser = FrontEnd().at(48000)
    assert held_back_by("late", 46, analyser, 5.5) == 11 * 48000
    assert held_back_by("edge", 46, analyser, 5.5) == round(4 * analyser.hop)


def test_another_look_ahead_is_refused():
    with pytest.raises(UsageError, match=r"lookahead: 30 ms \(expected 0, 23, 46, 93\)") as refused:
        held_back_by("phrase", 30, FrontEnd().at(48000))
    assert "--lookahead" in str(refused.value)
