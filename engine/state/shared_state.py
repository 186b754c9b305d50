"""The memory that the processes of the stage share: rings of sound, records of numbers, gains.

Time is counted in samples since the session began, the same in all processes. The device writes
what it hears and what it makes of it; the network's process publishes gains with the time that they
are for, the effects' process what it makes of a block. Whoever is late, is late by a number and not
by a place in a queue, so that latency never creeps.

One process writes each record, see :mod:`engine.processes.records`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.dsp.frontend import FrontEnd
from engine.dsp.limiter import LOOKAHEAD, STATE
from engine.dsp.path_state import ROWS, SLOT, VALUES
from engine.dsp.path_state import STATE as PATH_STATE
from engine.dsp.published import ANSWERS, Published, clear, parts_of
from engine.dsp.ring import put, take
from engine.dsp.tempo import Tempo
from engine.processes.memory import Layout, Part
from engine.state.stage_records import (
    Call,
    CallWish,
    Controls,
    DeviceState,
    EffectsState,
    Network,
    Opened,
    TempoWish,
)

CHANNELS = 2
FEED, SOUND, MOST = 1 << 20, 1 << 17, 1 << 12
"""Samples of the rings: what was heard (a phrase and more, from which a network that was started
again learns where it is), and what was made and went out; and the frames that the callback works
on at once."""
HOPS = 1 << 13
"""Hops of which is known which slots ran."""
MEASURED = 1 << 12
"""Calls of the callback of which figures are kept."""
MOST_SLOTS, MOST_MACROS = 16, 16
DEVICE_ENDS, ALL_END = 1, 2
"""Values of ``Controls.stop``: the device fades out before the other processes end."""
CALL_S = 1.0
"""A slot that is called runs unheard so long before it is due: time for its first gains."""
_IMAGES, _WIDTH = 5, 1024  # of each slot; of a longer phrase the columns around "now"


class Shape(NamedTuple):
    """What the memory is made for.

    Attributes:
        slots: number of them.
        sources: feeds: one, and one for each slot with effects before its generator.
        effects: whether there are effects behind the generators, 1 or 0.
    """

    slots: int = 1
    sources: int = 1
    effects: int = 0


ONE_SLOT = Shape()
_HEADER = Layout([("shape", (len(Shape._fields),), "i8")])


def _layout(shape: Shape) -> Layout:
    parts: list[Part] = [("shape", (len(shape),), "i8")]
    records = {
        "device": DeviceState,
        "network": Network,
        "effects": EffectsState,
        "controls": Controls,
    }
    records |= {"tempo": TempoWish, "wish": CallWish}
    parts += [(f"_{name}", (1,), kind.dtype) for name, kind in records.items()]
    parts += [("state", (1,), PATH_STATE), ("slots", (shape.slots,), SLOT)]
    parts += [("amounts", (MOST_SLOTS,), "f8"), ("macros", (MOST_MACROS,), "f8")]
    parts += [("kinds", (shape.slots,), "i8")]
    parts += [(f"{name}_rows", (ROWS, VALUES), "f8") for name in ("device", "network", "effects")]
    parts += [("ceiling", (STATE,), "f8"), ("ahead", (CHANNELS, 2 * LOOKAHEAD), "f4")]
    parts += [("feeds", (shape.sources, CHANNELS, FEED), "f4")]
    parts += [(name, (CHANNELS, SOUND), "f4") for name in ("sound", "out", "effected")]
    parts += [("shares", (shape.slots, CHANNELS, SOUND * shape.effects), "f4")]
    parts += [("running", (shape.slots, HOPS * shape.effects), "?")]
    parts += [("mix", (CHANNELS, MOST), "f4"), ("measured", (MEASURED, 4), "f8")]
    bands = FrontEnd().n_mels
    gains = parts_of(shape.slots, bands, ANSWERS, _WIDTH, images=_IMAGES)
    return Layout(parts + [(f"gains_{name}", size, kind) for name, size, kind in gains])


class SharedState:
    """The shared memory, mapped by this process.

    Args:
        path: of the file that was made by :func:`create`.
        shape: what it is made for; by default the file says so.

    Attributes:
        device, network, effects, controls: records, each written by one process.
        tempo, wish: what the controls want, each as one.
        amounts, macros: as the controls want them, 0 … 1.
        kinds: of the slots' generators.
        state, slots: of the signal path, see :mod:`engine.dsp.path_state`.
        published: gains.
        feeds: rings (sources, 2, n): what was heard, and what effects before generators made of it;
            sample t lies at t modulo n.
        sound, effected, out: rings (2, n): of the slots together, of the effects behind them, and
            what went out, at the instant that was played.
        shares: rings of each slot's share in what is heard, (slots, 2, n).
        running: whether each slot ran, (slots, n), a ring of hops.
        device_rows, network_rows, effects_rows: what was decided, see :mod:`engine.state.journal`.
        ahead, ceiling: the limiter's sound and state.
        mix: the block that the callback works on.
        measured: of its latest calls, (n, 4): how old the gains were and how long it took, s; when
            it began, s of the monotonic clock, 0 where machine code has none; and the sample up to
            which was heard then.
    """

    amounts: Array
    macros: Array
    kinds: Array
    state: Array
    slots: Array
    device_rows: Array
    network_rows: Array
    effects_rows: Array
    ceiling: Array
    ahead: Audio
    feeds: Audio
    sound: Audio
    effected: Audio
    out: Audio
    shares: Audio
    running: Array
    mix: Audio
    measured: Array
    _device: Array
    _network: Array
    _effects: Array
    _controls: Array
    _tempo: Array
    _wish: Array
    shape: Array

    def __init__(self, path: Path | None, shape: Shape | None = None) -> None:
        self._path = path
        if shape is None:
            _HEADER.map(path, self)
            shape = Shape(*self.shape.tolist())
        _layout(shape).map(path, self)
        self.device, self.network = DeviceState(self._device), Network(self._network)
        self.effects, self.controls = EffectsState(self._effects), Controls(self._controls)
        self.tempo, self.wish = TempoWish(self._tempo), CallWish(self._wish)
        self.published = Published(*(getattr(self, f"gains_{n}") for n in Published._fields))

    @property
    def path(self) -> Path:
        """Of the file."""
        assert self._path is not None, "it is nobody else's"
        return self._path

    @property
    def feed(self) -> Audio:
        """Ring of what was heard."""
        ring: Audio = self.feeds[0]
        return ring

    @property
    def active(self) -> int:
        """The slot that is heard, or that is being faded to."""
        return int(self.state["active"][0])

    def latest(self, since: int = 0) -> Array:
        """Figures of the callback's latest calls, see ``measured``, (n, 4); n is 0 before any.

        Args:
            since: how many calls there had been; those after them, as far as they are kept.
        """
        calls = self.device.callbacks
        figures: Array = self.measured[np.arange(max(since, calls - MEASURED), calls) % MEASURED]
        return figures

    def want_tempo(self, tempo: Tempo, known: bool = True) -> None:
        """Ask for a tempo.

        Args:
            tempo: with a downbeat that is counted from the session's beginning.
            known: whether anybody knows where the bar is; else the window has an edge.
        """
        self.tempo.write(
            bpm=tempo.bpm,
            downbeat_s=tempo.downbeat_s,
            beats=tempo.beats_per_bar,
            edge=not known,
            phrase_s=tempo.phrase_s,
            bar_s=tempo.bar_s,
        )

    def wanted_tempo(self) -> tuple[Tempo, bool]:
        """The tempo that was asked for last, and whether it is known."""
        wish = self.tempo.read()
        return wish.tempo, not wish.edge

    def call(self, **changes: float) -> None:
        """Ask for a slot, or a place between two.

        Args:
            changes: of what is asked for now, as :class:`Call` has it.
        """
        self.wish.write(**vars(replace(self.called(), **changes)))  # type: ignore[arg-type]

    def called(self) -> Call:
        """What was asked for last."""
        wish = self.wish.read()
        return Call(wish.slot, wish.at, wish.fade_s, wish.cross)

    def opened(self) -> Opened | None:
        """The session that there is now; None before the first, and while one begins."""
        d = self.device
        before = d.opening
        found = Opened(d.session, d.rate, d.inputs, d.behind, d.heard, d.played)
        return found if not before & 1 and d.opening == before and found.number else None

    def write(self, ring: Audio, first: int, block: Audio) -> None:
        """See :func:`engine.dsp.ring.put`."""
        put(ring, first, block)

    def read(self, ring: Audio, first: int, n: int, channels: int = CHANNELS) -> Audio:
        """See :func:`engine.dsp.ring.take`."""
        return take(ring, first, n, channels)


def create(shape: Shape = ONE_SLOT) -> SharedState:
    """New shared memory, in memory where the system has a place for that."""
    shared = SharedState(_layout(shape).claim(), shape)
    shared.shape[:] = shape
    return _started(shared)


def private(shape: Shape = ONE_SLOT) -> SharedState:
    """The same in memory of this process alone."""
    return _started(SharedState(None, shape))


def _started(shared: SharedState) -> SharedState:
    clear(shared.published)
    shared.wish.write(**vars(Call()))
    shared.amounts[:] = 1.0
    shared.controls.wet = shared.controls.level = 1.0
    return shared
