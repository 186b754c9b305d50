"""What a prepared dataset says of itself, ``dataset.json``: its tracks, and how they are split."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

RATE = 44100
"""Of a dataset's sound, hertz."""

Split = Literal["train", "held-out"]
SplitBy = Literal["track", "clip"]
"""What is on one side as a whole: a track with all of its segments, or each segment by itself, as
in papers that leave clips of one song on both sides."""


class Track(BaseModel):
    """One piece of music.

    Attributes:
        name: unique in its genre.
        source: file it was cut from, relative to its genre's folder.
        group: artist, album or kit: what a source-disjoint split keeps on one side.
        bpm, downbeat_s: as found in the file.
        starts_s: where each segment's own four bars begin in the file, seconds.
        gain_db: what brought it to the dataset's level.
        rate, channels, bandwidth_hz: of the file as it was.
        twin: whether its segments have twins.
        whole: whether the dataset holds the whole track, and of a twin the whole twin.
        test_clips: numbers of the segments that a split by clip holds out, whatever ``split`` says.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str
    genre: str
    split: Split
    group: str
    source: str
    bpm: float
    downbeat_s: float
    starts_s: tuple[float, ...]
    gain_db: float
    rate: int
    channels: int
    bandwidth_hz: float
    twin: bool = False
    whole: bool = False
    test_clips: tuple[int, ...] = ()


class Manifest(BaseModel):
    """``dataset.json``.

    Attributes:
        front_end: specification of the images (:meth:`FrontEnd.to_json`).
        bpm: tempo that all segments were stretched to.
        level_db: mean power of every track, dB re full scale.
        low_pass_hz, mono: what all sources were brought to; None if left as they are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    format: Literal[1] = 1
    front_end: str
    bpm: float
    level_db: float
    rate: int = RATE
    low_pass_hz: float | None = None
    mono: bool = False
    genres: tuple[str, ...]
    tracks: tuple[Track, ...]
