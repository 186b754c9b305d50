"""A prepared dataset: the folder that ``prepare`` writes and that training and the judge read::

    DATASET/dataset.json                     what it is: see Manifest
    DATASET/audio/GENRE/TRACK-N.flac         a segment: the four bars before it, then its own four
    DATASET/images/GENRE/TRACK-N.npy         the same as log-mel columns, see Segment.image
    DATASET/audio/GENRE/twins/TRACK-N.flac   the same bars of the track's twin in the other genre
    DATASET/whole/GENRE/TRACK.flac           the whole track at its own tempo, where asked for
    DATASET/whole/GENRE/twins/TRACK.flac     and its twin
    DATASET/tracks/GENRE/TRACK.json          what ``prepare`` remembers, so that it can go on

The four bars before a segment are what the phrase window holds when the segment begins.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
from pydantic import ValidationError

from engine.dsp.arrays import Array, Audio
from engine.dsp.front_ends import FRONT_ENDS, STAGE, name_of
from engine.dsp.frontend import FrontEnd
from engine.dsp.tempo import Tempo
from engine.errors import FrontEndError, InputError
from engine.paths import native
from train.data.manifest import RATE, Manifest, Split, SplitBy, Track

__all__ = ["RATE", "Dataset", "Manifest", "Segment", "Split", "SplitBy", "Track"]

BPM = 175.0
HEADROOM_DB = 12.0
"""Segments are stored this much below the dataset's level, so that no peak is clipped."""
TAIL_S = 0.1
"""Sound kept behind a segment, so that its last columns see what follows."""


@dataclass(frozen=True)
class Segment:
    """Four bars of a track, with the four before them.

    Attributes:
        track: whose.
        number: from 0.
        audio_path: sound, two phrases and ``TAIL_S``, ``HEADROOM_DB`` below the dataset's level.
        image_path: (2, columns, n_mels) float16, dB, not clipped: the phrase before and its own.
        twin_path: the same bars in the other genre, or None.
    """

    track: Track
    number: int
    audio_path: Path
    image_path: Path
    twin_path: Path | None

    @property
    def name(self) -> str:
        """Unique in the dataset."""
        return f"{self.track.genre}/{self.track.name}-{self.number}"

    def audio(self) -> Audio:
        """Sound at the dataset's level, (channels, samples): two phrases and ``TAIL_S``."""
        return at_level(read_audio(self.audio_path))

    def image(self) -> Array:
        """Log-mel columns of the phrase before and of its own, (2, columns, n_mels), dB."""
        return np.asarray(np.load(self.image_path), np.float32)


def read_audio(path: Path) -> Audio:
    """A whole sound file as (channels, samples) float32.

    Raises:
        InputError: it is missing or damaged.
    """
    try:
        sound, _ = sf.read(native(path), dtype="float32", always_2d=True)
    except (sf.LibsndfileError, RuntimeError, OSError) as fault:
        raise InputError(
            str(path), f"cannot be read ({fault})", cure="Prepare the dataset again."
        ) from fault
    return np.ascontiguousarray(sound.T)


def at_level(stored: Audio) -> Audio:
    """Sound of a dataset's file at the dataset's level."""
    return stored * np.float32(10 ** (HEADROOM_DB / 20))


class Dataset:
    """A folder that ``prepare`` wrote.

    Args:
        folder: where it is.

    Raises:
        InputError: it is no dataset, or of another format.
        FrontEndError: its images are of another front end than this version's.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / "dataset.json"
        cure = f"Make one: doubledrop prepare {folder} FOLDER_OF_MUSIC FOLDER_OF_MUSIC"
        try:
            self.manifest = Manifest.model_validate_json(path.read_text(encoding="utf-8"))
        except OSError as fault:
            raise InputError(str(folder), "no dataset", expected=path.name, cure=cure) from fault
        except (ValidationError, json.JSONDecodeError) as fault:
            reason = fault.errors()[0]["msg"] if isinstance(fault, ValidationError) else str(fault)
            raise InputError(str(path), f"no valid dataset ({reason})", cure=cure) from fault
        self.front_end = FrontEnd.from_json(self.manifest.front_end)
        if self.front_end not in FRONT_ENDS.values():
            raise FrontEndError(
                str(path),
                f"front end {self.front_end.fingerprint}",
                expected=" or ".join(known.fingerprint for known in FRONT_ENDS.values()),
                cure="Prepare the dataset again with this version.",
            )

    @property
    def genres(self) -> tuple[str, ...]:
        """Names of the genres, as given to ``prepare``."""
        return self.manifest.genres

    def check_front_end(self, wanted: FrontEnd) -> None:
        """Whether the images are what a recipe or a generator is made for.

        Args:
            wanted: the front end of that.

        Raises:
            FrontEndError: they are another front end's.
        """
        if self.front_end != wanted:
            raise FrontEndError(
                str(self.folder),
                f"images of front end {name_of(self.front_end)}",
                expected=name_of(wanted),
                cure=f"Prepare another folder with --front-end {name_of(wanted)}.",
            )

    @property
    def tempo(self) -> Tempo:
        """Of every segment's sound: its own four bars are phrase 1."""
        return Tempo(self.manifest.bpm, 0.0)

    def tracks(self, genre: str, split: Split | None = None) -> list[Track]:
        """Tracks of a genre, in the order of their names.

        Raises:
            InputError: there is no such genre.
        """
        if genre not in self.genres:
            raise InputError(
                str(self.folder),
                f"no genre {genre!r}",
                expected=" or ".join(self.genres),
                cure="Name one of these.",
            )
        found = [t for t in self.manifest.tracks if t.genre == genre and split in (None, t.split)]
        return sorted(found, key=lambda track: track.name)

    def segments(
        self, genre: str, split: Split | None = None, by: SplitBy = "track"
    ) -> list[Segment]:
        """Segments of a genre, track by track.

        Args:
            genre: one of the dataset.
            split: the side; None for both.
            by: what is on one side as a whole.

        Raises:
            InputError: there is no such genre, or nothing that a split by clip holds out.
        """
        if by == "clip" and split is not None:
            return self._by_clip(genre, split)
        return [
            Segment(
                track,
                number,
                audio_path(self.folder, track, number),
                image_path(self.folder, track, number),
                twin_path(self.folder, track, number) if track.twin else None,
            )
            for track in self.tracks(genre, split)
            for number in range(len(track.starts_s))
        ]

    def _by_clip(self, genre: str, split: Split) -> list[Segment]:
        everything = self.segments(genre)
        tested = [segment.number in segment.track.test_clips for segment in everything]
        if not any(tested):
            raise InputError(
                str(self.folder),
                f"no test clips of {genre!r}",
                cure="Prepare with --clips 4 --total 800 --test 10, or split by track.",
            )
        held_out = split == "held-out"
        return [one for one, test in zip(everything, tested, strict=True) if test == held_out]

    def twin_image(self, segment: Segment) -> Array:
        """Log-mel columns of a segment's twin, as :meth:`Segment.image`.

        Raises:
            InputError: it has none, or its file is damaged.
        """
        if segment.twin_path is None:
            raise InputError(
                str(self.folder),
                f"no twin of {segment.name}",
                cure="Compose with --train-twins, and prepare with --twins.",
            )
        sound = at_level(read_audio(segment.twin_path))
        return np.asarray(images_of(sound, 0, self.manifest.bpm, self.front_end), np.float32)

    def whole_paths(self, track: Track, twin: bool) -> tuple[Path, ...]:
        """Sound of a whole track, and of its twin where asked for, stored as segments are.

        Raises:
            InputError: it is not kept.
        """
        what, cure = "no whole track", "Prepare with --whole."
        if twin:
            what += " and twin"
            cure = "Compose with --train-twins, and prepare with --twins and --whole."
        if not track.whole or (twin and not track.twin):
            raise InputError(str(self.folder), f"{what} of {track.genre}/{track.name}", cure=cure)
        return tuple(whole_path(self.folder, track, which) for which in sorted({False, twin}))

    def own_phrase(self, sound: Audio, rate: int = RATE) -> Audio:
        """The four bars of a segment itself, cut from the sound of its file."""
        first = round(self.tempo.phrase_s * rate)
        return sound[..., first : first + round(self.tempo.phrase_s * rate)]


def audio_path(folder: Path, track: Track, number: int) -> Path:
    """Where a segment's sound is.

    Args:
        folder: of the dataset.
        track: whose segment.
        number: of the segment, from 0.
    """
    return folder / "audio" / track.genre / f"{track.name}-{number}.flac"


def image_path(folder: Path, track: Track, number: int) -> Path:
    """Where a segment's image is; arguments as of :func:`audio_path`."""
    return folder / "images" / track.genre / f"{track.name}-{number}.npy"


def twin_path(folder: Path, track: Track, number: int) -> Path:
    """Where the sound of a segment's twin is; arguments as of :func:`audio_path`."""
    return folder / "audio" / track.genre / "twins" / f"{track.name}-{number}.flac"


def whole_path(folder: Path, track: Track, twin: bool = False) -> Path:
    """Where a whole track's sound is, or its ``twin``'s; arguments as of :func:`audio_path`."""
    below = folder / "whole" / track.genre
    return (below / "twins" if twin else below) / f"{track.name}.flac"


def images(segments: Sequence[Segment]) -> Array:
    """Images of many segments, (segments, 2, columns, n_mels), dB."""
    return np.stack([segment.image() for segment in segments])


def images_of(sound: Audio, at: int, bpm: float, front_end: FrontEnd = STAGE) -> Array:
    """Log-mel images of two phrases in a row, (2, columns, n_mels) float16, dB.

    Args:
        sound: (channels, samples), at ``RATE``.
        at: sample at which the first phrase begins.
        bpm: tempo of the sound.
        front_end: of the images.
    """
    analyser = front_end.at(RATE)
    phrase = Tempo(bpm).phrase_s * RATE
    columns = int(np.ceil(phrase / analyser.hop))
    images = [analyser.log_mel(sound, at + k * phrase, columns) for k in range(2)]
    return np.stack(images).astype(np.float16)
