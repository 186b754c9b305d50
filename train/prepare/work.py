"""One track: from a file to segments in the dataset. What was done lies, written last, in
``DATASET/tracks/GENRE/NAME.json``: a run that was interrupted goes on with the tracks that
have none, or one of other settings or of another file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.beat.beats import find
from engine.beat.features import RATE as HEARING_RATE
from engine.beat.features import hear
from engine.dsp.arrays import Audio
from engine.dsp.tempo import Tempo
from engine.errors import DoubledropError, InputError
from engine.io.files import SoundWriter
from engine.strict_json import read as read_json
from engine.strict_json import written as written_json
from engine.text import printable
from engine.writing import write_whole
from train.data.dataset import (
    HEADROOM_DB,
    RATE,
    TAIL_S,
    Track,
    audio_path,
    image_path,
    images_of,
    twin_path,
    whole_path,
)
from train.prepare.clips import choose_clips, tempo_of_clips
from train.prepare.cutting import cut, gated_power, read_whole
from train.prepare.listening import Listened, listen
from train.prepare.outcome import Outcome, PrepareSettings
from train.prepare.sections import choose
from train.prepare.sources import Source

NOTES = "tracks"
VERSION = 1  # of what a track becomes; another one does all tracks again
_FARTHEST_OCTAVES = 0.75
_SILENT = 10 ** (-60 / 10)


class _Skip(Exception):
    """Why a file becomes no track."""


def remembered(folder: Path, source: Source, settings: PrepareSettings) -> Outcome | None:
    """What an earlier run made with these settings, or None; arguments as of :func:`process`."""
    try:
        note = read_json(_note(folder, source).read_text(encoding="utf-8"))
        if note["key"] != key(source, settings):
            return None
        warning = str(note.get("warning", ""))
        done = note["facts"], note["skipped"], note["seconds"]
        outcome = Outcome(source, *done, reused=True, warning=warning)
        complete = outcome.skipped is not None or all(
            path.is_file() for path in written(folder, outcome.track())
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return outcome if complete else None


def key(source: Source, settings: PrepareSettings) -> str:
    """Fingerprint of all that a track's segments depend on."""
    files = [_state(path) for path in (source.path, source.twin) if path is not None]
    parts = [VERSION, asdict(settings), settings.images.to_json(), source.relative, files]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def written(folder: Path, track: Track) -> list[Path]:
    """Files of a track's segments."""
    kinds = [audio_path, image_path, *([twin_path] if track.twin else [])]
    files = [path(folder, track, n) for n in range(len(track.starts_s)) for path in kinds]
    if track.whole:
        files += [whole_path(folder, track, twin) for twin in {False, track.twin}]
    return files


def process(folder: Path, source: Source, settings: PrepareSettings) -> Outcome:
    """Make a track's segments. What is wrong with the file is in the outcome.

    Args:
        folder: of the dataset.
        source: file that becomes the track.
        settings: what the segments of all tracks have in common.

    Raises:
        OSError: the dataset cannot be written.
    """
    seconds, warning = 0.0, ""
    try:
        heard = listen(source.path)
        warning = heard.warning
        seconds = len(heard.sound) / HEARING_RATE
        outcome = _make(folder, source, settings, heard)
    except _Skip as fault:
        outcome = Outcome(source, {}, str(fault), seconds)
    except InputError as fault:
        outcome = Outcome(source, {}, _reason(fault, source.path), seconds)
    outcome = replace(outcome, warning=warning)
    note = {
        "key": key(source, settings),
        "facts": outcome.facts,
        "skipped": outcome.skipped,
        "seconds": outcome.seconds,
        "warning": outcome.warning,
    }
    path = _note(folder, source)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, written_json(note, indent=1, sort_keys=True) + "\n", inside=True)
    return outcome


def _make(folder: Path, source: Source, settings: PrepareSettings, heard: Listened) -> Outcome:
    """Write a track's segments.

    Raises:
        _Skip: there is nothing to make a segment of.
    """
    seconds = len(heard.sound) / HEARING_RATE
    tempo, starts = _choose(heard, settings, f"{source.genre}/{source.relative}")
    sounds, gain_db = _levelled(source.path, tempo, starts, settings)
    twins: list[tuple[Audio, int]] = []
    twin_gain_db = 0.0
    if source.twin is not None:
        try:
            twins, twin_gain_db = _levelled(source.twin, tempo, starts, settings)
        except _Skip as fault:
            raise _Skip(f"its twin {source.twin} is {fault}") from fault
    facts = {
        "bpm": round(tempo.bpm, 6),
        "downbeat_s": round(tempo.downbeat_s, 6),
        "starts_s": [round(start, 6) for start in starts],
        "gain_db": round(gain_db, 4),
        "rate": heard.rate,
        "channels": heard.channels,
        "bandwidth_hz": round(heard.bandwidth_hz, 1),
        "twin": bool(twins),
        "whole": settings.whole,
        "codec": heard.codec,
    }
    outcome = Outcome(source, facts, seconds=seconds)
    track = outcome.track()
    for number, (sound, at) in enumerate(sounds):
        _write_sound(audio_path(folder, track, number), sound, at, settings.bpm)
        image = image_path(folder, track, number)
        image.parent.mkdir(parents=True, exist_ok=True)
        np.save(image, images_of(sound, at, settings.bpm, settings.images))
    for number, (sound, at) in enumerate(twins):
        _write_sound(twin_path(folder, track, number), sound, at, settings.bpm)
    if settings.whole:
        wholes = [(source.path, gain_db, False)]
        if source.twin is not None:
            wholes.append((source.twin, twin_gain_db, True))
        for path, gain, is_twin in wholes:
            whole = read_whole(path, settings.equaliser)
            _write_levelled(whole_path(folder, track, is_twin), whole * _factor(gain))
    return outcome


def _choose(heard: Listened, settings: PrepareSettings, name: str) -> tuple[Tempo, list[float]]:
    seconds = len(heard.sound) / HEARING_RATE
    if seconds < 1.0:
        raise _Skip(f"too short ({seconds:.2f} s)")
    if gated_power([heard.sound[None]]) <= _SILENT:
        raise _Skip("silent: nothing above -60 dBFS")
    if settings.clips_s is not None:
        # By its name: a track's clips do not depend on the others.
        drawn = np.random.default_rng([settings.seed, *name.encode(errors="surrogateescape")])
        form = settings.clips_s, settings.per_track
        if not settings.per_track:
            raise _Skip("not needed: there are more tracks than clips")
        starts = choose_clips(heard.sound, HEARING_RATE, *form, drawn)
        if not starts:
            raise _Skip(_without_clips(seconds, settings.clips_s))
        return tempo_of_clips(settings.clips_s, starts), starts
    features = hear(heard.sound)
    tempo = find(features, settings.bpm)
    if tempo is None:
        raise _Skip("no beat found")
    tempo = nearest_octave(tempo, settings.bpm)
    starts = choose(features, tempo, settings.per_track)
    if not starts:
        raise _Skip(f"too short ({seconds:.1f} s at {tempo.bpm:.1f} BPM, eight bars are needed)")
    return tempo, starts


def _without_clips(seconds: float, clip_s: float) -> str:
    if seconds < clip_s:
        return f"too short ({seconds:.1f} s) for a clip of {clip_s:g} s"
    return f"without a clip of {clip_s:g} s that is no pause and holds no cut and no transition"


def nearest_octave(tempo: Tempo, bpm: float) -> Tempo:
    """The tempo, or its double or half where a stretch to ``bpm`` would be by more than 1.7."""
    octaves = np.log2(bpm / tempo.bpm)
    if abs(octaves) <= _FARTHEST_OCTAVES:
        return tempo
    return replace(tempo, bpm=tempo.bpm * 2.0 ** float(np.round(octaves)))


def _levelled(
    path: Path, tempo: Tempo, starts: Sequence[float], settings: PrepareSettings
) -> tuple[list[tuple[Audio, int]], float]:
    cuts = list(cut(path, tempo, starts, settings.bpm, settings.equaliser))
    phrase = Tempo(settings.bpm).phrase_s * RATE
    own = [sound[:, at + round(phrase) : at + round(2 * phrase)] for sound, at in cuts]
    power = gated_power(own)
    if power <= _SILENT:
        raise _Skip("silent where its segments would be")
    gain_db = settings.level_db - 10 * float(np.log10(power))
    return [(sound * _factor(gain_db), at) for sound, at in cuts], gain_db


def _factor(gain_db: float) -> np.float32:
    return np.float32(10 ** (gain_db / 20))


def _write_sound(path: Path, sound: Audio, at: int, bpm: float) -> None:
    """Two phrases and the tail, with headroom, as FLAC."""
    length = round(2 * Tempo(bpm).phrase_s * RATE) + round(TAIL_S * RATE)
    out = np.zeros((sound.shape[0], length), np.float32)
    part = sound[:, max(0, at) : at + length]
    out[:, max(0, -at) : max(0, -at) + part.shape[-1]] = part
    _write_levelled(path, out)


def _write_levelled(path: Path, sound: Audio) -> None:
    """Sound at the dataset's level, stored with headroom."""
    out = np.clip(sound * _factor(-HEADROOM_DB), -1.0, 1.0)
    path.parent.mkdir(parents=True, exist_ok=True)
    with SoundWriter(path, RATE, len(out), inside=True) as writer:
        writer.write(out)
        writer.keep()


def _state(path: Path) -> list[Any]:
    try:
        stat = path.stat()
    except OSError:
        return [str(path), None]
    return [str(path.name), stat.st_size, stat.st_mtime_ns]


def _note(folder: Path, source: Source) -> Path:
    return folder / NOTES / source.genre / f"{source.name}.json"


def _reason(fault: DoubledropError, path: Path) -> str:
    """The fault without the file's name, which stands before it already."""
    other = "" if fault.subject == printable(path) else f"{fault.subject}: "
    return f"{other}{fault.found}"
