"""A blend from files to files."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.dsp.settings import MIN_RATE
from engine.errors import InputError
from engine.io.files import SoundReader, SoundWriter
from engine.io.sources import FileSource
from train.style.descent import Blend, Descent, blend
from train.style.features import Features
from train.style.spectra import Phase, Spectra

_PREVIEW_S = 10.0  # between two
SHORTEST_S = 0.5


@dataclass(frozen=True)
class Sounds:
    """What a blend is made of, and what came out.

    Attributes:
        rate: hertz, of all.
        content, style, out: (channels, samples).
        found: its magnitudes, and how far they got.
    """

    rate: int
    content: Audio
    style: Audio
    out: Audio
    found: Blend


def blend_files(
    content: Path,
    style: Path,
    out: Path,
    features: Features,
    how: Descent,
    *,
    start_s: float,
    seconds: float,
    phase: Phase,
    seed: int,
    told: Callable[[int, int, float], None],
    preview: Callable[[Path], None] | None = None,
    force: bool = False,
) -> Sounds:
    """Write a part of a file in the style of another file.

    Args:
        content: what is to be heard.
        style: how it is to sound; its first ``seconds`` count.
        out: the sound file to write.
        features: what content and style are taken from.
        how: it is done.
        start_s: of the content, seconds from its beginning.
        seconds: longest part of each.
        phase: of the output.
        seed: of noise that it begins from.
        told: after each step: steps done, steps in all, the style's loss over that at first.
        preview: told that ``out`` can be listened to as it is so far; None for no such thing.
        force: whether ``out`` may replace a file that is not ours.

    Raises:
        InputError: a file cannot be read, or is shorter than half a second from there on.
    """
    with SoundReader(content) as reader:
        rate = features.sample_rate or max(reader.rate, MIN_RATE)
    given, wanted = _part(content, rate, start_s, seconds), _part(style, rate, 0.0, seconds)
    own, other = (Spectra(sound, features.window, features.hop) for sound in (given, wanted))
    written = time.monotonic()

    def step(done: int, of: int, ratio: float, magnitude: Callable[[], Array]) -> None:
        nonlocal written
        told(done, of, ratio)
        if preview is not None and done < of and time.monotonic() - written > _PREVIEW_S:
            _write(out, rate, own.sound(magnitude(), "content"), (content, style), force)
            preview(out)
            written = time.monotonic()

    found = blend(own.magnitude, other.magnitude, features, how, seed, step)
    made = own.sound(found.magnitude, phase)
    _write(out, rate, made, (content, style), force)
    return Sounds(rate, given, wanted, made, found)


def _part(path: Path, rate: int, start_s: float, seconds: float) -> Audio:
    """Part of a file at a rate, (channels, samples).

    Raises:
        InputError: it cannot be read, or is too short.
    """
    source = FileSource(path, rate)
    try:
        frames, skipped = source.frames or 0, round(start_s * rate)
        if frames - skipped < SHORTEST_S * rate:
            raise InputError(
                str(path),
                f"{frames / rate:.2f} s of sound",
                expected=f"at least {start_s + SHORTEST_S:g} s",
                cure="Choose a longer file, or an earlier --start.",
            )
        if skipped:
            source.read(skipped)
        sound = source.read(min(round(seconds * rate), frames - skipped))
    finally:
        source.close()
    assert sound is not None
    return np.ascontiguousarray(sound)


def _write(path: Path, rate: int, sound: Audio, inputs: tuple[Path, ...], force: bool) -> None:
    with SoundWriter(path, rate, len(sound), inputs=inputs, force=force) as writer:
        writer.write(sound)
        writer.keep()
