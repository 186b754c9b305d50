"""The engine's way through one device at one rate, hop by hop.

It follows what the device hears and writes what it makes of it to the place where the device will
look. One that begins late first listens to the last phrase, which is still in the ring.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from engine.dsp.arrays import Audio
from engine.dsp.gain import Quality
from engine.dsp.kernel_plan import Mix
from engine.dsp.stft import STFT
from engine.dsp.tempo import Tempo
from engine.live import board as b
from engine.live.asked import Asked
from engine.live.chains import Built, Workshop
from engine.live.generator import AnyGenerator, StreamingOnnx, Through
from engine.live.inference import Background, Runner
from engine.live.journal import Kind, note
from engine.live.opening import IDLE_S, opened_session, past_needed
from engine.live.quarantine import Outcome, Quarantine
from engine.live.speech import say
from engine.stages.gain_source import Decisions
from engine.stages.host import Host
from engine.stages.slots import Slots

_MOST_HOPS = 64
_BACKLOG_S = 1.0  # further behind than this, the feed is listened to and not rendered
_PLACES = {quality: b.SHARES[quality.value] for quality in Quality}
_COUNTERS = (b.INFERENCES, b.LATE_INFERENCES, b.FAULTS, b.SWITCHES)


class Session:
    """One device at one rate, followed from where the ring still knows it.

    Args:
        board: the shared memory.
        generators: the networks, one a slot.
        asked: see :class:`Asked`.
        runner: makes what runs a slot's inferences, told of its number and the session's first
            sample; by default threads, beside a feed that goes on.
        heard: up to which sample the feed is there; by default what the board says.
        patience_s: how long the answer of a plugin is waited for, where nobody listens.
        tell: told what goes wrong; by default whoever started this process.
        quarantines: of the slots, beyond this session; not used with a ``runner``.
        decided: for a take: of each slot, what its columns were heard by.

    Attributes:
        at: sample of the session that comes next.
        hop: samples that are worked on at once, at least.
        plugins: effects in processes of their own, in the order of the rig.
    """

    def __init__(
        self,
        board: b.Board,
        generators: Sequence[AnyGenerator | Through],
        asked: Asked,
        runner: Callable[[int, int], Runner] | None = None,
        heard: int | None = None,
        patience_s: float | None = None,
        tell: Callable[[str], None] = lambda text: say(fault=text),
        quarantines: Sequence[Quarantine] = (),
        decided: Sequence[Decisions] | None = None,
    ) -> None:
        self._tell, self._generators = tell, generators
        self._quarantines = quarantines or [Quarantine() for _ in generators]
        opened = opened_session(board)
        self._board, self.number, self._rate = board, opened.number, opened.rate
        self._channels = max(1, opened.inputs)
        hop = STFT.low_delay(self._rate, asked.settings.synthesis).hop
        self._tempo_number, tempo, known = board.wanted_tempo()
        heard = opened.heard if heard is None else heard
        past = min(heard, past_needed(generators, tempo, self._rate), b.FEED * 9 // 10)
        self.at = self._origin = (heard - past) // hop * hop
        workshop = Workshop(self._rate, self._channels, hop, patience_s)
        built = Built(asked, workshop)
        self._macros, self.plugins = built.macros, workshop.plugins
        self._lead = max(chain.latency if chain else 0 for chain in built.before)
        shifted = self._own(tempo)
        make, slots = runner or self._background, range(len(generators))
        self._inferences = [make(slot, self._origin) for slot in slots]
        networks = enumerate(zip(generators, self._inferences, strict=True))
        hosts = [
            Host(
                *(generator, inference, self._rate, self._channels, shifted, asked.settings),
                origin=self._origin - self._lead,
                tell=partial(self._happened, Kind.HEARD_BY, slot),
                decided=None if decided is None else decided[slot],
            )
            for slot, (generator, inference) in networks
        ]
        levels_db = asked.levels_db or [0.0] * len(hosts)
        for host, level_db in zip(hosts, levels_db, strict=True):
            host.restyle.mix = Mix(asked.match, 10 ** (level_db / 20))
        self._sanitise = hosts[0].sanitise
        form = self._rate, asked.law, asked.sides, self._channels
        effects = built.before, built.after, built.master
        self._slots = Slots([h.restyle for h in hosts], *form, *effects)
        for number, plugin in enumerate(self.plugins):
            plugin.told = partial(self._happened, Kind.PLUGIN, number)
        self._panics = board.get(b.PANICS)
        self.hop = hop
        self._slots.active = self._slot(board.called())
        self._counted = {place: board.get(place) for place in (*_PLACES.values(), *_COUNTERS)}
        self._ages: deque[float] = deque(maxlen=4096)
        self._times: deque[float] = deque(maxlen=4096)
        self._reported, self._said = 0.0, {""}
        self._noted: dict[tuple[Kind, int], tuple[float, ...]] = {}
        self._note(Kind.BEGAN, heard)
        self._note(Kind.TEMPO, tempo.bpm, tempo.downbeat_s, known)
        for host in hosts:
            host.restyle.follow(shifted, known)
        call = board.called()
        self._note(Kind.SWITCH, self._slot(call), call.fade_s, call.at)
        self.listen(heard)
        if runner is None:
            self._catch_up()

    def _own(self, tempo: Tempo) -> Tempo:
        """A tempo as the stages count it: from their own beginning, behind their first effects."""
        return tempo.later((self._lead - self._origin) / self._rate)

    def follow(self) -> None:
        """Hop after hop, until the session is over or the program ends."""
        board, hop = self._board, self.hop
        while board.get(b.SESSION) == self.number and board.get(b.STOP) != b.ALL_END:
            behind = board.get(b.HEARD) - self.at
            hops = behind // hop
            if hops <= 0:
                time.sleep(IDLE_S)
                continue
            if behind > b.FEED // 2:
                return  # what was heard then is no longer in the ring: begin anew
            if behind > _BACKLOG_S * self._rate:
                self._catch_up()
                continue
            began = time.perf_counter()
            self.play(min(hops, _MOST_HOPS))
            if hops == 1:
                self._times.append(time.perf_counter() - began)
            self._report(began)

    def _say(self, trouble: str) -> None:
        if trouble not in self._said:
            self._said.add(trouble)
            self._tell(trouble)

    def close(self) -> None:
        """End the inference threads."""
        for inference in self._inferences:
            inference.close()

    def _background(self, slot: int, origin: int) -> Background:
        streams = isinstance(self._generators[slot], StreamingOnnx)

        def tell(now: int, outcome: Outcome) -> None:
            if not (streams and outcome is Outcome.DONE):  # when answers come changes nothing
                note(self._board, Kind.COLLECTED, origin + now, slot, outcome)

        return Background(tell, self._quarantines[slot])

    def _happened(self, kind: Kind, *values: float) -> None:
        note(self._board, kind, self.at, *values)

    def _note(self, kind: Kind, *values: float, key: int = 0) -> None:
        """Put it into the journal, unless it is there already."""
        if self._noted.get((kind, key)) != values:
            self._noted[kind, key] = values
            note(self._board, kind, self.at, *values)

    def listen(self, until: int) -> None:
        """Catch up without inference, which would look at a window that is half empty."""
        self._note(Kind.LISTENED, until)
        self._pause(True)
        while (hops := (until - self.at) // self.hop) > 2:
            skipped = np.zeros_like(self._take(min(hops, _MOST_HOPS)))
            self._board.write(self._board.wet, self.at - self._slots.latency, skipped)
            self.at += skipped.shape[-1]
        self._pause(False)
        # These hops were not played, and do not count.
        for quality, place in _PLACES.items():
            self._counted[place] = self._board.get(place) - self._hops(quality)

    def _catch_up(self) -> None:
        while (heard := self._board.get(b.HEARD)) - self.at > _MOST_HOPS * self.hop:
            self.listen(heard)

    def _pause(self, paused: bool) -> None:
        for inference in self._inferences:
            inference.paused = paused
        for plugin in self.plugins:
            plugin.paused = paused

    def _hops(self, quality: Quality) -> int:
        return sum(stage.hops[quality] for stage in self._slots.stages)

    def _take(self, hops: int) -> Audio:
        """The next hops of the feed, restyled."""
        block = self._board.read(self._board.feed, self.at, hops * self.hop, self._channels)
        return self._slots.process(self._sanitise.process(block))

    def _keep_time(self) -> None:
        """Follow the tempo that the controls want."""
        if self._board.get(b.TEMPO) == self._tempo_number:
            return
        number, tempo, known = self._board.wanted_tempo()
        if number != self._tempo_number:  # else it is just being written
            self._tempo_number = number
            self._note(Kind.TEMPO, tempo.bpm, tempo.downbeat_s, known)
            for stage in self._slots.stages:
                stage.follow(self._own(tempo), known)

    def _choose(self) -> None:
        """Which slot is heard, or where between two, and how much of each."""
        board, slots = self._board, self._slots
        for slot, stage in enumerate(slots.stages):
            amount = float(board.levels[b.AMOUNTS + slot])
            stage.mix = stage.mix._replace(amount=amount)
            self._note(Kind.AMOUNT, slot, amount, key=slot)
        for number in range(len(self._macros)):
            turned = float(board.levels[b.MACROS + number])
            self._note(Kind.MACRO, number, turned, key=number)
            self._macros.turn(number, turned)
        if board.get(b.PANICS) != self._panics:
            self._panics = board.get(b.PANICS)
            note(board, Kind.PANIC, self.at)
            slots.reset()
        call = board.called()
        self._note(Kind.CROSS, call.cross)
        if call.cross >= 0.0:
            slots.cross(call.cross)
        elif call.at - self.at < b.CALL_S * self._rate:
            slot = self._slot(call)
            self._note(Kind.SWITCH, slot, call.fade_s, call.at)
            slots.switch(slot, call.fade_s, call.at - self._origin)

    def _slot(self, call: b.Call) -> int:
        return call.slot % len(self._inferences)

    def play(self, hops: int) -> None:
        """The next hops of the feed, which have to be there."""
        board = self._board
        self._keep_time()
        self._choose()
        out = self._take(hops)
        if hops > 1:
            note(board, Kind.HOPS, self.at, hops)  # behind what plugins did meanwhile
        first = self.at - self._slots.latency
        self.at += out.shape[-1]
        if first >= 0:
            board.write(board.wet, first, out)
        if board.get(b.SESSION) != self.number:
            return
        board.publish(b.MADE, first + out.shape[-1])
        board.numbers[b.HOPS] += hops
        if board.get(b.HEARD) - board.get(b.BEHIND) > first:
            board.numbers[b.LATE_HOPS] += hops
        instant, reading = self._slots.stages[self._slots.active].last_readings[-1]
        if reading.tap:
            newest = reading.tap.image.newest
            self._ages.append(max(0.0, (instant - newest) / self._rate))

    def advance(self) -> None:
        """All hops that are there, one at a time."""
        while self._board.get(b.HEARD) - self.at >= self.hop:
            self.play(1)
        self._report(0.0)

    def _report(self, now: float) -> None:
        """Counters and, once a second, percentiles."""
        board, slots = self._board, self._slots
        for quality, place in _PLACES.items():
            board.numbers[place] = self._counted[place] + self._hops(quality)
        for place, now_counted in (
            (b.INFERENCES, sum(inference.done for inference in self._inferences)),
            (b.LATE_INFERENCES, sum(stage.late for stage in slots.stages)),
            (b.FAULTS, sum(inference.faults for inference in self._inferences)),
            (b.SWITCHES, slots.switches),
        ):
            board.numbers[place] = self._counted[place] + now_counted
        board.numbers[b.SLOT] = slots.active
        board.levels[b.ENGINE_WET] = slots.stages[slots.active].wet
        for number, inference in enumerate(self._inferences, 1):
            if inference.fault:
                self._say(f"slot {number}: {inference.fault}")
        for trouble in slots.faults:
            self._say(trouble)
        if now - self._reported > 1.0 and self._ages and self._times:
            self._reported = now
            ages = np.percentile(self._ages, (50, 99))
            board.readings.write(*ages, *(1e3 * np.percentile(self._times, (50, 99, 99.9))))
