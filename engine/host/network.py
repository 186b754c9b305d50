"""The networks of a rig's slots beside one session of the device: they hear what it hears, and
publish gains with the time that they are for.

One that begins late first listens to the last phrase, which is still in the ring.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from engine.config.request import EngineConfig
from engine.dsp.arrays import Audio
from engine.dsp.frontend import FrontEnd
from engine.dsp.path_state import TEMPO as TEMPO_ROW
from engine.dsp.published import Publisher
from engine.dsp.stft import STFT
from engine.dsp.stream_columns import StreamColumns
from engine.dsp.tempo import Tempo
from engine.host.live_path import sources_of
from engine.host.session import opened_session
from engine.inference.slot_inference import SlotInference
from engine.inference.stream_inference import StreamInference
from engine.inference.window_inference import WindowInference
from engine.models.executors import Background, Runner
from engine.models.generator import AnyGenerator, IdentityGenerator, StreamingOnnx
from engine.models.past import past_needed
from engine.models.quarantine import Quarantine
from engine.processes.speech import say
from engine.state import shared_state as b
from engine.state.journal import Kind, Rows, note

_TELL_S = 0.5  # between figures of inference
_LOOK_S = 0.015  # between looks for what is heard, at most
_SHORTLY_S = 0.001  # the same when a column ends about now
_MOST_HOPS = 64
_BACKLOG_S = 1.0  # further behind than this, the feed is listened to and nothing is inferred

When = Callable[[int, int, int, int], int]
"""Of a slot, an image's number, the sample up to which the feed was heard for it, and now: the
sample from which on it may be read; counted in the session."""


class _Slot(NamedTuple):
    """A slot that has a network: its inference, who runs it, and which feed it hears."""

    inference: SlotInference
    runner: Runner
    source: int


class NetworkSession:
    """One device at one rate, followed from where the ring still knows it.

    Args:
        shared: the shared memory.
        generators: the networks, one a slot.
        config: see :class:`EngineConfig`.
        runner: makes what runs a slot's inferences, told of its number and the session's first
            sample; by default threads, beside a feed that goes on.
        heard: up to which sample the feed is there; by default what the shared state says.
        tell: told what goes wrong; by default whoever started this process.
        quarantines: of the slots, beyond this session; not used with a ``runner``.
        when: for a take: from when on images may be read, and answers at once.

    Attributes:
        at: sample of the session that comes next.
        hop: samples that are worked on at once, at least.
    """

    def __init__(
        self,
        shared: b.SharedState,
        generators: Sequence[AnyGenerator | IdentityGenerator],
        config: EngineConfig,
        runner: Callable[[int, int], Runner] | None = None,
        heard: int | None = None,
        tell: Callable[[str], None] = lambda text: say(fault=text),
        quarantines: Sequence[Quarantine] = (),
        when: When | None = None,
    ) -> None:
        self._tell, self._shared, self._led = tell, shared, when is not None
        self._quarantines = quarantines or [Quarantine() for _ in generators]
        opened = opened_session(shared)
        self.number, self._rate, self._channels = opened.number, opened.rate, max(1, opened.inputs)
        self._rows = Rows(shared.state, "noted", shared.device_rows)
        self._changes: deque[tuple[int, Tempo, bool]] = deque()
        self._beats = config.beats_per_bar
        self.hop = STFT.low_delay(self._rate, config.settings.synthesis).hop
        heard = opened.heard if heard is None else heard
        now, known = self._latest_tempo()
        past = min(heard, past_needed(generators, now, self._rate), b.FEED * 9 // 10)
        self.at = self._origin = (heard - past) // self.hop * self.hop
        make = runner or self._background
        sources = sources_of(config)
        self._finished = threading.Event()  # an inference, of any slot
        self._slots: dict[int, _Slot] = {}
        self._columns: dict[tuple[int, float], StreamColumns] = {}  # of a feed, at a level
        for slot, generator in enumerate(generators):
            if not isinstance(generator, IdentityGenerator):
                who = make(slot, self._origin)
                source = 1 + sources.index(slot) if slot in sources else 0
                inference = self._inference(
                    slot, source, generator, who, self._own(now), config, when
                )
                self._slots[slot] = _Slot(inference, who, source)
                inference.follow(self._own(now), known)
        self._counted = shared.network.inferences, shared.network.faults
        self._said, self._told_s = {""}, 0.0
        note(shared, Kind.BEGAN, self.at, heard)
        self.listen(heard)

    def _inference(
        self,
        slot: int,
        source: int,
        generator: AnyGenerator,
        who: Runner,
        tempo: Tempo,
        config: EngineConfig,
        when: When | None,
    ) -> SlotInference:
        settings, origin = config.settings, self._origin
        analyser = FrontEnd().at(self._rate)
        publisher = Publisher(self._shared.published, slot, origin)
        noise = settings.noise_branch
        if isinstance(generator, StreamingOnnx):
            feed = source, generator.level_db
            if feed not in self._columns:
                form = analyser, self._channels, generator.level_db, origin
                self._columns[feed] = StreamColumns(*form)
            columns = self._columns[feed]
            at_once = lambda heard, now: now + origin if when is None else 0  # noqa: E731
            return StreamInference(
                generator,
                who,
                publisher,
                columns,
                analyser,
                self._channels,
                noise,
                settings.use == "edge",
                at_once,
            )
        noted = when or self._noted

        def published(number: int, until: int, now: int) -> int:
            return noted(slot, number, until + origin, now + origin)

        return WindowInference(
            generator,
            who,
            publisher,
            analyser,
            tempo,
            self._channels,
            settings.use,
            tempo.phrase_s,
            noise,
            settings.every,
            published,
        )

    def _noted(self, slot: int, number: int, until: int, now: int) -> int:
        note(self._shared, Kind.PUBLISHED, until, slot, number)
        return now

    def _own(self, tempo: Tempo) -> Tempo:
        """A tempo as the inference counts it: from its own beginning."""
        return tempo.later(-self._origin / self._rate)

    def _latest_tempo(self) -> tuple[Tempo, bool]:
        """What the signal path has taken over last; before that, what the controls want."""
        self._take_rows()
        if not self._changes:
            return self._shared.wanted_tempo()
        _, tempo, known = self._changes[-1]
        self._changes.clear()
        return tempo, known

    def _take_rows(self) -> None:
        for kind, at, *values in self._rows.take().tolist():
            if kind == TEMPO_ROW:
                bpm, downbeat_s, known = values
                self._changes.append((int(at), Tempo(bpm, downbeat_s, self._beats), known != 0.0))

    def _background(self, slot: int, origin: int) -> Background:
        return Background(self._quarantines[slot], self._finished)

    def follow(self) -> None:
        """Until the session is over or the program ends."""
        shared = self._shared
        while shared.device.session == self.number and shared.controls.stop != b.ALL_END:
            behind = self._there() - self.at
            if (ahead := self._due() - behind) > 0:
                self._finished.wait(min(max(ahead / self._rate, _SHORTLY_S), _LOOK_S))
                if self._finished.is_set():
                    self._finished.clear()
                    self.collect()
                continue
            if behind > b.FEED // 2:
                return  # what was heard then is no longer in the ring: begin anew
            if behind > _BACKLOG_S * self._rate:
                self.listen(self._there())
            else:
                self.hear(behind // self.hop)
            self._report()

    def _due(self) -> int:
        """Samples from here until a slot has something to do."""
        here, most = self.at - self._origin, round(_LOOK_S * self._rate)
        dues = [slot.inference.due - here for slot in self._slots.values()]
        return max(self.hop, min([*dues, most]))

    def _there(self) -> int:
        """Up to which sample all feeds are there."""
        shared = self._shared
        heard = shared.device.heard
        if any(slot.source for slot in self._slots.values()):
            fed = shared.effects.fed
            # Where the effects are away, their slots hear the feed as it is.
            return heard if heard - fed > _BACKLOG_S * self._rate else min(heard, fed)
        return heard

    def advance(self) -> None:
        """All hops that are there, one at a time."""
        while self._there() - self.at >= self.hop:
            self.hear(1)
        self._report()

    def hear(self, hops: int, listens: bool = False) -> None:
        """The next hops of the feed, which have to be there.

        Args:
            hops: so many, or fewer up to the next change of tempo.
            listens: whether nothing is inferred of them.
        """
        self._take_rows()
        while self._changes and self._changes[0][0] <= self.at:
            _, tempo, known = self._changes.popleft()
            for slot in self._slots.values():
                slot.inference.follow(self._own(tempo), known)
        n = min(hops, _MOST_HOPS) * self.hop
        if self._changes:
            n = min(n, max(self.hop, self._changes[0][0] - self.at))
        blocks: dict[int, Audio] = {}
        for number, slot in self._slots.items():
            if slot.source not in blocks:
                ring = self._shared.feeds[slot.source]
                blocks[slot.source] = self._shared.read(ring, self.at, n, self._channels)
            slot.inference.hear(blocks[slot.source], self._runs(number) and not listens)
        self.at += n

    def listen(self, until: int) -> None:
        """Catch up without inference, which would look at a window that is half empty."""
        while (hops := (until - self.at) // self.hop) > 2:
            self.hear(hops, listens=True)

    def collect(self) -> None:
        """What has been finished meanwhile: nobody waits for the next hop."""
        nothing = np.zeros((self._channels, 0), np.float32)
        for number, slot in self._slots.items():
            if not slot.runner.works:
                continue
            slot.inference.hear(nothing, self._runs(number))

    def _runs(self, slot: int) -> bool:
        """Whether gains of a slot are wanted; in a take what was published says so."""
        return self._led or bool(self._shared.slots["runs"][slot])

    def close(self) -> None:
        """End the inference threads."""
        for slot in self._slots.values():
            slot.runner.close()

    def _report(self) -> None:
        """Counters, and what goes wrong."""
        network, runners = self._shared.network, [slot.runner for slot in self._slots.values()]
        network.at = self.at
        network.inferences = self._counted[0] + sum(one.done for one in runners)
        network.faults = self._counted[1] + sum(one.faults for one in runners)
        if time.monotonic() - self._told_s > _TELL_S:
            self._told_s = time.monotonic()
            times_s = [time_s for one in runners for time_s in one.times_s]
            if times_s:
                median, most = np.percentile(times_s, (50, 99))
                network.inference_p50_s, network.inference_p99_s = median, most
        for number, slot in self._slots.items():
            trouble = slot.runner.fault and f"slot {number + 1}: {slot.runner.fault}"
            if trouble not in self._said:
                self._said.add(trouble)
                self._tell(trouble)
