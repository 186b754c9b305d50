"""The same two bars of input, output and twin through short and long windows: attacks and tones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.fft

from engine.dsp.arrays import Array, Audio
from engine.dsp.mel import band_edges, triangles
from engine.pictures import draw_bands, head, pyplot
from train.judge.measurement import Measurement

_WINDOWS = {"6 ms": (256, 64, 0), "186 ms": (8192, 512, 256)}  # samples, hop, mel bands or bins
_RANGE_DB = 70.0
_SHOWN = ("input", "late", "phrase", "twin", "target")


def close_up(measurements: dict[str, Measurement], rate: int) -> Any:
    """A figure, to be saved.

    Args:
        measurements: by version, each with a sample.
        rate: of the samples, hertz.
    """
    shown = [
        name for name in _SHOWN if name in measurements and measurements[name].sample is not None
    ]
    shown = [name for name in shown if name != "target" or "twin" not in shown]
    sounds = {name: sample for name in shown if (sample := measurements[name].sample) is not None}
    first = next(iter(measurements.values()))
    return draw_sounds(sounds, rate, f"{first.tracks[len(first.tracks) // 2]}: two bars")


def draw_sounds(sounds: Mapping[str, Audio], rate: int, words: str) -> Any:
    """A figure of some sounds, one below the other, to be saved.

    Args:
        sounds: by name, (channels, samples).
        rate: of all, hertz.
        words: above it.
    """
    size = 7 * len(_WINDOWS), 2.2 * len(sounds)
    figure, axes = pyplot().subplots(
        len(sounds), len(_WINDOWS), figsize=size, squeeze=False, constrained_layout=True, dpi=80
    )
    for column, (length, window) in enumerate(_WINDOWS.items()):
        for row, (name, sound) in enumerate(sounds.items()):
            image, hertz = _image(sound, rate, *window)
            top = float(image.max())
            draw_bands(axes[row][column], f"{name}, {length}", image, hertz, (top - _RANGE_DB, top))
    head(figure, words)
    return figure


def _image(sound: Audio, rate: int, window: int, hop: int, bands: int) -> tuple[Array, Array]:
    """Image (bands, frames), dB, and the bands' centres in hertz; of plain bins without bands."""
    mono = np.asarray(sound.mean(axis=0), np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(mono, window)[::hop] * np.hanning(window)
    power = np.abs(scipy.fft.rfft(frames, axis=-1)) ** 2
    hertz = np.fft.rfftfreq(window, 1.0 / rate)
    if bands:
        edges = band_edges(bands, max(20.0, 2.0 * rate / window), 20000.0)
        power, hertz = power @ triangles(hertz, edges), edges[1:-1]
    return 10 * np.log10(power.T + 1e-9), hertz
