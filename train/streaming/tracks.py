"""Whole tracks and their twins in memory, and the stretches of them that a step learns from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from engine.dsp.arrays import Array, Audio
from engine.dsp.frontend import FrontEnd
from engine.dsp.streaming import KNOWN, LEADS, MEMORY, input_size, stream_gains_db, turns
from engine.dsp.tempo import Tempo
from engine.errors import InputError
from train.dataset import Dataset, Split, at_level, read_audio
from train.streaming.sound import front_end_image

SPIN_UP = 8
"""Columns of sound before those that losses are taken of: the transforms' past."""
_TEMPO_ERROR_COLUMNS = 0.5  # as a good clock leaves it
_SILENT = -1.0
_PIECE = 4096  # columns analysed at once
_AT_ONCE = 16  # files in memory as they are: a minute takes 21 MB


@dataclass(frozen=True)
class Version:
    """One performance of a piece.

    Attributes:
        sound: mono, (samples,), int16 at the dataset's level less its headroom.
        image: at the generator's level, −1 … 1, (columns, bands), float16.
    """

    sound: Tensor
    image: Tensor


@dataclass(frozen=True)
class Piece:
    """A piece as both genres perform it.

    Attributes:
        source, target: the performances.
        tempo: of both.
    """

    source: Version
    target: Version
    tempo: Tempo


@dataclass(frozen=True)
class Stretches:
    """What a step learns from in one direction.

    Attributes:
        given: what the generator is told, (batch, input_size, columns).
        sound, twin: mono sound of the last of these columns, (batch, samples).
    """

    given: Tensor
    image: Tensor
    wanted: Tensor
    sound: Tensor
    twin: Tensor


class Pieces:
    """All pieces of a split.

    Args:
        data: the dataset, prepared with whole tracks and twins.
        source, target: two of its genres.
        split: which tracks.
        device: where they are kept.
        most: tracks of each genre; all by default.

    Attributes:
        tracks: whose pieces these are.
        rate: of their sound, hertz.
        hop: samples between columns.

    Raises:
        InputError: the dataset has no whole tracks or no twins.
    """

    def __init__(
        self,
        data: Dataset,
        source: str,
        target: str,
        split: Split,
        device: torch.device,
        most: int | None = None,
    ) -> None:
        self.front_end, self.rate = data.front_end, data.manifest.rate
        self._device, self._level_db = device, data.manifest.level_db
        self._image = front_end_image(self.rate).to(device)
        self._weight = self._image.window.square()
        self.hop = self._image.hop
        self.tracks = [t for genre in (source, target) for t in data.tracks(genre, split)[:most]]
        paths = [data.whole_paths(track) for track in self.tracks]
        for track, there in zip(self.tracks, paths, strict=True):
            if there is None:
                raise InputError(
                    str(data.folder),
                    f"no whole track and twin of {track.genre}/{track.name}",
                    cure="Compose with --train-twins, and prepare with --twins and --whole.",
                )
        files = [path for pair in paths if pair for path in pair]
        versions: list[Version] = []
        with ThreadPoolExecutor() as pool:  # decoding leaves the interpreter
            for first in range(0, len(files), _AT_ONCE):
                sounds = pool.map(read_audio, files[first : first + _AT_ONCE])
                versions += [self._version(at_level(sound)) for sound in sounds]
        self._all = []
        for track, own, twin in zip(self.tracks, versions[::2], versions[1::2], strict=True):
            pair = (own, twin) if track.genre == source else (twin, own)
            self._all.append(Piece(*pair, Tempo(track.bpm, track.downbeat_s)))

    def __len__(self) -> int:
        return len(self._all)

    def draw(
        self,
        rng: np.random.Generator,
        batch: int,
        columns: int,
        before: int,
        memory: float,
        backwards: bool,
    ) -> Stretches:
        """Random stretches of random pieces.

        Args:
            rng: of the choices.
            batch: how many.
            columns: that losses are taken of.
            before: columns before them, which the generator only hears.
            memory: share of those with a clock.
            backwards: from the target to the source.
        """
        length = before + columns
        chosen = []
        for _ in range(batch):
            piece = self._all[int(rng.integers(len(self._all)))]
            own, twin = (piece.source, piece.target)[:: -1 if backwards else 1]
            most = min(len(own.image), len(twin.image)) - length - SPIN_UP
            first = int(rng.integers(0, max(1, most)))
            error = float(rng.uniform(-_TEMPO_ERROR_COLUMNS, _TEMPO_ERROR_COLUMNS))
            chosen.append(((own, twin), piece.tempo, first, error, rng.random() < memory))
        given = torch.stack(
            [self._given(pair[0], t, f, length, e, k) for pair, t, f, e, k in chosen]
        )
        begin, samples = before - SPIN_UP, (columns + SPIN_UP) * self.hop
        versions = [[(pair[side], first) for pair, _, first, _, _ in chosen] for side in (0, 1)]
        images = [
            torch.stack([self._columns(version, first, length).T for version, first in some])
            for some in versions
        ]
        sounds = [
            torch.stack([self._sound(v, (first + begin) * self.hop, samples) for v, first in some])
            for some in versions
        ]
        return Stretches(given, *images, *sounds)

    def given(self, piece: int, backwards: bool, clock: bool) -> Tensor:
        """What the generator is told of a whole piece, (input_size, columns)."""
        found = self._all[piece]
        own = found.target if backwards else found.source
        return self._given(own, found.tempo, 0, len(own.image), 0.0, clock)

    def sounds(self, piece: int, backwards: bool) -> tuple[Tensor, Tensor]:
        """A whole piece and its twin, mono, (samples,)."""
        found = self._all[piece]
        pair = (found.source, found.target)[:: -1 if backwards else 1]
        own, twin = (self._sound(version, 0, len(version.sound)) for version in pair)
        return own, twin

    def _given(
        self, version: Version, tempo: Tempo, first: int, length: int, error: float, clock: bool
    ) -> Tensor:
        bands = version.image.shape[1]
        out = torch.zeros(input_size(bands), length, device=self._device)
        out[:bands] = self._columns(version, first, length).T
        if not clock:
            return out
        columns_per_phrase = tempo.phrase_s * self.rate / self.hop
        due = np.arange(first, first + length) + LEADS[0]
        ago = np.rint(due - columns_per_phrase + error).astype(np.int64)
        at = torch.from_numpy(ago[:, None] + np.array(MEMORY)).to(self._device)
        found = version.image[at.clamp(0, len(version.image) - 1)].float()
        found[at < 0] = _SILENT
        out[bands : -KNOWN - 1] = found.flatten(1).T
        seconds = due * self.hop / self.rate - tempo.downbeat_s
        place = turns(seconds / tempo.beat_s, seconds / tempo.bar_s, seconds / tempo.phrase_s)
        out[-KNOWN - 1 :] = torch.from_numpy(place.T).to(self._device)
        return out

    def _columns(self, version: Version, first: int, length: int) -> Tensor:
        found = version.image[first : first + length].float()
        if len(found) < length:
            rest = found.new_full((length - len(found), found.shape[1]), _SILENT)
            found = torch.cat([found, rest])
        return found

    def _sound(self, version: Version, first: int, samples: int) -> Tensor:
        found = version.sound[first : first + samples].float()
        return pad(found, (0, samples - len(found))) * (_FULL / 32768.0)

    def _version(self, sound: Audio) -> Version:
        mono = torch.from_numpy(sound.mean(axis=0)).to(self._device)
        powers = self._images(torch.from_numpy(sound).to(self._device))
        levels = self._levels(torch.from_numpy(sound).to(self._device))
        gains = stream_gains_db(levels, self._level_db, self._image.hop / self.rate)
        db = powers[: len(gains)] + torch.from_numpy(gains).to(powers)[: len(powers), None]
        image = image_of(self.front_end, db).clamp(-1.0, 1.0)
        stored = (mono / _FULL).clamp(-1.0, 1.0) * 32767.0
        return Version(stored.round().to(torch.int16), image.half())

    def _images(self, sound: Tensor) -> Tensor:
        """(channels, samples) to (columns, bands), dB: the channels' powers are averaged."""
        size, hop = self._image.size, self._image.hop
        padded = pad(sound, (size // 2, size - size // 2))
        parts = []
        count = -(-sound.shape[-1] // hop)
        for first in range(0, count, _PIECE):
            part = padded[:, first * hop : (min(first + _PIECE, count) - 1) * hop + size]
            powers = torch.pow(10.0, self._image(part) / 10.0).mean(dim=0)
            parts.append(10.0 * torch.log10(powers).T)
        return torch.cat(parts)

    def _levels(self, sound: Tensor) -> Array:
        """Mean square of each column's windowed signal, as the front end says it, (columns,)."""
        size, hop = self._image.size, self._image.hop
        padded = pad(sound.square().mean(dim=0), (size // 2, size - size // 2))
        frames = padded.unfold(0, size, hop)[: -(-sound.shape[-1] // hop)]
        pieces = [frames[at : at + _PIECE] for at in range(0, len(frames), _PIECE)]
        levels = torch.cat([piece @ self._weight for piece in pieces]) / self._weight.sum()
        return np.asarray(levels.cpu().numpy(), np.float64)


_FULL = 4.0
"""Largest sample that is kept: segments stand this far above full scale at the dataset's level."""


def image_of(front_end: FrontEnd, db: Tensor) -> Tensor:
    """dB to the units of an image; what it holds is −1 … 1."""
    span = front_end.ceil_db - front_end.floor_db
    return (db - front_end.floor_db) * (2.0 / span) - 1.0
