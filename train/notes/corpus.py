"""From a manifest to its sound files."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from engine.dsp.arrays import Audio
from engine.errors import InputError
from engine.io.files import SoundWriter, make_folder
from train.notes.families import TWINS
from train.notes.manifest import CLIP_RATE, CLIP_S, Clip, Font, Manifest, Melody, begin
from train.notes.midi import Passage
from train.notes.soundfonts import Stock
from train.notes.synthesis import RATE, SCRATCH, check_installed, synthesise

_CLIPS, _MELODIES = 48, 16
"""At once: 4 to 5 minutes, 100 MB while they are played."""
_SILENT = 1e-4  # of full scale; the softest notes of the usual soundfonts reach thirty times that


@dataclass(frozen=True)
class _Item:
    """A sound file that is to be.

    Attributes:
        path: of the file.
        soundfont: name of the soundfont.
        passage: what is played.
        rate: of the file, hertz.
    """

    path: Path
    soundfont: str
    passage: Passage
    rate: int


def plan_corpus(
    stock: Stock, clips: Sequence[Clip], melodies: Sequence[Melody], melody_rate: int, seed: int
) -> Manifest:
    """The manifest of what was drawn and chosen.

    Args:
        stock: the soundfonts.
        clips: see :func:`train.notes.drawing.draw_clips`.
        melodies: see :func:`train.notes.melodies.choose_melodies`.
        melody_rate: their sample rate, hertz.
        seed: that all of it was drawn with.
    """
    fonts = tuple(Font(name=font.name, sha256=font.sha256) for font in stock.all)
    return Manifest(
        seed=seed,
        soundfonts=fonts,
        melody_rate=melody_rate,
        clips=tuple(clips),
        melodies=tuple(melodies),
    )


def write_corpus(folder: Path, stock: Stock, manifest: Manifest) -> Iterator[Path]:
    """Render what a manifest says.

    Files that exist are left as they are, so that an interrupted run goes on.

    Args:
        folder: where it goes.
        stock: the soundfonts.
        manifest: see :func:`plan_corpus`.

    Yields:
        Each file as it is done.

    Raises:
        InputError: fluidsynth is missing, or a soundfont is broken, silent or too loud.
        UsageError: the folder holds something else, or was begun with another manifest.
        OutputError: the folder cannot be written.
    """
    check_installed()
    begin(folder, manifest)
    for left in folder.glob(f"{SCRATCH}*"):  # by a run that was killed
        shutil.rmtree(left, ignore_errors=True)
    paths = {font.name: font.path for font in stock.all}
    clips = [_of_clip(clip, folder) for clip in manifest.clips]
    melodies = [
        _of_melody(melody, family, folder, manifest.melody_rate)
        for melody in manifest.melodies
        for family in TWINS
    ]
    for items, most in ((clips, _CLIPS), (melodies, _MELODIES)):
        for batch in _batches(items, most):
            yield from _render(batch, paths[batch[0].soundfont], folder)


def _of_clip(clip: Clip, folder: Path) -> _Item:
    passage = Passage(clip.program, (clip.note,), CLIP_S)
    return _Item(clip.path(folder), clip.soundfont, passage, CLIP_RATE)


def _of_melody(melody: Melody, family: str, folder: Path, rate: int) -> _Item:
    passage = Passage(melody.program(family), melody.notes, melody.length_s)
    return _Item(melody.path(folder, family), melody.soundfont, passage, rate)


def _batches(items: Sequence[_Item], most: int) -> Iterator[list[_Item]]:
    """Items of one soundfont each; always the same ones together, see
    :mod:`train.notes.synthesis`."""
    for soundfont in sorted({item.soundfont for item in items}):
        own = [item for item in items if item.soundfont == soundfont]
        yield from (own[first : first + most] for first in range(0, len(own), most))


def _render(batch: Sequence[_Item], soundfont: Path, folder: Path) -> Iterable[Path]:
    """Render the files of a batch that do not exist."""
    there = [item.path.exists() for item in batch]
    if all(there):
        yield from (item.path for item in batch)
        return
    sounds = synthesise(soundfont, [item.passage for item in batch], folder)
    for item, sound, exists in zip(batch, sounds, there, strict=True):
        if not exists:
            _write(item, sound, soundfont)
        yield item.path


def _write(item: _Item, sound: Audio, soundfont: Path) -> None:
    """Write a file at its own rate.

    Raises:
        InputError: it would be silent, or clipped.
        OutputError: it cannot be written.
    """
    resampled = soxr.resample(sound[0], RATE, item.rate, quality="VHQ")[None]
    peak = float(np.abs(resampled).max())
    if not _SILENT <= peak <= 1.0:
        raise InputError(
            str(soundfont),
            f"program {item.passage.program} is {'silent' if peak < 1.0 else 'too loud'}"
            f" in {item.path.name}",
            expected=f"a peak of {_SILENT:g} to 1",
            cure="Take the soundfont out of the folder.",
        )
    make_folder(item.path.parent)
    with SoundWriter(item.path, item.rate, 1, inside=True) as file:
        file.write(resampled)
        file.keep()
