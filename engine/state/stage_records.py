"""The records of the stage's shared memory, each written by one process; see
:mod:`engine.processes.records`."""

from __future__ import annotations

from dataclasses import dataclass

from engine.dsp.tempo import Tempo
from engine.processes.records import Record, Together


class DeviceState(Record):
    """Written by the device's process.

    ``opening`` is odd while a session begins; ``heard``, ``made`` and ``played`` are the samples up
    to which the line-in, the sound of the slots and what went out are there; ``gaps`` counts the
    times at which the effects' sound was not, ``dry_samples`` those without any of the generator's,
    ``flags`` callbacks with an underflow or overflow of the device. ``available`` is the share of
    the effects' sound, ``…_noted`` what was noted last, ``taken_…`` what was taken over last.
    """

    session: int
    opening: int
    heard: int
    made: int
    played: int
    rate: int
    block: int
    inputs: int
    outputs: int
    behind: int
    callbacks: int
    gaps: int
    dry_samples: int
    flags: int
    repaired: int
    refused: int
    taken_tempo: int
    taken_call: int
    effects: int
    ready_noted: int
    fed_noted: int
    wet_now: float
    level_now: float
    available: float
    peak_in: float
    peak_out: float
    epoch: float
    wet_noted: float
    level_noted: float


class Network(Record):
    """Written by the network's process: ``ready`` once it has loaded the networks; ``at`` is how
    far it has heard; ``out`` has a bit for each slot that plays dry because its generator has
    failed; ``noted`` are its rows; ``inference_…`` what its latest inferences took, s, 50th and
    99th percentile."""

    ready: int
    at: int
    inferences: int
    faults: int
    out: int
    noted: int
    inference_p50_s: float
    inference_p99_s: float


class EffectsState(Record):
    """Written by the effects' process: up to which sample the sound before the generators, and
    behind them, is there; and its rows."""

    fed: int
    made: int
    noted: int


class Controls(Record):
    """Written by whoever holds the controls; ``panics`` counts how often everything that still
    sounds was to be cleared."""

    stop: int
    panics: int
    wet: float
    level: float


class TempoWish(Together):
    """Tempo and downbeat that the controls want; ``edge`` while nobody knows where the bar is."""

    beats: int
    edge: int
    bpm: float
    downbeat_s: float
    phrase_s: float
    bar_s: float

    @property
    def tempo(self) -> Tempo:
        """As a tempo."""
        return Tempo(self.bpm, self.downbeat_s, self.beats)


class CallWish(Together):
    """The slot that is wanted, or a place between two; see :class:`Call`."""

    slot: int
    at: int
    fade_s: float
    cross: float


@dataclass(frozen=True)
class Call:
    """Which slot is wanted, or where between two.

    Attributes:
        slot: the one that is to be heard.
        at: the sample of the session from which on; 0 for at once.
        fade_s: length of the crossfade.
        cross: where the crossfader stands, below 0 while it has no say.
    """

    slot: int = 0
    at: int = 0
    fade_s: float = 1.0
    cross: float = -1.0


@dataclass(frozen=True)
class Opened:
    """A session of the device, and how far it is.

    Attributes:
        number: of the session, from 1.
        rate, inputs, behind: hertz, channels of the line-in, and samples by which what is played
            lies behind what is heard.
        heard, played: samples so far.
    """

    number: int
    rate: int
    inputs: int
    behind: int
    heard: int
    played: int
