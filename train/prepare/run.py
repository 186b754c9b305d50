"""All tracks of a dataset, several at a time, and the manifest at the end."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import soundfile as sf

from engine.errors import InputError, OutputError, UsageError
from engine.strict_json import written
from engine.writing import own_folder, write_whole
from train.cluster import unheard
from train.data.dataset import Manifest, Track
from train.prepare.clips import shares
from train.prepare.outcome import Outcome, PrepareSettings
from train.prepare.sources import Source, find_sources, genre_of
from train.prepare.work import NOTES, process, remembered

_MANIFEST = "dataset.json"


@dataclass(frozen=True)
class Prepared:
    """A finished run.

    Attributes:
        manifest: as written.
        outcomes: of every source, in the order of genre and path.
    """

    manifest: Manifest
    outcomes: tuple[Outcome, ...]

    @property
    def skipped(self) -> list[Outcome]:
        """Sources that became no track."""
        return [outcome for outcome in self.outcomes if outcome.skipped is not None]


def prepare_dataset(
    folder: Path,
    genres: Sequence[Path],
    settings: PrepareSettings,
    *,
    held_out: float = 0.3,
    seed: int = 0,
    jobs: int = 1,
    twins: Path | None = None,
    total: int | None = None,
    test: int = 0,
    progress: Callable[[int, int, Outcome], None] | None = None,
) -> Prepared:
    """Make a dataset of folders of music, or complete one.

    Args:
        folder: of the dataset.
        genres: folders of music, two or more; a genre's name is its folder's.
        settings: what the segments have in common.
        held_out: share of the tracks to hold out, where a folder does not say by itself.
        seed: of that choice.
        jobs: tracks at a time.
        twins: folder of twins, see :class:`train.data.manifest.Track`.
        total: clips of each genre, spread over its tracks; None for what the settings say of each.
        test: clips of each genre that a split by clip holds out.
        progress: called with the number done, of how many, and the last outcome.

    Raises:
        UsageError: fewer than two genres, two of one name, or one inside of the other; or the
            folder holds something else.
        InputError: a folder is missing or holds no music, or no track could be prepared.
        OutputError: the dataset cannot be written.
    """
    check_apart(folder, [*genres, *([twins] if twins else [])])
    sources = find_sources(genres, held_out, seed, twins)
    asked = shares(sources, settings, total)
    own_folder(folder, [_MANIFEST, NOTES, "images/*/*.npy"])
    done: dict[int, Outcome] = {}
    for index, source in enumerate(sources):
        if (known := remembered(folder, source, asked[index])) is not None:
            done[index] = known
            if progress:
                progress(len(done), len(sources), known)
    missing = [index for index in range(len(sources)) if index not in done]
    try:
        (folder / NOTES).mkdir(exist_ok=True)  # an interrupted run is known by it
        if missing:
            # Its segments are about to change: half a dataset must not pass for a whole one.
            (folder / _MANIFEST).unlink(missing_ok=True)
        for index, outcome in _each(folder, sources, missing, asked, jobs):
            done[index] = outcome
            if progress:
                progress(len(done), len(sources), outcome)
        outcomes = tuple(done[index] for index in range(len(sources)))
        tracks = _tracks([one for one in outcomes if one.skipped is None], test, seed)
        if not tracks:
            raise InputError(
                str(folder),
                f"none of {len(sources)} files could be prepared",
                cure="The warnings say why for each.",
            )
        manifest = Manifest(
            front_end=settings.images.to_json(),
            bpm=settings.bpm,
            level_db=settings.level_db,
            low_pass_hz=settings.low_pass_hz,
            mono=settings.mono,
            genres=tuple(genre_of(genre) for genre in genres),
            tracks=tracks,
        )
        written_ = written(manifest.model_dump(), indent=1) + "\n"
        write_whole(folder / _MANIFEST, written_, inside=True)
    except (InputError, OutputError):
        raise
    except (OSError, sf.LibsndfileError) as fault:
        raise OutputError(
            str(folder),
            f"cannot be written ({fault})",
            cure="Make room on the disk, or choose another folder; what is done is kept.",
        ) from fault
    return Prepared(manifest, outcomes)


def check_apart(folder: Path, sources: Sequence[Path]) -> None:
    """No folder may lie in another: a dataset's segments would become tracks, or a track be of
    two genres.

    Raises:
        UsageError: one does.
    """
    everything = [(path, path.resolve()) for path in (*sources, folder)]
    for i, (one, a) in enumerate(everything):
        for other, b in everything[i + 1 :]:
            if a == b or a in b.parents or b in a.parents:
                raise UsageError(
                    "prepare", f"{one} and {other} overlap", cure="Name folders beside each other."
                )


def _tracks(outcomes: Sequence[Outcome], test: int, seed: int) -> tuple[Track, ...]:
    """Entries of the manifest; of each genre so many segments, drawn from all, are test clips."""
    chosen: dict[int, list[int]] = {number: [] for number in range(len(outcomes))}
    for genre in dict.fromkeys(outcome.source.genre for outcome in outcomes):
        clips = [
            (number, clip)
            for number, outcome in enumerate(outcomes)
            if outcome.source.genre == genre
            for clip in range(len(outcome.facts["starts_s"]))
        ]
        drawn = np.random.default_rng([seed, zlib.crc32(genre.encode())])
        for place in drawn.permutation(len(clips))[:test]:
            number, clip = clips[int(place)]
            chosen[number].append(clip)
    return tuple(one.track(tuple(sorted(chosen[n]))) for n, one in enumerate(outcomes))


def _each(
    folder: Path,
    sources: Sequence[Source],
    missing: Sequence[int],
    asked: Sequence[PrepareSettings],
    jobs: int,
) -> Iterable[tuple[int, Outcome]]:
    work = (joblib.delayed(_numbered)(i, folder, sources[i], asked[i]) for i in missing)
    parallel = joblib.Parallel(
        n_jobs=jobs if jobs < 0 else min(jobs, max(1, len(missing))),
        return_as="generator_unordered",
        pre_dispatch="2*n_jobs",
    )
    with unheard():
        outcomes = parallel(work)
    yield from outcomes


def _numbered(
    index: int, folder: Path, source: Source, settings: PrepareSettings
) -> tuple[int, Outcome]:
    return index, process(folder, source, settings)
