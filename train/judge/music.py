"""A preset on whole tracks of anybody's music: are the hits kept, and is silence still silent?

No genre and no judge: what can be said of any file once it has been rendered and reread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.beat.file_tracker import track
from engine.config.preset import Preset
from engine.dsp.arrays import Array, Audio
from engine.dsp.tempo import Tempo
from engine.errors import DoubledropError, InputError
from engine.io.files import SoundReader
from engine.models.generator import AnyGenerator, open_generator
from engine.offline.render import render
from train.judge import content
from train.judge.renders import VERSIONS, Progress, main_version

_FRAME_S = 0.05
_SILENCE_DB = -40.0  # re the mean power of the track
_NONE_DB = -120.0


@dataclass(frozen=True)
class MusicFigures:
    """What became of one track, use ``late``, or ``phrase`` of a streaming generator.

    Attributes:
        name: of the file.
        seconds: its length.
        bpm: found, or the preset's where no beat was found.
        onset_f, precision, recall: of the output's onsets against the input's.
        silence_s: how long the input is 40 dB below its own mean.
        added_db: energy that the output has there and the input has not, re the track's mean
            power; −120 for none.
        peak_dbfs: of the output.
        noise_db: energy of the noise branch re the output, or None.
    """

    name: str
    seconds: float
    bpm: float
    onset_f: float
    precision: float
    recall: float
    silence_s: float
    added_db: float
    peak_dbfs: float
    noise_db: float | None

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def on_music(
    files: Mapping[str, Path],
    preset: Preset,
    folder: Path,
    pictures: Path | None,
    progress: Progress,
    skip: Callable[[DoubledropError], None],
    note: Callable[[str], None] = lambda text: None,
    force: bool = False,
) -> list[MusicFigures]:
    """Render whole files into a folder, reread them, and compare.

    Args:
        files: sound files by name.
        preset: to render with.
        folder: where ``NAME.wav`` of each file goes.
        pictures: where pictures of each run go, or None.
        progress: told how far it is.
        skip: told of each file that is damaged.
        note: told of what could be read in part only.
        force: whether outputs may replace files that are not ours.

    Raises:
        OutputError: a file cannot be written.
    """
    generator = open_generator(preset.generator_for(None), "auto")
    found = []
    for i, (name, path) in enumerate(files.items()):
        progress(name, i, len(files))
        try:
            out = folder / f"{name}.wav"
            found.append(_one(name, path, preset, generator, out, pictures, note, force))
        except InputError as fault:
            skip(fault)
    return found


def _one(
    name: str,
    path: Path,
    preset: Preset,
    generator: AnyGenerator,
    out: Path,
    pictures: Path | None,
    note: Callable[[str], None],
    force: bool,
) -> MusicFigures:
    tempo = track(path, preset.file.bpm) or Tempo(preset.file.bpm)
    title = f"{name} → {preset.name}, {tempo.bpm:.2f} BPM"
    done = render(
        path,
        out,
        generator,
        tempo,
        VERSIONS[generator.kind][main_version(generator.kind)],
        report=pictures,
        title=title,
        note=note,
        force=force,
    )
    (before, rate), (after, _) = _sound(path), _sound(out)
    f, precision, recall = content.onset_scores(
        *(content.onsets_s(content.mono(sound, rate)) for sound in (before, after))
    )
    silence_s, added_db = added_in_silence(before, after, rate)
    return MusicFigures(
        name=name,
        seconds=done.seconds,
        bpm=tempo.bpm,
        onset_f=f,
        precision=precision,
        recall=recall,
        silence_s=silence_s,
        added_db=added_db,
        peak_dbfs=done.peak_dbfs,
        noise_db=done.noise_db,
    )


def added_in_silence(before: Audio, after: Audio, rate: int) -> tuple[float, float]:
    """Length of the silences of ``before`` in seconds, and what ``after`` adds to them in dB.

    Args:
        before: input, (channels, samples).
        after: output, (channels, samples), aligned with the input.
        rate: in hertz.
    """
    one, other = (_frame_power(sound, round(_FRAME_S * rate)) for sound in (before, after))
    mean = float(one.mean())
    silent = one < mean * 10 ** (_SILENCE_DB / 10)
    if not silent.any() or mean <= 0:
        return 0.0, _NONE_DB
    added = max(0.0, float(np.mean(other[silent] - one[silent]))) / mean
    return float(silent.sum() * _FRAME_S), float(10 * np.log10(max(added, 10 ** (_NONE_DB / 10))))


def _sound(path: Path) -> tuple[Audio, int]:
    with SoundReader(path) as reader:
        return np.concatenate([b for b in reader.blocks()], axis=-1), reader.rate


def _frame_power(sound: Audio, frame: int) -> Array:
    power = np.mean(np.square(sound, dtype=np.float64), axis=0)
    whole = len(power) // frame * frame
    return np.asarray(power[:whole].reshape(-1, frame).mean(axis=1))
