"""What is left of the music: onsets, chroma and notes of one sound beside another."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
import soxr

import engine.machine_code  # noqa: F401  (librosa keeps some too)
from engine.dsp.arrays import Array, Audio

_RATE = 22050
_WINDOW_S = 0.05  # within which two onsets are one: MIREX, mir_eval's default
_NOTES_FRAME = 43844  # samples that the network takes at once
_NOTES_OVERLAP = 7680


def mono(sound: Audio, rate: int) -> Array:
    """One channel at 22.05 kHz, (samples,)."""
    return np.asarray(soxr.resample(sound.mean(axis=0), rate, _RATE), np.float32)


def onsets_s(sound: Array) -> Array:
    """Onset times of a sound of :func:`mono`, seconds (librosa's spectral flux)."""
    import librosa

    return np.asarray(
        librosa.onset.onset_detect(y=sound, sr=_RATE, hop_length=256, units="time"), float
    )


def onset_scores(reference: Array, estimate: Array) -> tuple[float, float, float]:
    """F, precision and recall of onsets within 50 ms (Raffel et al. 2014, mir_eval)."""
    import mir_eval

    f, precision, recall = mir_eval.onset.f_measure(reference, estimate, window=_WINDOW_S)
    return float(f), float(precision), float(recall)


def chroma(sound: Array) -> Array:
    """Constant-Q chroma, (12, frames)."""
    import librosa

    return np.asarray(librosa.feature.chroma_cqt(y=sound, sr=_RATE, hop_length=1024))


def notes(sound: Array) -> Array:
    """Note posteriorgram, (frames, 88): Basic Pitch (Bittner et al. 2022), its own weights."""
    session = _note_network()
    step = _NOTES_FRAME - _NOTES_OVERLAP
    padded = np.pad(sound, (_NOTES_OVERLAP // 2, _NOTES_FRAME))
    trim = _NOTES_OVERLAP // 2 // 256  # frames at each end that lack their context
    frames = []
    for first in range(0, len(sound), step):
        piece = padded[None, first : first + _NOTES_FRAME, None]
        (found,) = session.run([_NOTE_OUTPUT], {session.get_inputs()[0].name: piece})
        frames.append(found[0, trim:-trim])
    return np.concatenate(frames)[: len(sound) // 256]


def correlation(one: Array, other: Array) -> float:
    """Pearson correlation of two arrays of one shape; 0 if either is constant."""
    a, b = one - one.mean(), other - other.mean()
    scale = float(np.sqrt(np.sum(a * a) * np.sum(b * b)))
    return float(np.sum(a * b) / scale) if scale > 0 else 0.0


_NOTE_OUTPUT = "StatefulPartitionedCall:1"


@lru_cache(maxsize=1)
def _note_network() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    model = resources.files("train.judge") / "basic_pitch" / "nmp.onnx"
    return onnxruntime.InferenceSession(
        model.read_bytes(), options, providers=["CPUExecutionProvider"]
    )
