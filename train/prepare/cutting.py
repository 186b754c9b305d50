"""The sound of segments: equalised, stretched to the common tempo, laid on its grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.signal
import soxr

from engine.dsp.arrays import Array, Audio
from engine.dsp.level import GATE
from engine.dsp.tempo import Tempo
from engine.io.files import SoundReader
from train.data.dataset import RATE, TAIL_S
from train.prepare.listening import blocks_of

MARGIN_S = 0.5  # source before and behind a cut: stretcher and filter begin and end there
SAME_TEMPO = 1e-4
_TAPS = 1023  # 23 ms; 60 dB down 130 Hz above the edge
_FINE_HOP = 11  # samples, 0.25 ms
_SMOOTH = 221  # samples, 5 ms
_LATE_S = 0.019
_SEARCH = 10  # fine hops, 2.5 ms
_FINE_EDGE = 400  # fine hops, 0.1 s: more than any shift


@dataclass(frozen=True)
class Equaliser:
    """What all sources are brought to: ``low_pass_hz`` (None: left alone), ``mono``."""

    low_pass_hz: float | None = None
    mono: bool = False

    def apply(self, sound: Audio, rate: int) -> Audio:
        """Sound at the dataset's rate, at most two channels, filtered with linear phase and no
        delay, (channels, n)."""
        if self.mono or sound.shape[0] > 2:
            sound = sound.mean(axis=0, keepdims=True)
        if rate != RATE:
            sound = np.ascontiguousarray(soxr.resample(sound.T, rate, RATE, quality="VHQ").T)
        if self.low_pass_hz is not None and self.low_pass_hz < RATE / 2:
            taps = scipy.signal.firwin(_TAPS, self.low_pass_hz, fs=RATE, window=("kaiser", 8.0))
            sound = scipy.signal.oaconvolve(sound, taps[None], mode="same", axes=-1)
        return np.asarray(sound, np.float32)


def read_parts(path: Path, parts: Sequence[tuple[float, float]]) -> Iterator[tuple[Audio, int]]:
    """Sound between pairs of times (seconds, in order of their ends), and its rate.

    The file is read from its beginning: a seek in a lossy file may land elsewhere. Outside of the
    file there is silence. The sound's first sample is at ``floor(begin * rate)``.

    Raises:
        InputError: the file is damaged.
    """
    with SoundReader(path) as reader:
        spans = [(int(np.floor(a * reader.rate)), int(np.ceil(b * reader.rate))) for a, b in parts]
        kept: list[Audio] = []
        origin = at = 0
        blocks = blocks_of(reader)
        for number, (begin, end) in enumerate(spans):
            needed = min(max(0, b) for b, _ in spans[number:])
            while at < end and (block := next(blocks, None)) is not None:
                kept.append(block)
                at += block.shape[-1]
                while origin + kept[0].shape[-1] <= needed:
                    origin += kept.pop(0).shape[-1]
                    if not kept:
                        break
            sound = np.concatenate(kept, -1) if kept else np.zeros((reader.channels, 0), np.float32)
            result = np.zeros((reader.channels, end - begin), np.float32)
            low, high = max(begin, origin), min(end, at)
            if high > low:
                result[:, low - begin : high - begin] = sound[:, low - origin : high - origin]
            yield result, reader.rate


def read_whole(path: Path, equaliser: Equaliser) -> Audio:
    """A whole file at the dataset's rate and at its own tempo, (channels, n).

    Raises:
        InputError: the file is damaged.
    """
    with SoundReader(path) as reader:
        silence = np.zeros((reader.channels, 0), np.float32)
        return equaliser.apply(np.concatenate([silence, *blocks_of(reader)], axis=-1), reader.rate)


def cut(
    path: Path, tempo: Tempo, starts_s: Sequence[float], bpm: float, equaliser: Equaliser
) -> Iterator[tuple[Audio, int]]:
    """Segments of a file at the common tempo.

    Args:
        path: the file.
        tempo: its own.
        starts_s: where the segments' own bars begin in it, in order.
        bpm: the common tempo.
        equaliser: what to bring the sound to.

    Yields:
        Sound at the dataset's rate, (channels, n), with a margin, and the sample at which the
        phrase before the segment's own begins. At least two phrases and ``TAIL_S`` follow it.
    """
    factor = bpm / tempo.bpm
    phrase, tail = tempo.phrase_s, TAIL_S * factor
    spans = [(s - phrase - MARGIN_S, s + phrase + tail + MARGIN_S) for s in starts_s]
    for (begin, _), start, (raw, rate) in zip(
        spans, starts_s, read_parts(path, spans), strict=True
    ):
        sound = equaliser.apply(raw, rate)
        lead = start - phrase - np.floor(begin * rate) / rate
        if abs(factor - 1.0) > SAME_TEMPO:
            sound, late = stretch(sound, factor)
            lead = lead / factor + late
        yield sound, round(lead * RATE)


def stretch(sound: Audio, factor: float) -> tuple[Audio, float]:
    """Sound ``factor`` times as fast, and how late its attacks are, seconds.

    Rubber Band (through pedalboard) with its faster engine: measured on drums its attacks lie
    within a millisecond of each other where the finer engine spreads them over ±20 ms. They are
    late by 19 ms · (factor − 1), more or less; that is measured here and left to the caller.
    """
    import pedalboard  # a second to import

    fast = pedalboard.time_stretch(sound, RATE, stretch_factor=factor, high_quality=False)
    return np.asarray(fast, np.float32), lateness(sound, fast, factor)


def lateness(sound: Audio, fast: Audio, factor: float) -> float:
    """How late the attacks of a stretched sound are, seconds: what makes them match those of the
    sound best, near to what is usual; what is usual where there are no attacks.

    Args:
        sound: (channels, samples), at ``RATE``.
        fast: the same stretched, (channels, samples / factor).
        factor: how many times as fast it is.
    """
    usual = _LATE_S * (factor - 1.0)
    before, after = _attacks(sound), _attacks(fast)
    index = np.arange(len(after))
    expected = np.interp(index * factor, np.arange(len(before)), before)
    shifts = round(usual * RATE / _FINE_HOP) + np.arange(-_SEARCH, _SEARCH + 1)
    inner = index[_FINE_EDGE:-_FINE_EDGE]
    if not len(inner):
        return usual
    match = np.array([np.dot(expected[inner], after[inner + shift]) for shift in shifts])
    best = int(np.argmax(match))
    if not 0 < best < len(shifts) - 1:
        return usual
    left, mid, right = match[best - 1 : best + 2]
    peak = 0.5 * (left - right) / (left - 2 * mid + right)
    return float((shifts[best] + peak) * _FINE_HOP / RATE)


def _attacks(sound: Audio) -> Array:
    """Rises of the log power every quarter of a millisecond, smoothed over 5 ms. What lies 5 dB
    under the mean power or lower is no attack: the beating of a bass is not."""
    mono = np.asarray(sound.mean(axis=0), np.float64)
    window = np.hanning(_SMOOTH)
    edge = np.diff(mono, prepend=0.0) ** 2
    power = scipy.signal.oaconvolve(edge, window / window.sum(), "same")[::_FINE_HOP]
    level = np.log(np.maximum(power, 0.0) + 0.3 * power.mean() + 1e-14)
    return np.asarray(np.maximum(np.diff(level, prepend=level[:1]), 0.0))


def gated_power(sounds: Sequence[Audio], hop: int = 512) -> float:
    """Mean power of sounds where there is any, full scale 1; 0 if there is none."""
    powers = []
    for sound in sounds:
        whole = sound.shape[-1] // hop * hop
        hops = np.square(sound[:, :whole], dtype=np.float64).mean(axis=0).reshape(-1, hop)
        powers.append(hops.mean(axis=1))
    heard = np.concatenate(powers) if powers else np.zeros(0)
    heard = heard[heard > GATE]
    return float(heard.mean()) if heard.size else 0.0
