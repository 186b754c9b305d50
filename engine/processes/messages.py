"""What the processes say, kind by kind: a line that is of none of these is not understood.

A process may be hit by a fault of a library or of a plugin at any moment, and whoever keeps the
stage alive must not fall over what it says then.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, TypeAdapter

from engine.dsp.tempo import MAX_BPM, MIN_BPM

_Bpm = Annotated[float, Field(ge=MIN_BPM, le=MAX_BPM)]
_Share = Annotated[FiniteFloat, Field(ge=0.0, le=1.0)]
_Count = Annotated[int, Field(ge=0, lt=1 << 62)]


@dataclass
class Verdict:
    """What is known of an effect with its parameters and its state.

    Attributes:
        name: as it calls itself.
        path: of a plugin.
        fault: why it may not play; empty for an effect that may.
        latency, reported: samples by the rate: as measured, and as it says.
        tail_s: until its echo is below -80 dBFS; 10 for one that never is.
        cost_ms: [p50, p99] of a block of so many frames at 48 kHz.
        denormal: cost of a block of the smallest numbers, in costs of an ordinary block.
        parameters: those that can be moved.
        notes: what a user should know.
    """

    name: str = ""
    path: str = ""
    fault: str = ""
    latency: dict[str, int] = field(default_factory=dict)
    reported: dict[str, int] = field(default_factory=dict)
    tail_s: float = 0.0
    cost_ms: dict[str, list[float]] = field(default_factory=dict)
    denormal: float = 1.0
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


class _Line(BaseModel):
    """Keys beside those that are known are kept."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Trouble(_Line):
    """Of any process: why it ends."""

    error: str


class Warned(_Line):
    """Of device and engine: something the performer should know."""

    warning: str


class Fault(_Line):
    """Of network, effects and plugins: something has gone wrong."""

    fault: str


class DeviceReady(_Line):
    """The device is open."""

    input: str
    output: str
    rate: Annotated[int, Field(gt=0, lt=1 << 31)]
    block: Annotated[int, Field(gt=0, lt=1 << 31)]
    callback: str
    device_samples: _Count


class EngineReady(_Line):
    """The networks are loaded; ``broken`` are the slots that play dry, and ``why`` says why those
    do that could not be loaded."""

    provider: str
    broken: list[_Count]
    why: dict[_Count, str] = {}
    realtime: bool


class Quarantined(_Line):
    """Of the engine: a slot plays dry from now on, until the next start."""

    out: _Count
    why: str


class Ready(_Line):
    """A plugin is loaded, or the effects' process is there."""

    ready: bool


class Tried(_Line):
    """Of the trial of a generator: what is wrong with it, empty for nothing."""

    fault: str


class Begun(_Line):
    """An effect is being tried, by its place among those that are to be."""

    begun: _Count


class Judged(_Line):
    """An effect has been tried."""

    place: _Count
    verdict: Verdict


class Received(_Line):
    """A message of a MIDI port, at a time of ``time.monotonic``."""

    port: str
    data: list[int]
    at: FiniteFloat


class MidiInputs(_Line):
    """The MIDI inputs that are open."""

    ports: list[str]


class MidiOutputs(_Line):
    """The MIDI outputs that are there, and those that are open."""

    outputs: list[str]
    lit: list[str]


class Gone(_Line):
    """A MIDI input has vanished."""

    gone: str


class Alive(_Line):
    """The sound systems answer."""

    alive: FiniteFloat


class Looked(_Line):
    """Of the follower: tempo and downbeat of the line-in, none where there is none."""

    session: _Count
    bpm: _Bpm | None
    downbeat_s: FiniteFloat | None
    cost_s: Annotated[FiniteFloat, Field(ge=0.0)]


class GenresKnown(_Line):
    """Of the meter of genres: those that its classifier knows."""

    genres: list[str]


class GenresHeard(_Line):
    """Of the meter of genres: their shares in line-in and line-out, none where it is silent."""

    session: _Count
    line_in: dict[str, _Share]
    line_out: dict[str, _Share]
    cost_s: Annotated[FiniteFloat, Field(ge=0.0)]


class Linked(_Line):
    """Of Ableton Link: where its session is at a time of ``time.monotonic``."""

    peers: _Count
    bpm: FiniteFloat
    beat: FiniteFloat
    at: FiniteFloat


class Missing(_Line):
    """Of Ableton Link: a library that is not installed."""

    missing: str


class Command(_Line):
    """Of the page and of OSC: something is to be done, like a message of a controller.

    ``client`` and ``id`` name it in its answer; ``at`` is when it was meant, by ``time.monotonic``;
    ``value`` is where a knob is to stand, 0 … 1, or by how many steps the beat is nudged. What is
    learnt is a control for the target, or with an empty one none any more.
    """

    client: _Count
    id: _Count
    do: Literal["press", "turn", "nudge", "learn"]
    target: str = Field(default="", max_length=32)
    value: Annotated[FiniteFloat, Field(ge=-64.0, le=64.0)] = 0.0
    at: FiniteFloat


class RigText(_Line):
    """Of the page: the rig is to be this, where it still is as it was before."""

    request: _Count
    rig: Annotated[str, Field(max_length=1 << 18)]
    before: Annotated[str, Field(max_length=1 << 18)]


class Looking(_Line):
    """Of the page: how many want to see images."""

    looking: _Count


class Serving(_Line):
    """Of the page and of OSC: it can be spoken with now."""

    serving: bool


DEVICE: TypeAdapter[Trouble | Warned | Fault | DeviceReady] = TypeAdapter(
    Trouble | Warned | Fault | DeviceReady
)
EFFECTS: TypeAdapter[Trouble | Warned | Fault | Ready] = TypeAdapter(
    Trouble | Warned | Fault | Ready
)
ENGINE: TypeAdapter[Trouble | Warned | Fault | Quarantined | EngineReady] = TypeAdapter(
    Trouble | Warned | Fault | Quarantined | EngineReady
)
STAGE: dict[str, TypeAdapter[Any]] = {"device": DEVICE, "engine": ENGINE, "effects": EFFECTS}
"""Of the processes that the supervisor looks after."""
PLUGIN: TypeAdapter[Trouble | Fault | Ready] = TypeAdapter(Trouble | Fault | Ready)
TRIAL: TypeAdapter[Trouble | Tried | Ready] = TypeAdapter(Trouble | Tried | Ready)
PROBE: TypeAdapter[Trouble | Begun | Judged] = TypeAdapter(Trouble | Begun | Judged)
MIDI: TypeAdapter[Trouble | Received | MidiInputs | MidiOutputs | Gone | Alive] = TypeAdapter(
    Trouble | Received | MidiInputs | MidiOutputs | Gone | Alive
)
FOLLOWER: TypeAdapter[Trouble | Looked] = TypeAdapter(Trouble | Looked)
GENRES: TypeAdapter[Trouble | GenresHeard | GenresKnown] = TypeAdapter(
    Trouble | GenresHeard | GenresKnown
)
LINK: TypeAdapter[Trouble | Linked | Missing] = TypeAdapter(Trouble | Linked | Missing)
SURFACE: TypeAdapter[Trouble | Command | RigText | Looking | Serving | Alive] = TypeAdapter(
    Trouble | Command | RigText | Looking | Serving | Alive
)
"""Of the page, and of OSC."""
