"""Tempo and downbeat of a file, for when the user does not give them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.tempo import MAX_BPM, MIN_BPM, Tempo
from engine.live.files import SoundReader

_LISTEN_S = 120.0  # a steady tempo is exact after two minutes; the memory stays bounded
_RATE = 22050
_HOP = 256  # 11.6 ms
_SILENT = 1e-4
_RATIOS = (1 / 2, 2 / 3, 3 / 4, 1.0, 4 / 3, 3 / 2, 2.0)
_OCTAVES = 0.5  # how far music is from the expected tempo, one standard deviation
_WHOLE_BPM = 0.03


def track(path: Path, expected_bpm: float) -> Tempo | None:
    """Steady tempo and a downbeat of a sound file, or None when there is no beat in it.

    librosa's onset strength gives the tempo, with a prior around the preset's; then period and
    phase of a regular grid are refined by the onsets it meets, over the whole stretch; the
    downbeat is the beat of four with the strongest low onsets (kick), against the backbeats.

    Args:
        path: the file; its first two minutes are heard.
        expected_bpm: tempo that the preset was made for: decides between a tempo and its double.

    Raises:
        InputError: the file is damaged.
    """
    audio, rate = _listen(path)
    if audio.size < rate or float(np.max(np.abs(audio), initial=0.0)) < _SILENT:
        return None
    import librosa  # seconds to import: only when a file has to be listened to

    audio = librosa.resample(audio, orig_sr=rate, target_sr=_RATE)
    mel = librosa.feature.melspectrogram(y=audio, sr=_RATE, n_fft=1024, hop_length=_HOP)
    db = librosa.power_to_db(mel, ref=np.max)
    # Frames are centred already: librosa's own centring would add four frames, 46 ms.
    onsets, low, high = (
        librosa.onset.onset_strength(S=part, sr=_RATE, hop_length=_HOP, lag=2, center=False)
        for part in (db, db[:8], db[20:])
    )
    if float(onsets.max(initial=0.0)) <= 0.0:
        return None
    per_second = _RATE / _HOP
    guess = librosa.feature.tempo(
        onset_envelope=onsets, sr=_RATE, hop_length=_HOP, start_bpm=expected_bpm, std_bpm=0.5
    )
    bpm = _metre(onsets, float(guess[0]), expected_bpm, per_second)
    bpm, beat_s, _ = _grid(onsets, bpm, per_second, passes=4)
    if abs(bpm - round(bpm)) < _WHOLE_BPM:  # music made on a machine has a whole tempo
        bpm, beat_s, _ = _grid(onsets, float(round(bpm)), per_second, passes=0)
    beat = 60.0 / bpm
    beats = np.arange(int((len(onsets) / per_second - beat_s) / beat))
    kick, snare = (
        np.interp((beat_s + beats * beat) * per_second, np.arange(len(env)), _widen(env))
        for env in (low, high)
    )
    scores = []
    for first in range(4):
        place = (beats - first) % 4
        on_one = kick[place == 0].mean() - kick[place == 2].mean()
        backbeat = snare[place % 2 == 1].mean() - snare[place % 2 == 0].mean()
        scores.append(on_one / (kick.mean() + 1e-9) + 2 * backbeat / (snare.mean() + 1e-9))
    downbeat = beat_s + int(np.argmax(scores)) * beat
    return Tempo(bpm=bpm, downbeat_s=downbeat)


def _listen(path: Path) -> tuple[Array, int]:
    with SoundReader(path) as reader:
        limit = round(_LISTEN_S * reader.rate)
        blocks = [block.mean(axis=0) for block in reader.blocks(limit=limit)]
        audio = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
        return np.nan_to_num(np.clip(audio, -1.0, 1.0)), reader.rate


def _metre(onsets: Array, guess: float, expected_bpm: float, per_second: float) -> float:
    """The tempo among the guess and its simple fractions.

    A tempo estimate from autocorrelation likes 4/3 and 3/2 of the truth; a grid of beats at these
    meets sixteenths where the true one meets kicks and snares. What the grid cannot tell, a tempo
    from its half, the expected tempo does.
    """

    def score(bpm: float) -> float:
        octaves = np.log2(bpm / expected_bpm) / _OCTAVES
        strength = _grid(onsets, bpm, per_second, passes=1)[2]
        return float(strength * np.exp(-0.5 * octaves**2))

    candidates = [guess * ratio for ratio in _RATIOS]
    return max((c for c in candidates if MIN_BPM <= c <= MAX_BPM), key=score)


def _grid(
    onsets: Array, guess: float, per_second: float, passes: int
) -> tuple[float, float, float]:
    """Tempo and time of the first beat of the regular grid that meets most onset strength, and
    that strength. Each pass looks around the best tempo so far, ten times closer."""
    frames = np.arange(len(onsets))
    env = _widen(onsets)
    best = (-1.0, guess, 0.0)
    centre, span = guess, 0.04 if passes else 0.0
    for _ in range(max(1, passes)):
        steps = np.linspace(1 - span, 1 + span, 41) if span else np.ones(1)
        for bpm in np.clip(centre * steps, MIN_BPM, MAX_BPM):
            period = 60.0 / bpm * per_second
            grid = np.arange(0, len(onsets) - period, period)
            phases = np.arange(0, period, 0.5)
            strength = np.interp(grid[None] + phases[:, None], frames, env).mean(axis=1)
            at = int(np.argmax(strength))
            if strength[at] > best[0]:
                best = (float(strength[at]), float(bpm), float(phases[at] / per_second))
        centre, span = best[1], span / 10
    return best[1], best[2], best[0]


def _widen(env: Array) -> Array:
    """Onsets a little smeared, so that a grid a few milliseconds off still scores."""
    return np.convolve(env, [0.25, 0.5, 1.0, 0.5, 0.25], mode="same")
