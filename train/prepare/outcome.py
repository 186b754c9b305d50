"""What is asked of all tracks of a dataset, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.dsp.front_ends import FRONT_ENDS, FrontEndName
from engine.dsp.frontend import FrontEnd
from engine.models.model_format import DEFAULT_LEVEL_DB
from train.data.dataset import Track
from train.prepare.cutting import Equaliser
from train.prepare.sources import Source

SEGMENTS = 3
"""Of a track."""


@dataclass(frozen=True)
class PrepareSettings:
    """What the segments of all tracks have in common.

    Attributes:
        bpm: tempo that all are stretched to; of clips see :func:`train.prepare.clips.clip_bpm`.
        low_pass_hz, mono: what sources are brought to, see
            :class:`train.prepare.cutting.Equaliser`.
        level_db: mean power of every track, dB re full scale.
        whole: whether whole tracks are kept too.
        clips_s: length of clips from anywhere, seconds; None for four bars of the main part.
        per_track: segments of each.
        seed: of the places of clips.
        front_end: name of the one that images are made with.
    """

    bpm: float
    low_pass_hz: float | None = None
    mono: bool = False
    level_db: float = DEFAULT_LEVEL_DB
    whole: bool = False
    clips_s: float | None = None
    per_track: int = SEGMENTS
    seed: int = 0
    front_end: FrontEndName = "stage"

    @property
    def images(self) -> FrontEnd:
        """What images are made with."""
        return FRONT_ENDS[self.front_end]

    @property
    def equaliser(self) -> Equaliser:
        """What the sound is brought to."""
        return Equaliser(self.low_pass_hz, self.mono)


@dataclass(frozen=True)
class Outcome:
    """What became of a source.

    Attributes:
        facts: fields of its :class:`Track`, and ``codec``; empty if it was skipped.
        skipped: why, or None.
        seconds: of it that were heard.
        reused: whether it was done before.
        warning: how much of it could be read, if not all.
    """

    source: Source
    facts: dict[str, Any]
    skipped: str | None = None
    seconds: float = 0.0
    reused: bool = False
    warning: str = ""

    @property
    def codec(self) -> str:
        """Of the file."""
        return str(self.facts["codec"])

    def track(self, test_clips: tuple[int, ...] = ()) -> Track:
        """The entry in the manifest.

        Args:
            test_clips: see :class:`train.data.manifest.Track`.
        """
        source = self.source
        facts = {name: value for name, value in self.facts.items() if name != "codec"}
        return Track(
            name=source.name,
            genre=source.genre,
            split=source.split,
            group=source.group,
            source=source.relative,
            test_clips=test_clips,
            **facts,
        )
