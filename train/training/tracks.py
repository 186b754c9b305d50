"""Whole tracks and their twins in memory, and the stretches of them that a step learns from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from engine.dsp.streaming import KNOWN, LEADS, MEMORY, input_size, turns
from engine.dsp.tempo import Tempo
from train.data.dataset import Dataset, Split, at_level, read_audio
from train.training.versions import FULL, Version, Versions

SPIN_UP = 8
"""Columns of sound before those that losses are taken of: the transforms' past."""
_TEMPO_ERROR_COLUMNS = 0.5  # as a good clock leaves it
_SILENT = -1.0
_AT_ONCE = 16  # files in memory as they are: a minute takes 21 MB


@dataclass(frozen=True)
class Piece:
    """A performance, and of what it is one.

    Attributes:
        own: the performance.
        twin: the same piece in the other genre, where somebody performed it.
        tempo: of both.
    """

    own: Version
    twin: Version | None
    tempo: Tempo

    def exchanged(self) -> Piece:
        """The twin's own part in it."""
        assert self.twin is not None
        return Piece(self.twin, self.own, self.tempo)


@dataclass(frozen=True)
class Stretches:
    """Parts of pieces of one genre.

    Attributes:
        given: what the generator is told, (batch, input_size, columns).
        image: at the generator's level, −1 … 1, (batch, bands, columns).
        sound: mono sound of the last of these columns, (batch, samples).
    """

    given: Tensor
    image: Tensor
    sound: Tensor

    def share(self, part: slice) -> Self:
        """Some of the batch."""
        return type(self)(*(value[part] for value in vars(self).values()))


@dataclass(frozen=True)
class Pairs(Stretches):
    """Parts of pieces, and the same parts of their twins.

    Attributes:
        wanted, twin: image and sound of the twins.
    """

    wanted: Tensor
    twin: Tensor


@dataclass(frozen=True)
class Draw:
    """What is drawn.

    Attributes:
        batch: how many stretches.
        columns: that losses are taken of.
        before: columns before them, which the generator only hears.
        memory: share of those with a clock.
        backwards: of the target's genre, to become the source's.
    """

    batch: int
    columns: int
    before: int
    memory: float
    backwards: bool


@dataclass(frozen=True)
class _Chosen:
    piece: Piece
    first: int
    error: float
    clock: bool


class Pieces:
    """All pieces of a split.

    Args:
        data: the dataset, prepared with whole tracks.
        source: one of its genres.
        target: another of its genres; None where one is all that there is.
        split: which tracks.
        device: where they are kept.
        twins: whether each track is shown with its twin, both ways.
        most: tracks of each genre; all by default.

    Attributes:
        rate: of their sound, hertz.
        hop: samples between columns.

    Raises:
        InputError: the dataset has no whole tracks, or no twins.
    """

    def __init__(
        self,
        data: Dataset,
        source: str,
        target: str | None,
        split: Split,
        device: torch.device,
        twins: bool,
        most: int | None = None,
    ) -> None:
        self._device, self.rate = device, data.manifest.rate
        made = Versions(data.front_end, self.rate, data.manifest.level_db, device)
        self.hop = made.hop
        genres = [genre for genre in (source, target) if genre is not None]
        tracks = [track for genre in genres for track in data.tracks(genre, split)[:most]]
        paths = [data.whole_paths(track, twins) for track in tracks]
        files = [path for some in paths for path in some]
        versions: list[Version] = []
        with ThreadPoolExecutor() as pool:  # decoding leaves the interpreter
            for first in range(0, len(files), _AT_ONCE):
                sounds = pool.map(read_audio, files[first : first + _AT_ONCE])
                versions += [made.of(at_level(sound)) for sound in sounds]
        there = iter(versions)
        own: dict[str | None, list[Piece]] = {source: [], target: []}
        for track in tracks:
            version, twin = next(there), next(there) if twins else None
            own[track.genre].append(Piece(version, twin, Tempo(track.bpm, track.downbeat_s)))
        shown: dict[bool, list[Piece]] = {
            False: own[source] + [p.exchanged() for p in own[target] if twins],
            True: own[target] + [p.exchanged() for p in own[source] if twins],
        }
        self._of = shown

    def draw(self, rng: np.random.Generator, asked: Draw) -> Stretches:
        """Random stretches of random pieces."""
        chosen = self._choose(rng, asked)
        return Stretches(*self._shown(chosen, asked.columns, asked.before))

    def draw_pairs(self, rng: np.random.Generator, asked: Draw) -> Pairs:
        """Random stretches of random pieces, with their twins."""
        chosen = self._choose(rng, asked)
        twins = [one.piece.twin for one in chosen if one.piece.twin is not None]
        wanted, twin = self._heard(twins, chosen, asked.columns, asked.before)
        return Pairs(*self._shown(chosen, asked.columns, asked.before), wanted, twin)

    def _choose(self, rng: np.random.Generator, asked: Draw) -> list[_Chosen]:
        chosen, some, length = [], self._of[asked.backwards], asked.before + asked.columns
        for _ in range(asked.batch):
            piece = some[int(rng.integers(len(some)))]
            twin = piece.twin or piece.own
            most = min(len(piece.own.image), len(twin.image)) - length - SPIN_UP
            first = int(rng.integers(0, max(1, most)))
            error = float(rng.uniform(-_TEMPO_ERROR_COLUMNS, _TEMPO_ERROR_COLUMNS))
            chosen.append(_Chosen(piece, first, error, rng.random() < asked.memory))
        return chosen

    def _shown(
        self, chosen: list[_Chosen], columns: int, before: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        length = before + columns
        given = torch.stack(
            [self._given(c.piece, c.first, length, c.error, c.clock) for c in chosen]
        )
        own = [one.piece.own for one in chosen]
        return given, *self._heard(own, chosen, columns, before)

    def _heard(
        self, versions: list[Version], chosen: list[_Chosen], columns: int, before: int
    ) -> tuple[Tensor, Tensor]:
        """Image and sound of versions at the places that were chosen."""
        begin, samples = before - SPIN_UP, (columns + SPIN_UP) * self.hop
        there = list(zip(versions, chosen, strict=True))
        images = [self._columns(v, one.first, before + columns).T for v, one in there]
        sounds = [self._sound(v, (one.first + begin) * self.hop, samples) for v, one in there]
        return torch.stack(images), torch.stack(sounds)

    def count(self, backwards: bool) -> int:
        """How many pieces there are."""
        return len(self._of[backwards])

    def given(self, backwards: bool, clock: bool, number: int = 0) -> Tensor:
        """What the generator is told of a whole piece, (input_size, columns).

        Args:
            backwards: whether it is of the target's genre.
            clock: whether there is one.
            number: of the piece.
        """
        piece = self._of[backwards][number]
        return self._given(piece, 0, len(piece.own.image), 0.0, clock)

    def sound(self, backwards: bool, number: int = 0) -> Tensor:
        """A whole piece, mono, (samples,)."""
        own = self._of[backwards][number].own
        return self._sound(own, 0, len(own.sound))

    def image(self, backwards: bool, number: int = 0) -> Tensor:
        """A whole piece at the generator's level, −1 … 1, (bands, columns)."""
        own = self._of[backwards][number].own
        return self._columns(own, 0, len(own.image)).T

    def _given(self, piece: Piece, first: int, length: int, error: float, clock: bool) -> Tensor:
        version, tempo = piece.own, piece.tempo
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
        out[-KNOWN - 1 :] = torch.from_numpy(turns(seconds, tempo).T).to(self._device)
        return out

    def _columns(self, version: Version, first: int, length: int) -> Tensor:
        found = version.image[first : first + length].float()
        if len(found) < length:
            rest = found.new_full((length - len(found), found.shape[1]), _SILENT)
            found = torch.cat([found, rest])
        return found

    def _sound(self, version: Version, first: int, samples: int) -> Tensor:
        found = version.sound[first : first + samples].float()
        return pad(found, (0, samples - len(found))) * (FULL / 32768.0)
