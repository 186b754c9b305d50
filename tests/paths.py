"""The signal path as the stage has it, several slots on one feed, in memory of this process."""

from __future__ import annotations

import numpy as np

from engine.dsp.frontend import FrontEnd
from engine.dsp.kernel import render
from engine.dsp.path_setup import Arrangement, path_of, tell_tempo
from engine.dsp.path_state import CROSSED, KIND_WINDOW, NOBODY
from engine.dsp.published import Publisher, published
from engine.dsp.ring import put, take
from engine.dsp.signal_path import advance
from engine.dsp.slot_mix import cross, switch
from engine.dsp.stft import STFT
from engine.dsp.tempo import Tempo, bucket
from engine.effects.slot_effects import EffectsBefore, EffectsBehind
from engine.inference.window_inference import WindowInference
from engine.models.executors import Scheduled

RING = 1 << 14
TEMPO = Tempo(240.0)


class Slots:
    """Generators that restyle windows, one a slot.

    Args:
        generator: gives one by its name.
        names: of the slots.
        match: whether they are brought to the loudness of the feed.
        inference_samples: simulated time of an inference.
        law, sides: of crossfades.
        before, after, master: effects.
        tempo: of the feed.
        rate: hertz.
    """

    CROSSED = CROSSED

    def __init__(
        self,
        generator,
        names,
        match=False,
        inference_samples=2000,
        law="measured",
        sides=None,
        before=None,
        after=None,
        master=None,
        tempo=TEMPO,
        rate=48000,
    ):
        analyser, stft = FrontEnd().at(rate), STFT.low_delay(rate)
        count = len(names)
        what = published(
            count, analyser.spec.n_mels, 0, bucket(tempo.phrase_s * rate / analyser.hop)
        )
        effects = after is not None or master is not None
        befores = [chain for chain in before or () if chain is not None]
        self._before = EffectsBefore(befores, rate, 2)
        self.lead = max(self._before.latencies, default=0)
        sources = 1 + len(befores)
        self._feed, self._out = np.zeros((sources, 2, RING), np.float32), np.zeros((2, RING))
        self._out = self._out.astype(np.float32)
        rings = np.zeros((count, 2, RING), np.float32), np.zeros((count, RING), bool)
        parts = rings if effects else None
        form = Arrangement(count, 2, self.lead, law=law, sides=sides, sources=sources)
        self.path = path_of(
            analyser, stft, form, what, self._feed, self._out, parts=parts if effects else None
        )
        self.path.slots["kind"], self.path.slots["match"] = KIND_WINDOW, match
        for slot, chain in enumerate(before or ()):
            self.path.slots["source"][slot] = 0 if chain is None else 1 + befores.index(chain)
        self._heard = [0] * count
        tell_tempo(self.path, tempo, True)
        self.runners = [Scheduled(inference_samples) for _ in names]
        self._inference = [
            WindowInference(
                generator(name),
                runner,
                Publisher(what, slot),
                analyser,
                tempo,
                2,
                "phrase",
                tempo.phrase_s,
                True,
            )
            for slot, (name, runner) in enumerate(zip(names, self.runners, strict=True))
        ]
        self._effects = EffectsBehind(after or [None] * count, master, rate, 2)
        self.has_effects = effects
        self.hop = stft.hop
        self.latency = self.lead + stft.reach - stft.hop + self._effects.latency
        self.reset = self._effects.reset

    @property
    def state(self):
        return self.path.state[0]

    @property
    def active(self):
        return int(self.state["active"])

    @property
    def leaving(self):
        leaving = int(self.state["leaving"])
        return None if leaving == NOBODY else leaving

    @property
    def switches(self):
        return int(self.state["switches"])

    def switch(self, slot, seconds, at=0):
        return switch(self.state, slot, seconds, at)

    def cross(self, place):
        return cross(self.state, place)

    def amount(self, slot, wanted):
        self.path.slots["wanted"][slot] = wanted

    def process(self, block):
        """The next hops, (2, m·hop)."""
        parts = []
        for first in range(0, block.shape[-1], self.hop):
            parts.append(self._process(block[:, first : first + self.hop]))
        return np.concatenate(parts, axis=-1)

    def _process(self, hop):
        at = int(self.state["at"])
        put(self._feed[0], at, hop)
        sounds = self._before.process(hop)
        for ring, sound, late in zip(self._feed[1:], sounds, self._before.latencies, strict=True):
            put(ring, at - late, sound)
        there = at + self.hop - self.lead
        for slot, inference in enumerate(self._inference):
            while self._heard[slot] + self.hop <= there:
                ring = self._feed[self.path.slots["source"][slot]]
                heard = take(ring, self._heard[slot], self.hop, 2)
                inference.hear(heard, bool(self.path.slots["runs"][slot]))
                self._heard[slot] += self.hop
        advance(self.path, at + self.hop)
        first = at - self.lead - int(self.state["late"])
        if not self.has_effects:
            return take(self._out, first, self.hop, 2)
        shares = [take(ring, first, self.hop, 2) for ring in self.path.mix.parts]
        runs = self.path.mix.running[:, first // self.hop % RING]
        return self._effects.process(np.stack(shares), runs)

    def close(self):
        for runner in self.runners:
            runner.close()


class Kernel:
    """One slot of the kernel, whose gains are given.

    Args:
        channels: number of channels.
        rate: hertz.
        synthesis: of the transform, samples at 48 kHz.

    Attributes:
        analyser, stft: at that rate.
        path: with one slot.
    """

    def __init__(self, channels=2, rate=48000, synthesis=512):
        self.analyser, self.stft = FrontEnd().at(rate), STFT.low_delay(rate, synthesis)
        what = published(1, self.analyser.spec.n_mels, 0, 0)
        feed, out = (
            np.zeros((1, channels, RING), np.float32),
            np.zeros((channels, RING), np.float32),
        )
        self.path = path_of(self.analyser, self.stft, Arrangement(1, channels), what, feed, out)

    def mix(self, match, level, amount):
        """How much of it there is."""
        for name, value in (("match", match), ("level", level), ("wanted", amount)):
            self.path.slots[name] = value

    def hop(self, sound, gain, noise, wet, level):
        """The next hop, (channels, hop)."""
        path, hop = self.path, self.stft.hop
        put(path.sounds.feed[0], int(path.state["at"][0]), sound)
        path.state["at"] += hop
        path.reader.gain[0], path.reader.noise[0] = gain, noise
        render(path.sounds, 0, wet, level, int(path.state["at"][0]))
        return path.sounds.sound[0].copy()
