"""Which of the beats begins the bar.

Twice as many places as a bar has beats are compared: the beats, and the half beats between them.
What speaks for a place
are cues that music of many kinds has in common (Goto, "An audio-based real-time beat tracking
system for music with or without drum-sounds", 2001: drum patterns and chord changes; Papadopoulos
& Peeters, "Joint estimation of chords and downbeats", 2011):

- drums: kick and snare, folded into one bar of sixteenths, look like one of a few patterns (where
  a bar has not four beats: of groups of two or three, each begun by the kick);
- beat: on the beat there are more onsets than between beats;
- harmony: what sounds in the two beats from there on differs from the two beats before;
- section: the same over two bars, for timbre and loudness: sections begin with a bar;
- entry: the first sound of the piece.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.beat.features import HOP, PITCH_HOP, RATE, Features
from engine.dsp.arrays import Array
from engine.dsp.tempo import BEATS_PER_BAR

_STEPS = 4  # of a beat
_KICK_HZ, _SNARE_HZ, _HAT_HZ = (0, 120), (150, 5000), (5000, 11000)
# One bar of four beats each: kick, snare. Weights of a pattern are relative to its own mean.
_FOURS = (
    ("X.........X.....", "....X.......X..."),  # two-step
    ("X.x.......Xx....", "....X..x.x..X..."),  # break
    ("X.........x.....", "........X......."),  # half time
    ("X...X...X...X...", "....X.......X..."),  # four on the floor
)
_STRENGTH = {"X": 1.0, "x": 0.4, ".": 0.0}
_SETTLE = 0.15  # beats: what begins on a beat has changed the sound a little after it
_ENTRY = 1e-4  # of the highest power: where sound begins
_CUT = 0.5
_MOST_PEAKS, _FEW = 8, 4
_SAME = 1.5  # change of features of music that goes on; a new section changes them by 5 to 15
# Of greatest likelihood (softmax over the places) on 208 composed pieces of four kinds of drums,
# rounded; checked on 64 others. The entry weighs less than there: recorded music has lead-ins.
WEIGHTS = {
    "drums": 3.1,
    "beat": 1.5,
    "beat_high": 0.4,
    "harmony": 2.5,
    "section": 0.8,
    "peaks": 0.5,
    "entry": 1.5,
}


def first_downbeat(
    heard: Features, beat_s: float, phase_s: float, beats_per_bar: int = BEATS_PER_BAR
) -> float:
    """Time of a downbeat within the first bar, seconds.

    Args:
        heard: the sound's features.
        beat_s: length of a beat, seconds.
        phase_s: time of a beat or of a half beat, seconds.
        beats_per_bar: of the music.
    """
    cues = cue_table(heard, beat_s, phase_s, beats_per_bar)
    score = np.sum([WEIGHTS[name] * cues[name] for name in WEIGHTS], axis=0)
    return phase_s + int(np.argmax(score)) * beat_s / 2


def cue_table(
    heard: Features, beat_s: float, phase_s: float, beats_per_bar: int = BEATS_PER_BAR
) -> dict[str, Array]:
    """Evidence of each cue for the bar to begin at each place.

    Args:
        heard: the sound's features.
        beat_s: length of a beat, seconds.
        phase_s: time of place 0, which is a beat or a half beat, seconds.
        beats_per_bar: of the music.

    Returns:
        By the cue's name, (places,): place p is at ``phase_s + p * beat_s / 2``.
    """
    places = 2 * beats_per_bar
    bands, grid = (_KICK_HZ, _SNARE_HZ, _HAT_HZ), (beat_s, phase_s, beats_per_bar)
    low, mid, high = (fold(heard.band(*band), *grid) for band in bands)
    loud = np.log1p(heard.power * (100 / (float(heard.power.mean()) + 1e-12)))
    table = {
        "drums": _drums(low, mid),
        "beat": _on_beat(mid),
        "beat_high": _on_beat(high),
        "entry": _entry(heard.power.sum(axis=1), beat_s, phase_s, places),
    }
    for name in ("harmony", "section", "peaks"):
        table[name] = np.zeros(places)
    for half in (0, 1):
        first = phase_s + (half / 2 + _SETTLE) * beat_s
        pitch = per_beat(heard.pitch, beat_s, first, PITCH_HOP)
        timbre = per_beat(loud, beat_s, first, HOP)
        section = change(timbre, 2 * beats_per_bar)
        table["harmony"][half::2] = _by_place(change(pitch, 2), _SAME, beats_per_bar)
        table["section"][half::2] = _by_place(section**2, _SAME**2, beats_per_bar)
        table["peaks"][half::2] = _peaks(section, _SAME, beats_per_bar)
    return {name: _centred(cue) for name, cue in table.items()}


def fold(onsets: Array, beat_s: float, phase_s: float, beats_per_bar: int = BEATS_PER_BAR) -> Array:
    """Mean onsets at the sixteenths of the bar, relative to their own mean, (4 a beat,).

    Args:
        onsets: strength of each frame, (frames,), every ``HOP`` samples at ``RATE``.
        beat_s: length of a beat, seconds.
        phase_s: time of the first sixteenth, seconds.
        beats_per_bar: of the music.
    """
    bar = _STEPS * beats_per_bar
    steps = np.arange(int((len(onsets) * HOP / RATE - phase_s) / beat_s * _STEPS) // bar * bar)
    if not len(steps):
        return np.ones(bar)
    frames = (phase_s + steps * beat_s / _STEPS) * RATE / HOP
    index = np.arange(len(onsets))
    near = [np.interp(frames + d, index, onsets) for d in (-1.5, -0.75, 0, 0.75, 1.5)]
    mean = np.max(near, axis=0).reshape(-1, bar).mean(axis=0)
    return np.asarray(mean / (mean.mean() + 1e-9))


def _drums(kick: Array, snare: Array) -> Array:
    """Best likeness to any of the patterns, −1…1."""
    places = len(kick) * 2 // _STEPS
    result = np.full(places, -1.0)
    for patterns in _patterns(places // 2):
        wanted = np.stack([_pattern(text) for text in patterns])
        for place in range(places):
            found = np.stack([np.roll(part, -2 * place) for part in (kick, snare)])
            found = found - found.mean(axis=1, keepdims=True)
            norm = np.linalg.norm(found) * np.linalg.norm(wanted) + 1e-9
            result[place] = max(result[place], float((found * wanted).sum() / norm))
    return result


def _patterns(beats_per_bar: int) -> Sequence[tuple[str, str]]:
    """Kick and snare of a bar. One that has not four beats is made of groups of two or three: the
    kick begins each, the snare ends each or has all that is left of it; or the kick begins the bar,
    and the snare the other groups."""
    if beats_per_bar == BEATS_PER_BAR:
        return _FOURS
    found = []
    for groups in _groups(beats_per_bar):
        begins = [sum(groups[:n]) for n in range(len(groups))]
        ends = [begin + size - 1 for begin, size in zip(begins, groups, strict=True)]
        kick = ["." if beat not in begins else "x" if beat else "X" for beat in range(sum(groups))]
        first = ["." if beat else "X" for beat in range(sum(groups))]
        for letters, struck in (
            (kick, ends),
            (kick, [beat for beat in range(sum(groups)) if beat not in begins]),
            (first, begins[1:] or ends),
        ):
            snare = ["X" if beat in struck else "." for beat in range(sum(groups))]
            rest = "." * (_STEPS - 1)
            found.append(("".join(x + rest for x in letters), "".join(x + rest for x in snare)))
    return found


def _groups(beats: int) -> list[tuple[int, ...]]:
    """All ways to count so many beats in twos and threes."""
    if beats in (2, 3):
        return [(beats,)]
    firsts = [size for size in (2, 3) if beats - size > 1]
    return [(size, *rest) for size in firsts for rest in _groups(beats - size)]


def _pattern(text: str) -> Array:
    values = np.array([_STRENGTH[letter] for letter in text])
    return np.asarray((values - values.mean()) / (values.std() + 1e-9))


def _on_beat(folded: Array) -> Array:
    """Onsets on the beats minus those between, for each place."""
    on = folded[::_STEPS].mean() - folded[_STEPS // 2 :: _STEPS].mean()
    return np.array([on if place % 2 == 0 else -on for place in range(len(folded) * 2 // _STEPS)])


def _entry(power: Array, beat_s: float, phase_s: float, places: int) -> Array:
    """Nearness of the first sound to each place: 1 at it, 0 from a quarter beat on. A sound that
    swells says nothing, and the beginning of a file that may be cut out of another says less."""
    loud = np.flatnonzero(power > _ENTRY * power.max(initial=0.0))
    if not len(loud):
        return np.zeros(places)
    cut = loud[0] == 0
    if not cut and power[loud[0] : loud[0] + 8].max() < 10 * power[loud[0]]:
        return np.zeros(places)
    first = 0.0 if cut else loud[0] * HOP / RATE + 0.02  # a window sees a sound before it begins
    beats, half = (first - phase_s) / beat_s - np.arange(places) / 2, places / 4
    distance = np.abs((beats + half) % (2 * half) - half)
    return np.asarray(np.maximum(0.0, 1 - distance / 0.25) * (_CUT if cut else 1.0))


def per_beat(values: Array, beat_s: float, first_s: float, hop: int) -> Array:
    """Mean of frames between beats, (beats, features).

    Args:
        values: (frames, features).
        beat_s: length of a beat, seconds.
        first_s: time of the first beat, seconds.
        hop: samples between frames, at ``RATE``.
    """
    count = max(0, int((len(values) * hop / RATE - first_s) / beat_s))
    edges = (first_s + np.arange(count + 1) * beat_s) * RATE / hop
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    left = np.clip(edges.astype(np.intp), 0, len(total) - 2)
    weight = (edges - left)[:, None]
    at = total[left] * (1 - weight) + total[left + 1] * weight
    return np.asarray(np.diff(at, axis=0) / (beat_s * RATE / hop))


def change(vectors: Array, width: int) -> Array:
    """How much the ``width`` beats from a beat on differ from those before it, (beats,)."""
    after, before = _around(vectors, width)
    return np.asarray(np.linalg.norm(after - before, axis=1))


def _around(vectors: Array, width: int) -> tuple[Array, Array]:
    count = len(vectors)
    total = np.concatenate([np.zeros((1, vectors.shape[1])), np.cumsum(vectors, axis=0)])
    beat = np.arange(count)
    wide = np.clip(np.minimum(beat, count - beat), 1, width)[:, None]
    after = (total[np.minimum(beat + width, count)] - total[beat]) / wide
    before = (total[beat] - total[np.maximum(beat - width, 0)]) / wide
    whole = ((beat >= width) & (beat <= count - width))[:, None]
    return np.where(whole, after, 0.0), np.where(whole, before, 0.0)


def _by_place(values: Array, least: float, beats_per_bar: int) -> Array:
    """Mean of values by beat of the bar, relative to the mean of all, (beats,). Changes under about
    ``least`` are those of music that does not change."""
    if len(values) < beats_per_bar:
        return np.zeros(beats_per_bar)
    mean = np.array([values[place::beats_per_bar].mean() for place in range(beats_per_bar)])
    return np.asarray((mean - values.mean()) / (values.mean() + least))


def _peaks(novelty: Array, least: float, beats_per_bar: int) -> Array:
    """Share of each beat of the bar in the highest peaks, no two within two bars, (beats,). Few
    peaks say little, low ones nothing."""
    share, apart = np.zeros(beats_per_bar), 2 * beats_per_bar
    left = novelty.copy()
    count = 0
    while count < _MOST_PEAKS and left.max(initial=0.0) > least:
        at = int(np.argmax(left))
        share[at % beats_per_bar] += novelty[at]
        left[max(0, at - apart) : at + apart + 1] = 0.0
        count += 1
    relative = beats_per_bar * share / (share.sum() + 1e-9) - 1.0
    return np.asarray(relative * count / (count + _FEW))


def _centred(cue: Array) -> Array:
    return np.asarray(cue - cue.mean())
