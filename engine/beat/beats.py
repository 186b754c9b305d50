"""Tempo, beats and bars of a piece with a steady tempo, from what is heard over its whole length.

1. Tempo: the autocorrelation of the onsets, read at the multiples of a beat that music repeats at
   (beat, half bar, bar, two bars; Davies & Plumbley, "Context-dependent beat tracking of musical
   audio", 2007), times a prior around the expected tempo in octaves (Parncutt 1994).
2. Grid: all onsets folded at the period give the phases a beat may have.
3. Bars: see :mod:`engine.beat.bars`.
4. Time: the sound's envelope, folded bar by bar, gives the attack within a millisecond, and its
   drift over the piece the exact tempo.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.fft

from engine.beat.bars import first_downbeat
from engine.beat.features import ENVELOPE_HOP, HOP, RATE, Features
from engine.dsp.arrays import Array
from engine.dsp.tempo import BEATS_PER_BAR, MAX_BPM, MIN_BPM, Tempo

_PER_S = RATE / HOP
_OCTAVES = 0.4  # how far music is from the expected tempo, one standard deviation
# Beats after which music repeats, and how much each counts, by the beats of a bar.
_FOURS = {1: 1.0, 2: 1.0, 3: 0.5, 4: 1.5, 6: 0.5, 8: 1.5, 12: 0.5, 16: 1.5, 32: 1.5}
_LEAD = 2.0  # power: how much a bar's repetition has to stand out
# Least sum over five bands of the correlations, for a minute of music: noise reaches 0.06, a calm
# piece for strings 0.3, a drum loop 3. The chance of noise grows as the root of a shorter time.
_CLEAR = 0.08
_FASTEST_BPM = 200.0  # beats faster than that are heard as halves of slower ones
_STEP = 0.002  # of the tempo, first look
_WHOLE_S = 0.004
_NEAR_S = 0.003
_REGIONS_HZ = ((0, 150), (150, 500), (500, 2000), (2000, 5000), (5000, 11000))


def find(heard: Features, expected_bpm: float, beats_per_bar: int = BEATS_PER_BAR) -> Tempo | None:
    """Steady tempo and the time of a downbeat; None if nothing repeats.

    Args:
        heard: the sound's features.
        expected_bpm: decides between a tempo and its double.
        beats_per_bar: of the music.
    """
    onsets = regions(heard)
    if heard.seconds < 2.0 or not np.any(onsets):
        return None
    bpm = _tempo(onsets, expected_bpm, beats_per_bar)
    if bpm is None:
        return None
    strength = onsets.sum(axis=0)
    return on_grid(heard, *_refine(strength, bpm), beats_per_bar)


def on_grid(heard: Features, bpm: float, phase: float, beats_per_bar: int) -> Tempo:
    """Exact tempo and downbeat where the beats are known to some hundredths of a second.

    Args:
        heard: the sound's features.
        bpm: tempo, as it is known so far.
        phase: time of a beat or of a half beat near the beginning, seconds.
        beats_per_bar: of the music.
    """
    for reach_s in (0.04, 0.02):
        bpm, phase = _exact(heard.envelope, bpm, phase, heard.seconds, reach_s)
    bpm, phase = _whole(bpm, phase, heard.seconds)
    downbeat = first_downbeat(heard, 60.0 / bpm, phase, beats_per_bar)
    bpm, downbeat = _exact(heard.envelope, bpm, downbeat, heard.seconds, 0.02)
    bpm, downbeat = _whole(bpm, downbeat, heard.seconds)
    tempo = Tempo(bpm, downbeat, beats_per_bar)
    bar = tempo.bar_s
    downbeat %= bar
    return replace(tempo, downbeat_s=downbeat - bar if bar - downbeat < 0.03 else downbeat)


def regions(heard: Features) -> Array:
    """Onsets of five regions of the spectrum, each relative to its slow mean, (5, frames)."""
    return np.stack([_normal(heard.band(low, high)) for low, high in _REGIONS_HZ])


def _normal(onsets: Array) -> Array:
    """Onsets relative to their slow mean (4 s), so that a break counts as much as a drop."""
    slow = _smooth(onsets, round(4 * _PER_S))
    return np.asarray(onsets / (slow + 0.3 * onsets.mean() + 1e-9))


def _smooth(values: Array, width: int) -> Array:
    width = max(1, min(width, len(values)))
    total = np.cumsum(np.concatenate([np.zeros(1), values]))
    left = np.clip(np.arange(len(values)) - width // 2, 0, len(values))
    right = np.clip(left + width, 0, len(values))
    return np.asarray((total[right] - total[left]) / np.maximum(right - left, 1))


def _multiples(beats_per_bar: int) -> dict[int, float]:
    """Beats after which music of a metre repeats: one, and one, two, four and eight bars."""
    if beats_per_bar == BEATS_PER_BAR:
        return _FOURS
    return {1: 1.0} | {bars * beats_per_bar: 1.5 for bars in (1, 2, 4, 8)}


def _tempo(onsets: Array, expected_bpm: float, beats_per_bar: int) -> float | None:
    """Tempo whose multiples of a beat the onsets repeat at."""
    frames = onsets.shape[1]
    centred = onsets - onsets.mean(axis=1, keepdims=True)
    size = scipy.fft.next_fast_len(2 * frames)
    spectrum = scipy.fft.rfft(centred, size, axis=1)
    correlation = scipy.fft.irfft(np.abs(spectrum) ** 2, size, axis=1)[:, :frames]
    correlation = correlation / (correlation[:, :1] + 1e-9)
    correlation = correlation.sum(axis=0) * (frames / np.maximum(frames - np.arange(frames), 1))
    correlation = np.convolve(correlation, [0.25, 0.5, 0.25], "same")
    low, high = max(1.02 * MIN_BPM, expected_bpm / 2.6), min(0.98 * MAX_BPM, expected_bpm * 2.6)
    tempi = np.exp(np.arange(np.log(low), np.log(high), _STEP))
    counted = _multiples(beats_per_bar)
    multiples, weights = np.array(list(counted)), np.array(list(counted.values()))
    lags = 60.0 / tempi[:, None] * multiples * _PER_S
    known = lags < 0.7 * frames
    read = np.interp(lags, np.arange(frames), correlation) * known
    clear = (read * weights).sum(axis=1) / np.maximum((known * weights).sum(axis=1), 1e-9)
    octaves = np.log2(tempi / expected_bpm) / _OCTAVES
    fastest = max(_FASTEST_BPM, 1.1 * expected_bpm)
    prior = np.exp(-0.5 * octaves**2) / (1 + np.exp((tempi - fastest) / 5))
    bars = np.array([1, 2]) * beats_per_bar
    leads = [_leads(correlation, lags[:, beats == multiples]) for beats in bars]
    best = int(np.argmax(clear * prior * leads[0] * leads[1]))
    chance = np.sqrt(60.0 * _PER_S / frames)
    return float(tempi[best]) if clear[best] > _CLEAR * chance else None


def _leads(correlation: Array, lags: Array) -> Array:
    """How far the correlation at each lag leads its surroundings, two thirds to one and a third of
    it: 1 where it is the highest of all. Three quarters of a tempo, whose bars lie between the
    music's, do not lead. Lags (n, 1) in frames."""
    around = lags * np.linspace(0.66, 1.34, 137)
    read = np.interp(around, np.arange(len(correlation)), correlation)
    here = read[:, 66:71].max(axis=1)
    return np.asarray((np.maximum(here, 0.0) / (read.max(axis=1) + 1e-9)) ** _LEAD)


def _refine(strength: Array, bpm: float) -> tuple[float, float]:
    """Tempo and phase (seconds) of the regular grid that meets most onset strength."""
    frames = np.arange(len(strength))
    best = (-1.0, bpm, 0.0)
    span = 0.006
    for _ in range(3):
        for candidate in best[1] * np.linspace(1 - span, 1 + span, 25):
            period = 60.0 / candidate * _PER_S
            grid = np.arange(0, len(strength) - period, period)
            phases = np.arange(0, period, 0.5)
            mean = np.interp(grid[None] + phases[:, None], frames, strength).mean(axis=1)
            at = int(np.argmax(mean))
            if mean[at] > best[0]:
                best = (float(mean[at]), float(candidate), float(phases[at] / _PER_S))
        span /= 8
    return best[1], best[2]


def _exact(
    envelope: Array, bpm: float, beat_s: float, seconds: float, reach_s: float
) -> tuple[float, float]:
    """Tempo and time of a beat from where the attacks lie, stretch by stretch along the piece.

    Args:
        envelope: see :class:`Features`.
        bpm: tempo, as it is known so far.
        beat_s: time of a beat near the beginning, as it is known so far, seconds.
        seconds: length of the sound.
        reach_s: how far the attacks may lie from where they are expected, seconds.
    """
    rises = np.maximum(np.diff(np.log(envelope + 1e-3 * envelope.mean() + 1e-12)), 0.0)
    per_s = RATE / ENVELOPE_HOP
    window = np.arange(-reach_s, reach_s, 1 / per_s)
    period = 60.0 / bpm
    starts = np.arange(beat_s, seconds - period, period)
    read = np.interp(
        (starts[:, None] + window) * per_s - 1, np.arange(len(rises)), rises, left=0, right=0
    )
    times, late, weights = [], [], []
    for part in np.array_split(np.arange(len(starts)), max(1, min(24, len(starts) // 12))):
        folded = np.convolve(read[part].mean(axis=0), [0.1, 0.2, 0.4, 0.2, 0.1], "same")
        at = int(np.argmax(folded))
        times.append(float(starts[part].mean()))
        late.append(float(window[at]))
        weights.append(float(max(folded[at] - np.median(folded), 0.0)))
    line = _line(np.array(times), np.array(late), np.array(weights))
    return bpm / (1 + line[0]), beat_s + line[1] + line[0] * beat_s


def _line(times: Array, late: Array, weights: Array) -> tuple[float, float]:
    """Slope and height of the straight line that most of the points lie near: the one through any
    two of them with most weight within 3 ms, then least squares over what lies there."""
    if not weights.sum() > 0:
        return 0.0, 0.0
    best, line = -1.0, (0.0, float(np.average(late, weights=weights)))
    for i in range(len(times)):
        for j in range(i, len(times)):
            slope = 0.0 if i == j else (late[j] - late[i]) / (times[j] - times[i])
            near = np.abs(late - late[i] - slope * (times - times[i])) < _NEAR_S
            score = float(weights[near].sum()) * (1 - 50 * abs(slope))
            if score > best:
                best, inside = score, near
                if near.sum() > 2:
                    fitted = np.polyfit(times[near], late[near], 1, w=np.sqrt(weights[near] + 1e-9))
                    line = (float(fitted[0]), float(fitted[1]))
                else:
                    line = (0.0, float(np.average(late[inside], weights=weights[inside] + 1e-9)))
    return line


def _whole(bpm: float, beat_s: float, seconds: float) -> tuple[float, float]:
    """Music made on a machine often has a whole tempo: it is taken if the grid stays where it is
    within a few milliseconds over the piece, turned around its middle."""
    whole = round(bpm)
    if abs(bpm - whole) / bpm * seconds > _WHOLE_S:
        return bpm, beat_s
    beats = round((seconds / 2 - beat_s) * bpm / 60)
    return float(whole), beat_s + beats * (60 / bpm - 60 / whole)
