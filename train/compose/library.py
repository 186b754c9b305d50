"""A library of some genres: who composes and performs what, and the truth about each track."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
from joblib import Parallel, delayed

from engine.dsp.arrays import Array, Audio
from engine.dsp.tempo import Tempo
from engine.errors import OutputError, UsageError
from engine.paths import native
from engine.strict_json import written
from engine.writing import Draft, own_folder, write_whole
from train.cluster import unheard
from train.compose.genres import GENRES
from train.compose.kits import Kit, kits
from train.compose.master import Target, master
from train.compose.mix import mix
from train.compose.rhythm import FRAME
from train.compose.samples import SampleLibrary
from train.compose.sound import SAMPLE_RATE
from train.compose.style import Composition, compose

PAIR = ("liquid", "dancefloor")  # where nothing else is said
TRUTH = "truth.json"
_LATEST_DOWNBEAT_S = 2.0
_OTHERS = 1_000_001  # number of the first track at another tempo
_OTHER_SPREAD = 0.12  # of these tempi


@dataclass(frozen=True)
class TrackPlan:
    """One track to be.

    Attributes:
        genre: that it is composed in.
        number: from 1; with the genre it names the track.
        held_out: whether it is kept from training.
        other: the genre of its twin.
        twin: whether it is performed in that genre too.
        kit: what it is played on.
        twin_kit: what its twin is played on.
        bpm: its tempo.
        seed: of everything else.
    """

    genre: str
    number: int
    other: str
    held_out: bool
    twin: bool
    kit: Kit
    twin_kit: Kit
    bpm: float
    seed: tuple[int, ...]

    @property
    def name(self) -> str:
        """Name of the file, without its ending."""
        return f"{self.genre}-{self.number:04d}"

    def path(self, folder: Path) -> Path:
        """Where it is written."""
        split = "held-out" if self.held_out else "train"
        return folder / self.genre / split / f"{self.name}.flac"

    def twin_path(self, folder: Path) -> Path:
        """Where its twin is written."""
        return folder / "twins" / self.genre / f"{self.name}.flac"

    def composition(self) -> Composition:
        """The score: the same whoever performs it."""
        return _composition(self.genre, self.bpm, self.seed)


def plan(
    tracks: int,
    held_out: int,
    seed: int,
    bpm_spread: float | None = None,
    train_twins: bool = False,
    other_tempi: int = 0,
    bpm: float | None = None,
    genres: Sequence[str] = PAIR,
) -> list[TrackPlan]:
    """What a library consists of.

    Half of the held-out tracks are played on kits that no training track is played on. The twin of
    a track is in the genre that comes after its own, and that of the last in the first. The tracks
    of a genre are the same whichever the others are.

    Args:
        tracks: training tracks of each genre.
        held_out: held-out tracks of each genre.
        seed: another seed, another library.
        bpm_spread: tempi lie within bpm·(1 ± spread); by default the genre's own spread.
        train_twins: whether training tracks have twins, as held-out ones have.
        other_tempi: further training tracks of each genre, at tempi within 12 % of the genre's own:
            154 to 196 BPM in drum & bass. They change nothing about the others.
        bpm: tempo of all but these; by default the genre's own.
        genres: two or more of :data:`train.compose.genres.GENRES`.

    Raises:
        UsageError: a number is negative, the spread is not below a half, or the genres are not two
            or more different ones that are known.
    """
    if len(set(genres)) != len(genres) or len(genres) < 2 or not set(genres) <= set(GENRES):
        raise UsageError(
            "genres",
            ", ".join(genres) or "none",
            expected=f"two or more different ones of {', '.join(GENRES)}",
            cure="Name a pair, such as lofi,trap.",
        )
    if min(tracks, held_out, other_tempi) < 0 or not 0 <= (bpm_spread or 0.0) < 0.5:
        raise UsageError(
            "library",
            f"{tracks} and {other_tempi} tracks, {held_out} held out, "
            f"tempo spread {bpm_spread or 0.0:g}",
            expected="numbers from 0 and a spread from 0 to 0.5",
            cure="Give other numbers.",
        )
    plans = []
    order = list(GENRES)
    for genre, other in zip(genres, (*genres[1:], genres[0]), strict=True):
        style, place = GENRES[genre].style, order.index(genre)
        own_bpm = style.bpm if bpm is None else bpm
        own_spread = style.bpm_spread if bpm_spread is None else bpm_spread
        numbers = (*range(1, tracks + held_out + 1), *range(_OTHERS, _OTHERS + other_tempi))
        both = [np.random.default_rng((seed, place, *more)) for more in ((), (_OTHERS,))]
        for number in numbers:
            at_other = number >= _OTHERS
            rng = both[at_other]
            middle, spread = (style.bpm, _OTHER_SPREAD) if at_other else (own_bpm, own_spread)
            held = tracks < number < _OTHERS
            unseen = held and number % 2 == 0
            own, twins = (kits(name)[unseen] for name in (genre, other))
            kit, twin_kit = (some[int(rng.integers(len(some)))] for some in (own, twins))
            # A twin differs in what its genre is, not in who plays the melody.
            twin_kit = replace(twin_kit, strings=kit.strings, pluck=kit.pluck)
            plans.append(
                TrackPlan(
                    genre,
                    number,
                    other,
                    held,
                    held or train_twins,
                    kit,
                    twin_kit,
                    middle * (1 + spread * float(rng.uniform(-1, 1))),
                    (seed, place, number),
                )
            )
    return plans


def _composition(genre: str, bpm: float, seed: Sequence[int]) -> Composition:
    rng = np.random.default_rng((*seed, 0))
    tempo = Tempo(bpm, float(rng.uniform(0.05, _LATEST_DOWNBEAT_S)))
    return compose(GENRES[genre].style, tempo, rng)


def kick_and_snare_s(truth: Mapping[str, Any]) -> Array:
    """When kick and snare are struck in a track, seconds into it and into its twin, sorted.

    Ghost notes and rolls are none of them.

    Args:
        truth: what ``truth.json`` says of the track.
    """
    score = _composition(truth["genre"], truth["bpm"], truth["seed"]).score
    return np.sort([score.time_of(n) for n in score.notes if n.part in FRAME])


def perform(
    composition: Composition, genre: str, kit: Kit, samples: SampleLibrary, seed: tuple[int, ...]
) -> Audio:
    """A score as a genre plays it, mastered, (2, samples).

    The same seed gives the same mastering, but for the genres' characters: a twin differs in what
    the genre is.

    Args:
        composition: what is played.
        genre: in whose manner, one of :data:`train.compose.genres.GENRES`.
        kit: what it is played on.
        samples: the one-shots.
        seed: of sounds, mix and mastering.
    """
    for_sounds, for_mix = (np.random.default_rng((*seed, i)) for i in (1, 2))
    player = GENRES[genre]
    score = player.playing(composition.score, np.random.default_rng((*seed, 4)))
    palette = player.performer(samples, kit, for_sounds)
    mixed = mix(score, palette, player.mixer, for_mix)
    return master(mixed, Target.drawn(np.random.default_rng((*seed, 3)), player.character))


def write_library(
    samples: Path, folder: Path, plans: list[TrackPlan], jobs: int = 1
) -> Iterator[Path]:
    """Compose, perform and write every track and the twins.

    Files that exist are left as they are, so that an interrupted run goes on.

    Args:
        samples: folder of the unpacked one-shots.
        folder: where the library goes.
        plans: see :func:`plan`.
        jobs: processes.

    Yields:
        Each file as it is done.

    Raises:
        InputError: a sample is missing.
        UsageError: the folder holds something else.
        OutputError: the folder cannot be written.
    """
    SampleLibrary(samples)  # fails here rather than in a process of its own
    own_folder(folder, [TRUTH])
    truth = {plan.name: _truth(plan) for plan in plans}
    write_whole(folder / TRUTH, written(truth, indent=1), inside=True)
    tasks = [(p, False) for p in plans] + [(p, True) for p in plans if p.twin]
    # Workers that have grown are replaced by new ones; joblib says so each time.
    warnings.filterwarnings("ignore", "A worker stopped", UserWarning)
    work = (delayed(_write)(samples, folder, *task) for task in tasks)
    with unheard():
        paths = Parallel(jobs, return_as="generator_unordered")(work)
    yield from paths


def _truth(plan: TrackPlan) -> dict[str, Any]:
    composition = plan.composition()
    return {
        "genre": plan.genre,
        "split": "held-out" if plan.held_out else "train",
        "bpm": plan.bpm,
        "downbeat_s": composition.score.tempo.downbeat_s,
        "beats_per_bar": composition.score.tempo.beats_per_bar,
        "key": {"tonic": composition.key.tonic, "scale": composition.key.scale},
        "kit": plan.kit.name,
        "unseen_kit": plan.kit.unseen,
        "twin_kit": plan.twin_kit.name if plan.twin else None,
        "seed": plan.seed,
        "sections": [
            {"name": name, "bar": bar, "bars": bars} for name, bar, bars in composition.sections
        ],
    }


def _write(samples: Path, folder: Path, plan: TrackPlan, twin: bool) -> Path:
    path = plan.twin_path(folder) if twin else plan.path(folder)
    if path.exists():
        return path
    genre, kit = (plan.other, plan.twin_kit) if twin else (plan.genre, plan.kit)
    sound = perform(plan.composition(), genre, kit, SampleLibrary(samples), plan.seed)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with Draft(path, inside=True) as draft:
            form = SAMPLE_RATE, 2, "PCM_16"
            with sf.SoundFile(native(draft.part), "w", *form, format="FLAC") as file:
                file.title, file.artist, file.album = plan.name, kit.name, genre
                file.write(sound.T)
            draft.keep()
    except (OSError, sf.LibsndfileError) as fault:
        raise OutputError(
            str(path), f"cannot be written ({fault})", cure="Make room, or choose another folder."
        ) from fault
    return path
