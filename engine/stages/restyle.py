"""The restyle stage: one hop loop for the stage, the studio and the tests.

Each hop: the gain for the instant that now leaves is read, from what the generator has made of the
feed; the renderer puts it on the live spectrum. The bookkeeping goes hop by hop and the transforms
go over all hops of a block at once, so that any block size gives the same output.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from engine.dsp.arrays import Audio
from engine.dsp.frontend import Analyser
from engine.dsp.gain import Quality
from engine.dsp.kernel_plan import Mix
from engine.dsp.tempo import Tempo
from engine.dsp.window import Use
from engine.errors import UsageError
from engine.stages.delay import Delay
from engine.stages.gain_source import Decided, Decisions, GainSource
from engine.stages.inference import Inference, StreamGenerator, WindowGenerator
from engine.stages.readings import Reading
from engine.stages.renderers import Renderer
from engine.stages.stream_gains import StreamGains
from engine.stages.window_gains import WindowGains

LOOKAHEAD_COLUMNS = {0: 0, 23: 2, 46: 4, 93: 8}  # dial in ms: model columns


class Restyle:
    """Input restyled by a generator, with its own phase.

    Uses of the window:

    * ``phrase``: the generator always sees the circle of the last four bars, and its gains for
      what comes are ready before it comes.
    * ``late``: the window is filled, restyled as a whole, and leaves four downbeats later; the
      inference takes place in between. The latency is two phrases.
    * ``edge``: no clock; the newest column is the right edge of the window.

    Args:
        generator: the network.
        inference: who runs it.
        renderer: how its image becomes sound.
        analyser: the front end at the device's rate.
        tempo: tempo and downbeat.
        channels: number of channels.
        use: how the window is used.
        lookahead_ms: 0, 23, 46 or 93 (2, 4 or 8 model columns); more is more certain and later.
            Without effect in ``late``, which knows the whole window.
        longest_s: the longest phrase that it will be told of; by default there is no longer one
            than the tempo's. In ``late`` it decides the latency.
        origin, tell, decided: of a streaming generator, see :class:`engine.stages.stream_gains.
            StreamGains`.

    Raises:
        UsageError: there is no such look-ahead; a streaming generator is asked for ``late`` or for
            another renderer than ``gain``.
    """

    def __init__(
        self,
        generator: WindowGenerator | StreamGenerator,
        inference: Inference,
        renderer: Renderer,
        analyser: Analyser,
        tempo: Tempo,
        channels: int,
        use: Use = "phrase",
        lookahead_ms: int = 0,
        longest_s: float = 0.0,
        origin: int = 0,
        tell: Decided = lambda column, by: None,
        decided: Decisions | None = None,
    ) -> None:
        if lookahead_ms not in LOOKAHEAD_COLUMNS:
            raise UsageError(
                "lookahead",
                f"{lookahead_ms} ms",
                expected=", ".join(f"{ms}" for ms in LOOKAHEAD_COLUMNS),
                cure="Choose one of these with --lookahead.",
            )
        stft, late = renderer.stft, use == "late"
        self.hop, self.inference, self._renderer = stft.hop, inference, renderer
        longest_s = max(longest_s, tempo.phrase_s)
        held_back = (
            2 * longest_s * analyser.rate
            if late
            else LOOKAHEAD_COLUMNS[lookahead_ms] * analyser.hop
        )
        self.gains: GainSource
        if isinstance(generator, StreamGenerator):
            if late or not renderer.takes_gains:
                raise UsageError(
                    "--window late" if late else "--renderer",
                    "with a streaming generator",
                    expected="phrase or edge, and gain",
                    cure="It answers column by column, and makes no image: leave the option out.",
                )
            known = None if use == "edge" else tempo
            common = (inference, analyser, stft.hop, known, channels, renderer.noise_branch)
            self.gains = StreamGains(generator, *common, origin, tell, decided)
        else:
            self.gains = WindowGains(
                *(generator, inference, analyser, stft.hop, tempo, channels),
                *(use, longest_s, renderer.noise_branch),
            )
        self._delay = Delay(round(held_back), channels)
        self._edge = use == "edge"
        self._received, self._origin = 0, origin
        self.output_energy = 0.0
        self.heard = True
        """Whether its hops count: one that only gets ready for its entry is not heard yet."""
        self.latency = renderer.delay + self._delay.latency
        self.tail = stft.n_fft + stft.reach
        self.last_readings: list[tuple[int, Reading]] = []
        """Readings of the latest block with the instants they are for, in samples of the feed."""

    @property
    def hops(self) -> Counter[Quality]:
        """Hops since the feed began, by where their gain came from."""
        return self.gains.share

    @property
    def late(self) -> int:
        """Inferences or columns that came too late."""
        return self.gains.late

    @property
    def mix(self) -> Mix:
        """How much of it there is, as one of several slots."""
        return self._renderer.mix

    @mix.setter
    def mix(self, mix: Mix) -> None:
        self._renderer.mix = mix

    @property
    def wet(self) -> float:
        """How much of the effect the latest hop had, 0 … 1."""
        return self.last_readings[-1][1].wet if self.last_readings else 0.0

    @property
    def share(self) -> dict[str, float]:
        """Share of the hops since the feed began that were fresh, predicted, held and dry, 0…1."""
        total = self.hops.total()
        return {q.value: count / max(1, total) for q, count in self.hops.items()}

    def follow(self, tempo: Tempo, known: bool = True) -> None:
        """From now on the music goes at another tempo, or its bars lie elsewhere.

        Args:
            tempo: from now on; in ``late`` from its downbeat on, which ends a window.
            known: whether it is; else the window is used with an edge, as in use ``edge``.

        Raises:
            UsageError: in use ``late`` the latency is two phrases, and this one is longer.
        """
        self.gains.follow(tempo, known and not self._edge)

    def process(self, block: Audio) -> Audio:
        """Take (channels, m·hop) and give the next (channels, m·hop)."""
        first_hop = (self._received + self._origin) // self.hop
        readings: list[tuple[int, Reading]] = []
        for start in range(0, block.shape[-1], self.hop):
            self._received += self.hop
            # The instant, on the feed's time line, at which a gain on this frame takes effect.
            instant = self._received - self._delay.latency - self._renderer.stft.centre
            hop = block[:, start : start + self.hop]
            readings.append((instant, self.gains.read(hop, instant, self.heard)))
        self.last_readings = readings
        delayed = self._delay.process(block)
        out = self._renderer.render(delayed, [reading for _, reading in readings], first_hop)
        self.output_energy += float(np.vdot(out, out))
        return out

    def hear(self, block: Audio) -> None:
        """Take (channels, m·hop) while nobody listens: the window fills, no more."""
        self._received += block.shape[-1]
        self.gains.hear(block)
        self._renderer.hear(self._delay.process(block))
