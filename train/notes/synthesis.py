"""Passages played by fluidsynth, the program, many in one call: to start it and to load a soundfont
takes longer than to play a note.

It plays in blocks of 64 samples, and a note begins with the block after its own. Whole seconds at
48 kHz are whole blocks, so every passage begins at the same place in its block. The same call makes
the same samples. But the first block of a note (1.3 ms) rises from the level at which its voice was
last used, so that one passage is the same to the bit only among the same passages (fluidsynth
2.3.1; the difference is below -60 dBFS).
"""

from __future__ import annotations

import math
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile as sf

from engine.dsp.arrays import Audio
from engine.errors import InputError, OutputError
from engine.paths import native
from train.notes.midi import OFF_S, Passage, write_midi

PROGRAM = "fluidsynth"
SCRATCH = ".notes-"
"""How the folders begin that files are in while they are played."""
RATE = 48000
_BLOCK = 64  # samples
_GAP_S = 1  # of silence behind the longest passage, at least
_DEADLINE_S = 600.0  # it plays hundreds of times faster than real time
_GAIN = 0.5  # leaves 10 dB above the loudest of the usual soundfonts
# Nothing of the system's or the user's settings: no reverb, no chorus, whose tails would be heard
# in the next passage; no audio or MIDI device. Floats, for whole numbers are dithered.
_OPTIONS = (
    *("--no-midi-in", "--no-shell", "--quiet"),
    *("--reverb=0", "--chorus=0", f"--gain={_GAIN}", f"--sample-rate={RATE}"),
    *("--audio-file-type=wav", "--audio-file-format=float"),
    *("-o", "synth.dynamic-sample-loading=1", "-o", "synth.lock-memory=0"),
)
_ERROR = "fluidsynth: error: "
_ROOM = "Make room, or name another folder."


def check_installed() -> None:
    """Whether the program is there.

    Raises:
        InputError: it is not.
    """
    if shutil.which(PROGRAM) is None:
        raise InputError(
            PROGRAM,
            "not installed",
            cure="Install it (Debian, Ubuntu: apt-get install fluidsynth).",
        )


def synthesise(soundfont: Path, passages: Sequence[Passage], folder: Path) -> Iterator[Audio]:
    """Play passages.

    Args:
        soundfont: what they are played with.
        passages: what is played.
        folder: for files that are gone afterwards, 0.4 MB for a second.

    Yields:
        Each passage, (1, samples) at ``RATE``.

    Raises:
        InputError: the program is missing, or refuses the soundfont.
        OutputError: there is no room for the sound.
    """
    check_installed()
    slot_s = math.ceil(max(passage.length_s for passage in passages)) + _GAP_S
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=SCRATCH) as name:
            scratch = Path(name)
            midi, sound, settings = (scratch / n for n in ("notes.mid", "notes.wav", "settings"))
            write_midi(midi, passages, slot_s)
            settings.touch()
            files = [f"--load-config={settings}", f"--fast-render={sound}"]
            command = [PROGRAM, *_OPTIONS, *files, str(soundfont.resolve()), str(midi)]
            _run(command, soundfont, folder)
            yield from _cut(sound, passages, slot_s, soundfont)
    except (InputError, OutputError):
        raise
    except (OSError, sf.LibsndfileError) as fault:
        raise OutputError(str(folder), f"cannot be written ({fault})", cure=_ROOM) from fault


def _run(command: list[str], soundfont: Path, folder: Path) -> None:
    """Run it; it says that something went wrong, and ends with status 0 all the same.

    Raises:
        InputError: it refuses the soundfont, or takes too long.
        OutputError: it cannot write.
    """
    cure = "Get the soundfont again, or take it out of the folder."
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_DEADLINE_S,
            encoding="utf-8",
            errors="replace",
        )
    except subprocess.TimeoutExpired as fault:
        found = f"{PROGRAM} has not played it after {_DEADLINE_S:.0f} s"
        raise InputError(str(soundfont), found, cure=cure) from fault
    faults = [line for line in done.stderr.splitlines() if line.startswith(_ERROR)]
    if faults or done.returncode:
        reason = faults[0].removeprefix(_ERROR) if faults else f"status {done.returncode}"
        if "audio file" in reason.lower():
            raise OutputError(str(folder), f"cannot be written ({reason})", cure=_ROOM)
        raise InputError(str(soundfont), f"{PROGRAM} refuses it ({reason})", cure=cure)


def _cut(path: Path, passages: Sequence[Passage], slot_s: int, soundfont: Path) -> Iterator[Audio]:
    """Each passage out of the sound of all.

    Raises:
        InputError: one sounds on into the next.
        OutputError: the sound is not whole.
    """
    with sf.SoundFile(native(path)) as file:
        if file.samplerate != RATE or file.frames < len(passages) * slot_s * RATE + _BLOCK:
            found = f"{file.frames / file.samplerate:.1f} s of {len(passages) * slot_s} s"
            raise OutputError(str(path.parent.parent), found, cure=_ROOM)
        for place, passage in enumerate(passages):
            file.seek(place * slot_s * RATE + _BLOCK)
            slot = file.read(slot_s * RATE, dtype="float32", always_2d=True)
            quiet = round((passage.length_s + 2 * OFF_S) * RATE)
            if np.any(slot[quiet:-_BLOCK]):
                raise InputError(
                    str(soundfont),
                    f"program {passage.program} sounds on when all sound is off",
                    cure="Take it out of the folder.",
                )
            yield np.ascontiguousarray(slot[: round(passage.length_s * RATE)].mean(axis=1)[None])
