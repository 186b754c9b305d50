"""Can a fresh ear tell outputs from real music? 50 % is perfect.

A classifier learns from the outputs and the real target music of half of the tracks, through
windows of 6, 23 and 186 ms, and tells those of the other half. What it can tell, a listener may
hear: a buzz, a smear, a hole. It is valid only while it cannot tell real music from real music.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.fft

from engine.dsp.arrays import Array, Audio
from engine.dsp.mel import band_edges, triangles

_WINDOWS = ((256, 64, 32), (1024, 256, 64), (8192, 1024, 128))  # samples at 44.1 kHz, hop, bands
_EXCERPT_S = 1.4
_COEFFICIENTS = 24
_SPLITS, _SEED = 8, 20190610
_FLOOR = 1e-9


def excerpts(sound: Audio, rate: int) -> Array:
    """What the classifier sees of a sound, (excerpts, features)."""
    size = round(_EXCERPT_S * rate)
    mono = sound.mean(axis=0)
    parts = [mono[at : at + size] for at in range(0, len(mono) - size + 1, size)]
    return np.stack([np.concatenate([_seen(part, rate, *w) for w in _WINDOWS]) for part in parts])


def _seen(sound: Array, rate: int, window: int, hop: int, bands: int) -> Array:
    """Tone, its spread and its change, at one resolution."""
    window, hop = round(window * rate / 44100), round(hop * rate / 44100)
    frames = np.lib.stride_tricks.sliding_window_view(sound, window)[::hop] * np.hanning(window)
    power = np.abs(scipy.fft.rfft(frames, axis=-1)) ** 2
    edges = band_edges(bands, max(20.0, 2.0 * rate / window), 16000.0)
    image = 10 * np.log10(power @ triangles(np.fft.rfftfreq(window, 1 / rate), edges) + _FLOOR)
    image = image - image.mean()
    change = np.diff(image, axis=0)
    flat = np.log(power[:, 8:] + _FLOOR).mean(axis=1) - np.log(power[:, 8:].mean(axis=1) + _FLOOR)
    parts = [image.mean(axis=0), image.std(axis=0), np.abs(change).mean(axis=0), change.std(axis=0)]
    cepstra = [scipy.fft.dct(part, norm="ortho")[:_COEFFICIENTS] for part in parts]
    return np.concatenate([*cepstra, [flat.mean(), flat.std()]])


def told_from_itself(sounds: Sequence[Array], tracks: Sequence[str]) -> float:
    """How often halves of the same kind of sound are told apart: what :func:`told` is worth.

    Args:
        sounds: excerpts of each sound, of a track of its own.
        tracks: whose each is.

    Returns:
        Mean over several ways to halve it; near 0.5, or there are too few tracks.
    """
    rng, found = np.random.default_rng(_SEED), []
    for _ in range(_SPLITS):
        order = rng.permutation(len(sounds))
        halves = order[::2], order[1::2]
        parts, names = ([[kept[i] for i in half] for half in halves] for kept in (sounds, tracks))
        found.append(told(parts[0], parts[1], (names[0], names[1])))
    return float(np.mean(found))


def told(
    one: Sequence[Array], other: Sequence[Array], tracks: tuple[Sequence[str], Sequence[str]]
) -> float:
    """How often two kinds of sound are told apart, on tracks that were not learnt from.

    Args:
        one: excerpts of each sound of one kind, as of :func:`excerpts`.
        other: excerpts of each sound of the other kind.
        tracks: whose each sound is, of one kind and of the other.

    Returns:
        Balanced accuracy, 0 … 1, mean over several halves of the tracks.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng, found = np.random.default_rng(_SEED), []
    for _ in range(_SPLITS):
        learnt: list[Array] = []
        judged: list[Array] = []
        for sounds, names in zip((one, other), tracks, strict=True):
            unique = sorted(set(names))
            half = set(rng.permutation(unique)[: len(unique) // 2])
            learnt.append(
                np.concatenate([s for s, n in zip(sounds, names, strict=True) if n in half])
            )
            judged.append(
                np.concatenate([s for s, n in zip(sounds, names, strict=True) if n not in half])
            )
        model = make_pipeline(
            StandardScaler(), LogisticRegression(C=0.02, class_weight="balanced", max_iter=2000)
        )
        labels = np.repeat([0, 1], [len(part) for part in learnt])
        model.fit(np.concatenate(learnt), labels)
        right = [float(np.mean(model.predict(part) == k)) for k, part in enumerate(judged)]
        found.append(float(np.mean(right)))
    return float(np.mean(found))
