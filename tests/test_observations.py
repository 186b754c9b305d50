"""What the paper heard in outputs: each figure rises with what it is named after."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

from train.judge.observations import observed

RATE, BPM = 44100, 174.0
BEAT = 60.0 / BPM
SECONDS = 16 * BEAT


@pytest.fixture(scope="module")
def parts():
    """Kick and snare, hats, noise between them, a chord, and a low tone beside low noise."""
    rng = np.random.default_rng(4)
    n = round(SECONDS * RATE)
    at = np.arange(n) / RATE
    noise = rng.standard_normal((6, n))
    high = scipy.signal.butter(4, 7000, "highpass", fs=RATE, output="sos")
    low = scipy.signal.butter(4, (40, 400), "bandpass", fs=RATE, output="sos")
    return {
        "snare": noise[0] * np.exp(-((at - BEAT) % (2 * BEAT)) / 0.03),
        "hats": scipy.signal.sosfilt(high, noise[1]) * np.exp(-(at % (BEAT / 2)) / 0.01),
        "between": scipy.signal.sosfilt(high, noise[2]),
        "chord": np.sin(2 * np.pi * 440 * at) + np.sin(2 * np.pi * 554 * at),
        "low": scipy.signal.sosfilt(low, noise[3]),
        "tone": np.sin(2 * np.pi * 110 * at),
        "floor": noise[4],
    }


def seen(parts, **changed):
    amounts = {"snare": 0.1, "hats": 0.1, "between": 0.002, "chord": 0.03} | {
        **{"low": 0.1, "tone": 0.01, "floor": 1e-4},
        **changed,
    }
    sound = sum(amount * parts[name] for name, amount in amounts.items())
    return np.array([*vars(observed(sound[None], RATE, BPM)).values()])


@pytest.mark.parametrize(
    ("part", "amount", "number"),
    [("snare", 0.2, 0), ("between", 0.004, 1), ("chord", 0.06, 2), ("tone", 0.1, 3)],
)
def test_each_figure_rises_with_its_part(parts, part, amount, number):
    change = seen(parts, **{part: amount}) - seen(parts)
    assert change[number] > 2.0
    # A louder chord lies under the snares as well; nothing else touches another's figure.
    others = np.delete(change, number)
    assert np.abs(others[others > 0]).max(initial=0.0) < 1.0


def test_snares_on_other_beats_do_not_count(parts):
    moved = parts | {"snare": np.roll(parts["snare"], round(BEAT * RATE))}
    assert seen(moved, chord=0.0, low=0.0)[0] < seen(parts, chord=0.0, low=0.0)[0] - 6.0


def test_bars_are_found_at_other_tempi(parts):
    """A sound of another tempo, looked at as such, has the same snares."""
    n = round(SECONDS * RATE * 174 / 160)
    slow = {
        name: np.interp(np.arange(n) * 160 / 174, np.arange(len(x)), x) for name, x in parts.items()
    }
    sound = sum(a * slow[name] for name, a in {"snare": 0.1, "floor": 1e-3, "low": 0.05}.items())
    right, wrong = (observed(sound[None], RATE, bpm).snare_db for bpm in (160.0, 190.0))
    assert right > wrong + 3.0
