"""The recording whose style is learnt."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from engine.dsp.arrays import Audio
from engine.errors import InputError
from engine.text import printable
from train.data.dataset import RATE
from train.prepare.cutting import Equaliser, gated_power, read_whole

SHORTEST_S = 4.0
"""Two bars at 120 BPM: less is no music that goes on."""
_SILENT = 10 ** (-60 / 10)


@dataclass(frozen=True)
class Recording:
    """A sound file that was read.

    Attributes:
        name: of the file, without its folder.
        sha256: of the file.
        sound: (channels, samples) at the dataset's rate.
    """

    name: str
    sha256: str
    sound: Audio

    @property
    def seconds(self) -> float:
        """How long it is."""
        return float(self.sound.shape[-1] / RATE)


def read_recording(path: Path) -> Recording:
    """Read a recording.

    Raises:
        InputError: there is none, it cannot be read, is shorter than four seconds, or silent.
    """
    if not path.name:
        raise InputError(
            "recipe: recording",
            "none",
            expected="a sound file",
            cure="Name the one whose style is to be learnt: doubledrop imprint STYLE NAME",
        )
    sound = read_whole(path, Equaliser())
    seconds = sound.shape[-1] / RATE
    if seconds < SHORTEST_S:
        raise InputError(
            str(path),
            f"{seconds:.2f} s of sound",
            expected=f"at least {SHORTEST_S:g} s",
            cure="Choose a longer recording: a style is what many moments have in common.",
        )
    if gated_power([sound]) <= _SILENT:
        raise InputError(
            str(path),
            "silent: nothing above -60 dBFS",
            cure="Choose a recording that can be heard.",
        )
    return Recording(printable(path.name), hashlib.sha256(path.read_bytes()).hexdigest(), sound)
