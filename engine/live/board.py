"""The memory that device, engine and screen share: rings of sound and a board of numbers.

Time is counted in samples since the session began, the same in all processes. The device writes
what it hears and reads what the engine made of the instant that is due; whoever is late, is late
by a number and not by a place in a queue, so that latency never creeps.

One process writes each number. Those that belong together (a tempo, a call of a slot, what a
session is, readings) are behind a count each, see :mod:`engine.live.memory`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from engine.dsp.arrays import Array, Audio
from engine.dsp.limiter import LOOKAHEAD, STATE
from engine.dsp.tempo import Tempo
from engine.live.memory import Layout, Numbers, Part, Together, put, take

CHANNELS = 2
FEED, WET, OUT, MOST = 1 << 20, 1 << 17, 1 << 17, 1 << 12
"""Samples of the rings: what was heard (a phrase and more, from which an engine that was started
again learns where it is), what the engine made of it, what went out; and the frames that the
callback works on at once."""

ROWS, COLUMNS = 1 << 12, 5
"""Of each journal: seconds of decisions, should nobody read them; see engine.live.journal."""
OPENED, TURNED = 20, 21
"""Kinds of the device's rows: it began; what it took over from a block on."""
NUMBERS = 64
"""Places for numbers, and for levels."""
# Written by the device's process …
(SESSION, HEARD, RATE, BLOCK, INPUTS, OUTPUTS, BEHIND, CALLBACKS, GAPS, DRY_SAMPLES) = range(10)
(FLAGS, REPAIRED, REFUSED, PLAYED, TURNS, OPENING) = range(10, 16)
# … by the engine's …
(MADE, HOPS, LATE_HOPS, INFERENCES, LATE_INFERENCES, FAULTS) = range(16, 22)
(FRESH, PREDICTED, HELD, DRY, SLOT, SWITCHES, NOTED, READINGS, BROKEN) = range(22, 31)
"""``BROKEN`` has a bit for each slot that plays dry because its generator has failed."""
SHARES = {"fresh": FRESH, "predicted": PREDICTED, "held": HELD, "dry": DRY}
# … and by whoever holds the controls.
(STOP, TEMPO, CALL, PANICS) = range(40, 44)
CALL_S = 1.0
"""A slot that is called runs unheard so long before it is due: time for its first gains."""
DEVICE_ENDS, ALL_END = 1, 2
"""Values of ``STOP``: the device fades out before the engine falls silent. ``PANICS`` counts how
often everything that still sounds was to be cleared; ``OPENING``, ``READINGS``, ``TEMPO`` and
``CALL`` are the counts of what belongs together."""
# Levels, 0 … 1, and a tempo with the time of a downbeat in the session, as the controls want them …
(WET_WANTED, LEVEL_WANTED, BPM_WANTED, DOWNBEAT_WANTED_S, EDGE, BEATS) = range(6)
_CALLED = 26  # the first of a call's four
AMOUNTS, MACROS = 32, 48
"""``EDGE`` is 1 while nobody knows where the bar is, ``BEATS`` how many a bar has; ``AMOUNTS`` and
``MACROS`` are the first of as many places as there are."""
# … as they are at the device, with peaks and the time at which the first session began …
(WET_NOW, LEVEL_NOW, AVAILABLE, PEAK_IN, PEAK_OUT, EPOCH) = range(8, 14)
# … what the device has noted last of wet, level and whether there was sound of the engine …
(WET_NOTED, LEVEL_NOTED, READY_NOTED) = range(14, 17)
# … and of the engine: age of its gains, s, time of a hop, ms, and how much of the effect it gives.
(AGE_P50, AGE_P99, HOP_P50, HOP_P99, HOP_P999, ENGINE_WET) = range(20, 26)


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


_PARTS: list[Part] = [
    ("numbers", (NUMBERS,), "i8"),
    ("levels", (NUMBERS,), "f8"),
    ("notes", (ROWS, COLUMNS), "f8"),
    ("turns", (ROWS, COLUMNS), "f8"),
    ("ceiling", (STATE,), "f8"),
    ("ahead", (CHANNELS, 2 * LOOKAHEAD), "f4"),
    ("feed", (CHANNELS, FEED), "f4"),
    ("wet", (CHANNELS, WET), "f4"),
    ("out", (CHANNELS, OUT), "f4"),
    ("mix", (CHANNELS, MOST), "f4"),
]
_LAYOUT = Layout(_PARTS)
OFFSETS, SIZE = _LAYOUT.offsets, _LAYOUT.size


class Board(Numbers):
    """The shared memory, mapped by this process.

    Args:
        path: of the file that was made by :func:`create`.

    Attributes:
        numbers, levels: (64,), int64 and float64; the places are the constants of this module.
        feed, wet, out: rings (2, n); sample t lies at t modulo n, in ``out`` that of the instant
            that was played.
        notes, turns: journals of the engine and of the device.
        readings: of the engine: ``AGE_P50`` to ``HOP_P999``.
        ahead, ceiling: the limiter's sound and state.
        mix: the block that the callback works on.
    """

    levels: Array
    notes: Array
    turns: Array
    ceiling: Array
    ahead: Audio
    feed: Audio
    wet: Audio
    out: Audio
    mix: Audio

    def __init__(self, path: Path) -> None:
        self.path = path
        self.memory = _LAYOUT.map(path, self)
        levels = self.levels
        self._tempo = Together(self.numbers, TEMPO, levels[BPM_WANTED : BEATS + 1])
        self._call = Together(self.numbers, CALL, levels[_CALLED : _CALLED + 4])
        self.readings = Together(self.numbers, READINGS, levels[AGE_P50 : HOP_P999 + 1])

    @property
    def address(self) -> int:
        """Where the memory begins, for compiled code."""
        return int(self.memory.ctypes.data)

    def want_tempo(self, tempo: Tempo, known: bool = True) -> None:
        """Ask the engine for a tempo.

        Args:
            tempo: with a downbeat that is counted from the session's beginning.
            known: whether anybody knows where the bar is; else the window has an edge.
        """
        self._tempo.write(tempo.bpm, tempo.downbeat_s, float(not known), tempo.beats_per_bar)

    def wanted_tempo(self) -> tuple[int, Tempo, bool]:
        """The number of the tempo that was asked for last, the tempo, and whether it is known."""
        number, (bpm, downbeat_s, edge, beats) = self._tempo.read()
        return number, Tempo(bpm, downbeat_s, int(beats)), edge == 0.0

    def call(self, **changes: float) -> None:
        """Ask the engine for a slot, or a place between two.

        Args:
            changes: of what is asked for now, as :class:`Call` has it.
        """
        wanted = replace(self.called(), **changes)  # type: ignore[arg-type]
        self._call.write(wanted.slot, wanted.at, wanted.fade_s, wanted.cross)

    def called(self) -> Call:
        """What was asked for last."""
        _, (slot, at, fade_s, cross) = self._call.read()
        return Call(int(slot), int(at), fade_s, cross)

    def opened(self) -> Opened | None:
        """The session that there is now; None before the first, and while one begins."""
        opened = self.steady(
            OPENING,
            lambda: Opened(*map(self.get, (SESSION, RATE, INPUTS, BEHIND, HEARD, PLAYED))),
        )
        return opened if opened and opened.number else None

    def write(self, ring: Audio, first: int, block: Audio) -> None:
        """Put (channels, n) where sample ``first`` belongs; a mono block fills both channels."""
        put(ring, first, block)

    def read(self, ring: Audio, first: int, n: int, channels: int = CHANNELS) -> Audio:
        """Samples first … first + n of a ring, (channels, n)."""
        return take(ring, first, n, channels)


def create() -> Board:
    """New shared memory, in memory where the system has a place for that."""
    board = Board(_LAYOUT.claim())
    board.call(**vars(Call()))
    board.levels[AMOUNTS:MACROS] = 1.0
    board.levels[WET_WANTED] = board.levels[LEVEL_WANTED] = 1.0
    return board
