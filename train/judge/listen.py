"""A page for ears: versions of the same music, equally loud, blind, to be rated and told apart.

Rating follows MUSHRA (ITU-R BS.1534-3: a reference, hidden among the versions, a scale to 100),
telling apart is ABX (Clark 1982). The page is one folder that needs no server: the sounds are in a
script, for a page that is opened from a disk may not read other files.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

from engine import strict_json
from engine.dsp.arrays import Audio
from engine.dsp.meters import FLOOR_DB, LoudnessMeter
from engine.errors import InputError
from engine.io.files import SoundReader, make_folder, read_part
from engine.text import printable
from engine.writing import check_output, write_whole
from train.prepare.sources import EXTENSIONS

_PEAK = 10 ** (-1 / 20)
REFERENCE = "reference"


def gather(versions: Sequence[Path], reference: Path | None) -> dict[str, dict[str, Path]]:
    """What is compared, trial by trial.

    Args:
        versions: sound files, which are one trial; or folders, of which each file that all of them
            have is one.
        reference: a file, or a folder with the same files.

    Returns:
        By trial: name of the version to its file.

    Raises:
        InputError: there are not two to compare, or files and folders are mixed.
    """
    named = {path.stem if path.is_file() else path.name: path for path in versions}
    if reference is not None:
        named[REFERENCE] = reference
    if len(named) < 2 or len(named) < len(versions):
        found = ", ".join(str(path) for path in versions)
        raise InputError(
            "listen", found, expected="two or more of different names", cure="Name more versions."
        )
    for path in named.values():
        if not path.exists():
            raise InputError(str(path), "not found", cure="Name sound files, or folders of them.")
    if all(path.is_file() for path in named.values()):
        return {next(iter(named)): named}
    if any(path.is_file() for path in named.values()):
        raise InputError(
            "listen", "files beside folders", expected="either", cure="Name only folders."
        )
    files = {
        name: {
            file.stem: file
            for file in sorted(folder.iterdir())
            if file.suffix.lower() in EXTENSIONS
        }
        for name, folder in named.items()
    }
    common = set.intersection(*(set(found) for found in files.values()))
    if not common:
        raise InputError(
            "listen", "no file is in all folders", cure="Give each version the same file names."
        )
    return {
        trial: {name: found[trial] for name, found in files.items()} for trial in sorted(common)
    }


def write_listening(
    trials: Mapping[str, Mapping[str, Path]],
    folder: Path,
    title: str,
    start_s: float = 0.0,
    seconds: float = 12.0,
    force: bool = False,
) -> Path:
    """Write ``index.html`` and ``sounds.js``; returns the page.

    Args:
        trials: by name: version to sound file; one called ``reference`` is that.
        folder: made if it does not exist.
        title: of the page.
        start_s: where the part of each file begins that is played, seconds.
        seconds: length of that part.
        force: whether files that are not ours may be replaced.

    Raises:
        InputError: a file cannot be read, is silent, or has another rate than the others.
        OutputError: the folder cannot be written.
    """
    read = [file for files in trials.values() for file in files.values()]
    written = []
    for trial, files in trials.items():
        sounds = _alike({name: _read(file, start_s, seconds) for name, file in files.items()})
        coded = {name: _coded(sound, rate) for name, (sound, rate) in sounds.items()}
        written.append(
            {
                "name": printable(trial),
                "reference": coded.get(REFERENCE, ""),
                "versions": [
                    {"name": printable(name), "sound": sound} for name, sound in coded.items()
                ],
            }
        )
    make_folder(folder)
    for name in ("sounds.js", "index.html"):
        check_output(folder / name, inputs=read, force=force)
    given: dict[str, Any] = {"title": printable(title), "trials": written}
    page = resources.files("train.judge") / "listen.html"
    write_whole(folder / "sounds.js", f"const SET = {strict_json.written(given)};\n", force=force)
    write_whole(folder / "index.html", page.read_text(encoding="utf-8"), force=force)
    return folder / "index.html"


def _read(file: Path, start_s: float, seconds: float) -> tuple[Audio, int]:
    with SoundReader(file) as reader:
        rate = reader.rate
    sound, _ = read_part(file, round(start_s * rate), round(seconds * rate))
    if not sound.any():
        raise InputError(
            str(file), f"silent from {start_s:g} s on", cure="Choose another --start or file."
        )
    return sound, rate


def _alike(sounds: dict[str, tuple[Audio, int]]) -> dict[str, tuple[Audio, int]]:
    """Equally long and loud, as loud as the loudest allows the others to be without clipping."""
    length_s = min(sound.shape[-1] / rate for sound, rate in sounds.values())
    cut = {
        name: (sound[:, : round(length_s * rate)], rate) for name, (sound, rate) in sounds.items()
    }
    loudness = {}
    for name, (sound, rate) in cut.items():
        meter = LoudnessMeter(rate, len(sound))
        meter.hear(sound)
        # Something short or soft has no loudness by the gates: its power says it.
        power_db = 10 * np.log10(np.mean(np.square(sound, dtype=np.float64)))
        loudness[name] = meter.integrated if meter.integrated > FLOOR_DB else float(power_db)
    room = {
        name: loudness[name] + 20 * np.log10(_PEAK / np.abs(sound).max())
        for name, (sound, _) in cut.items()
    }
    wanted = min(*room.values(), max(loudness.values()))
    return {
        name: (sound * np.float32(10 ** ((wanted - loudness[name]) / 20)), rate)
        for name, (sound, rate) in cut.items()
    }


def _coded(sound: Audio, rate: int) -> str:
    file = io.BytesIO()
    sf.write(file, sound.T, rate, format="FLAC", subtype="PCM_16")
    return base64.b64encode(file.getvalue()).decode()
