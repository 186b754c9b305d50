"""What the processes of the stage are asked for, as they pass it on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from engine.dsp.crossfade import Law
from engine.dsp.settings import Settings
from engine.dsp.tempo import BEATS_PER_BAR, Tempo
from engine.effects.specs import ChainSpec, MoveSpec, SlotStrip, chain_of, strip_of

Request = TypeVar("Request", "DeviceConfig", "EngineConfig")


@dataclass(frozen=True)
class EngineConfig:
    """What to play with.

    Attributes:
        models: the ONNX files, one a slot.
        provider: auto, cpu, cuda, tensorrt or coreml.
        bpm, downbeat_s: of the feed, counted from the first session's beginning.
        settings: how to restyle.
        strips: effects of each slot; none for none.
        master: effects behind all of them.
        macros: moves of each macro.
        beats_per_bar: of the feed.
        known: whether that tempo is known; else the window has an edge until somebody knows.
        law: of the crossfade between slots.
        match: whether slots are brought to the loudness of the feed.
        levels_db: of each slot, on top of that; none for 0 dB.
        sides: the two slots of the crossfader; none for none.
    """

    models: list[str]
    provider: str
    bpm: float
    downbeat_s: float
    settings: Settings
    law: Law = "measured"
    match: bool = False
    levels_db: list[float] = field(default_factory=list)
    sides: tuple[int, int] | None = None
    known: bool = True
    strips: list[SlotStrip] = field(default_factory=list)
    master: ChainSpec = ()
    macros: list[list[MoveSpec]] = field(default_factory=list)
    beats_per_bar: int = BEATS_PER_BAR

    @property
    def tempo(self) -> Tempo:
        """Of the feed, to begin with."""
        return Tempo(self.bpm, self.downbeat_s, self.beats_per_bar)


@dataclass(frozen=True)
class DeviceConfig:
    """What to open.

    Attributes:
        input, output: names, or None for the default.
        rate: hertz, or None for the device's own.
        block: frames.
        compiled: whether the callback may be machine code.
        config: what is played with.
        feed: sound file in the place of the input; empty for a device. ``input`` is how it is
            called then.
        kept: sound file in the place of the output, empty for nowhere; None for a device.
        seconds: of a file, how long at most.
        loop: whether that file begins again at its end.
        force: whether the file in the place of the output may take that of one that is not ours.
        waits: whether a block between two files waits for network and effects.
    """

    input: str | None
    output: str | None
    rate: int | None
    block: int
    compiled: bool
    config: EngineConfig
    feed: str = ""
    kept: str | None = None
    seconds: float | None = None
    loop: bool = False
    force: bool = False
    waits: bool = True

    @property
    def has_files(self) -> bool:
        """Whether one end at least is none of a device."""
        return bool(self.feed) or self.kept is not None


def written(request: DeviceConfig | EngineConfig) -> str:
    """A request as an argument of a process."""
    return json.dumps(asdict(request))


def read(kind: type[Request], text: str) -> Request:
    """The request that was written."""
    return _made(kind, json.loads(text))


def _made(kind: type[Request], values: dict[str, Any]) -> Request:
    if kind is DeviceConfig:
        values["config"] = _made(EngineConfig, values["config"])
        return kind(**values)
    values["settings"] = Settings(**values["settings"])
    if values.get("sides") is not None:
        values["sides"] = tuple(values["sides"])
    values["strips"] = [strip_of(one) for one in values.get("strips", ())]
    values["master"] = chain_of(values.get("master", []))
    values["macros"] = [[MoveSpec(**one) for one in moves] for moves in values.get("macros", ())]
    return kind(**values)
