"""Tempo and downbeats of a file, for when the user does not give them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soxr

from engine.beat.beats import find, on_grid, regions
from engine.beat.drift import follow
from engine.beat.features import ENVELOPE_HOP, HOP, PITCH_HOP, RATE, Features, hear
from engine.dsp.arrays import Array, Audio
from engine.dsp.tempo import BEATS_PER_BAR, Tempo
from engine.dsp.tempo_map import TempoMap
from engine.errors import InputError
from engine.io.files import SoundReader

_STRETCH = 20672 * HOP  # samples, four minutes: a steady tempo is exact after that
_BLOCK = 1 << 16
SILENT = 1e-4
_OFF = 0.25  # beats that a steady tempo may be off and still be called steady
_BETTER, _MORE = 1.1, 0.05  # how much clearer the beats have to be where a drift is followed
_CLEAR = 0.75  # onsets on the beats, relative to the mean: music with drums has 2 and more


@dataclass(frozen=True)
class Tracked:
    """What was heard of a file's time.

    Attributes:
        tempi: to render it by.
        steady: the tempo that fits it best on the whole.
        off_beats, off_s: how many beats off its bars are at worst, and when; 0 where it is steady.
        followed: whether ``tempi`` follow; else the beats are not clear enough.
    """

    tempi: TempoMap
    steady: Tempo
    off_beats: float = 0.0
    off_s: float = 0.0
    followed: bool = True


def track(path: Path, expected_bpm: float, beats_per_bar: int = BEATS_PER_BAR) -> Tempo | None:
    """Steady tempo and a downbeat of a sound file, or None when there is no beat in it.

    What is heard is described in :mod:`engine.beat.features`, tempo and beats are found in
    :mod:`engine.beat.beats`, the bar in :mod:`engine.beat.bars`.

    Args:
        path: the file; its first four minutes are heard.
        expected_bpm: tempo that the preset was made for: decides between a tempo and its double.
        beats_per_bar: of the music; what bars have in common is looked for at their distance.

    Raises:
        InputError: the file is damaged.
    """
    with SoundReader(path) as reader:
        heard = _heard(next(_stretches(reader)))
    return None if heard is None else find(heard, expected_bpm, beats_per_bar)


def trace(path: Path, expected: Tempo, downbeat_s: float | None = None) -> Tracked | None:
    """Tempo and downbeats of a whole file, wherever the tempo drifts; None without a beat.

    Where a drift is too small to matter, or no clearer than a steady tempo, it is none. How it is
    followed is described in :mod:`engine.beat.drift`; bars are then found as in :func:`track`, with
    time counted in beats.

    Args:
        path: the file; the tempo is found in its first four minutes and followed to its end.
        expected: see :func:`track`.
        downbeat_s: a downbeat, where that is known.

    Raises:
        InputError: the file is damaged.
    """
    with SoundReader(path) as reader:
        stretches = _stretches(reader)
        heard = _heard(next(stretches))
        if heard is None:
            return None
        steady = find(heard, expected.bpm, expected.beats_per_bar)
        if steady is None:
            return None
        parts = [regions(heard)[:, : _STRETCH // HOP]]  # one frame less, for the next begins there
        with suppress(InputError):  # what is damaged further on is named by whoever renders it
            for sound in stretches:
                parts.append(regions(hear(sound))[:, : _STRETCH // HOP])
    if downbeat_s is not None:
        steady = replace(steady, downbeat_s=downbeat_s)
    found = follow(np.concatenate(parts, axis=1), steady.bpm, steady.downbeat_s)
    if found.off_beats < _OFF or found.clear < _BETTER * found.steady + _MORE:
        return Tracked(TempoMap(steady), steady)
    if found.clear < _CLEAR:
        return Tracked(TempoMap(steady), steady, found.off_beats, found.off_s, followed=False)
    # Time that passes as evenly as the beats, from 0.
    even_s = (found.beats - found.beats[0]) * steady.beat_s
    phase_s = -found.beats[0] * steady.beat_s % steady.beat_s
    evened = _evened(heard, found.times_s, even_s)
    grid = on_grid(evened, steady.bpm, phase_s, steady.beats_per_bar)
    # Of the grid only its place counts: it was laid on the first minutes and might turn further on.
    middle_s = 0.5 * evened.seconds
    beats = grid.beats_at(middle_s) + (even_s - middle_s) / steady.beat_s
    if downbeat_s is not None:
        beats -= np.interp(downbeat_s, found.times_s, beats)
    last_s = float(found.times_s[-1])
    tempi = TempoMap.through(found.times_s, beats, last_s, steady.beats_per_bar)
    return Tracked(tempi, steady, found.off_beats, found.off_s)


def _heard(sound: Audio) -> Features | None:
    """What is heard of a sound; None if that is nothing."""
    if sound.size < RATE or float(np.max(np.abs(sound))) < SILENT:
        return None
    return hear(sound)


def _evened(heard: Features, times_s: Array, even_s: Array) -> Features:
    """What would have been heard, had what lies at ``times_s`` been at ``even_s``."""
    last = min(float(np.interp(heard.seconds, times_s, even_s)), float(even_s[-1]))

    def moved(values: Array, hop: int) -> Array:
        count = int(last * RATE / hop) + 1
        at = np.interp(np.arange(count) * hop / RATE, even_s, times_s) * RATE / hop
        left = np.minimum(at.astype(np.intp), len(values) - 2)
        weight = np.minimum(at - left, 1.0).reshape(-1, *(1,) * (values.ndim - 1))
        return np.asarray(values[left] * (1 - weight) + values[left + 1] * weight)

    return replace(
        heard,
        power=moved(heard.power, HOP),
        flux=moved(heard.flux, HOP),
        pitch=moved(heard.pitch, PITCH_HOP),
        envelope=moved(heard.envelope, ENVELOPE_HOP),
        seconds=last,
    )


def _stretches(reader: SoundReader) -> Iterator[Audio]:
    """A file as the tracker hears it, four minutes at a time; at least one, if empty."""
    sound = np.zeros(0, np.float32)
    for part in resampled(reader.blocks(_BLOCK), reader.rate):
        sound = np.concatenate([sound, part])
        if len(sound) > _STRETCH:
            yield sound[:_STRETCH]
            sound = sound[_STRETCH:]
    yield sound


def mono(blocks: Iterable[Audio], rate: int) -> Audio:
    """Blocks of (channels, n) at ``rate`` as the tracker hears them: the mean of the channels
    within ±1, zero where it is not finite, at :data:`engine.beat.features.RATE`, (n,)."""
    return np.concatenate([np.zeros(0, np.float32), *resampled(blocks, rate)])


def resampled(blocks: Iterable[Audio], rate: int) -> Iterator[Audio]:
    """The same as :func:`mono`, part by part."""
    stream = soxr.ResampleStream(rate, RATE, 1, dtype="float32", quality="HQ")
    for block in blocks:
        clean = np.clip(np.nan_to_num(block, nan=0.0), -1.0, 1.0)
        yield stream.resample_chunk(clean.mean(axis=0))
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)
