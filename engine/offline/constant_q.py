"""The loudest phrase of a file before and after, as constant-Q pictures side by side.

As figure 1 of Vande Veire et al. 2019: mel bands are too coarse at the bottom to show what a style
does to kicks and basses.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

import engine.machine_code  # noqa: F401  (librosa keeps some too)
from engine.dsp.arrays import Array
from engine.dsp.tempo import Tempo
from engine.io.files import SoundReader, read_part
from engine.pictures import head, hertz_labels, pyplot, save

_LOW_HZ, _HIGH_HZ = 32.7, 16000.0  # C1, and as many whole octaves as there is room for
_BINS_PER_OCTAVE = 36
_HOP = 512
_RANGE_DB = 70.0


def draw_constant_q(
    before: Path, after: Path, tempo: Tempo, path: Path, title: str, force: bool = False
) -> Path:
    """Draw two files that lie on each other.

    Args:
        before: sound file, the input.
        after: the output, of the same rate and length.
        tempo: where phrases begin.
        path: PNG to write.
        title: above the picture.
        force: whether it may replace a file that is not ours.

    Raises:
        InputError: a file cannot be read.
        OutputError: the picture cannot be written.
    """
    first, frames = loudest_phrase(before, tempo)
    images, rate = [], 0
    for file in (before, after):
        sound, rate = read_part(file, first, frames)
        images.append(constant_q_db(np.nan_to_num(sound.mean(axis=0)), rate))
    top = max(float(image.max()) for image in images)
    plt = pyplot()
    figure, axes = plt.subplots(
        1, 2, figsize=(16, 7), sharey=True, constrained_layout=True, dpi=100
    )
    hertz = np.array([50, 100, 200, 500, 1000, 2000, 5000, 10000])
    at = _BINS_PER_OCTAVE * np.log2(hertz / _LOW_HZ)
    inside = at < len(images[0])
    start_s, end_s = first / rate, (first + frames) / rate
    for axis, image, name in zip(axes, images, ("input", "output"), strict=True):
        shown = axis.imshow(
            image,
            origin="lower",
            aspect="auto",
            cmap="magma",
            vmin=top - _RANGE_DB,
            vmax=top,
            extent=(start_s, end_s, 0, len(image)),
            interpolation="nearest",
        )
        axis.set_title(name)
        axis.set_xlabel("seconds; lines: bars")
        for bar in range(1, tempo.bars):
            axis.axvline(start_s + bar * tempo.bar_s, color="white", lw=0.5, alpha=0.7)
    axes[0].set_yticks(at[inside], hertz_labels(hertz[inside]))
    axes[0].set_ylabel("Hz, constant Q")
    figure.colorbar(shown, ax=axes, pad=0.01, label="dB")
    head(figure, title)
    return save(figure, path, force)


def loudest_phrase(path: Path, tempo: Tempo) -> tuple[int, int]:
    """First sample and length of the loudest whole phrase; the whole of a shorter file."""
    with SoundReader(path) as reader:
        length = tempo.phrase_s * reader.rate
        first = (tempo.downbeat_s % tempo.phrase_s) * reader.rate
        count = int((reader.frames - first) / length)
        if count < 1:
            return 0, reader.frames
        edges = np.round(first + np.arange(count + 1) * length).astype(np.int64)
        energy, at = np.zeros(count), 0
        for block in reader.blocks():
            power = np.nan_to_num(block.astype(np.float64) ** 2, posinf=0.0).sum(axis=0)
            phrase = np.searchsorted(edges, at + np.arange(len(power)), "right") - 1
            inside = (phrase >= 0) & (phrase < count)
            energy += np.bincount(phrase[inside], power[inside], count)
            at += len(power)
    best = int(np.argmax(energy))
    return int(edges[best]), int(edges[best + 1] - edges[best])


def constant_q_db(sound: Array, rate: int) -> Array:
    """Level per constant-Q bin from C1 up, (bins, columns), dB (Schörkhuber & Klapuri 2010)."""
    import librosa

    octaves = int(np.log2(min(_HIGH_HZ, 0.45 * rate) / _LOW_HZ))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a sound shorter than the lowest filter
        q = librosa.cqt(
            sound,
            sr=rate,
            hop_length=_HOP,
            fmin=_LOW_HZ,
            n_bins=octaves * _BINS_PER_OCTAVE,
            bins_per_octave=_BINS_PER_OCTAVE,
        )
    return np.asarray(20 * np.log10(np.maximum(np.abs(q), 1e-6)))
