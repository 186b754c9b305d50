"""The signal path from input to output, as one processor."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

import numpy as np

from engine.dsp.arrays import Audio
from engine.dsp.frontend import Analyser
from engine.dsp.griffin_lim import GriffinLim
from engine.dsp.settings import MAX_RATE, MIN_RATE, Settings
from engine.dsp.stft import STFT, STFTStream
from engine.dsp.tempo import Tempo
from engine.dsp.tempo_map import TempoMap
from engine.effects.chain import Chain
from engine.effects.graph import DryWet, Series
from engine.effects.insert import Insert
from engine.effects.processor import Processor
from engine.effects.sanitise import Sanitise
from engine.errors import UsageError
from engine.inference.jobs import Executor, StreamGenerator, WindowGenerator
from engine.offline.paper_renderer import PaperRenderer
from engine.offline.restyle import RestyleProcessor, Watch


class SignalChain:
    """Input → sanitise → effects → restyle → effects, with dry beside wet.

    Args:
        generator: the network.
        inference: who runs it.
        rate: sample rate in hertz, 8 kHz–384 kHz.
        channels: number of channels.
        tempo: tempo and downbeat of the feed; what becomes of them is followed.
        settings: see :class:`Settings`.
        before: effects before the generator, or None.
        after: effects behind the generator, or None.
        origin: as of :class:`engine.offline.restyle.RestyleProcessor`.
        decided: as of :class:`engine.offline.restyle.RestyleProcessor`.
        watch: told of each hop.

    Attributes:
        restyle: the slot, for its counters.
        sanitise: the input's repair, for its counter.
    """

    def __init__(
        self,
        generator: WindowGenerator | StreamGenerator,
        inference: Executor,
        rate: float,
        channels: int,
        tempo: Tempo | TempoMap,
        settings: Settings,
        before: Chain | None = None,
        after: Chain | None = None,
        origin: int = 0,
        decided: Sequence[tuple[int, int]] | None = None,
        watch: Watch | None = None,
    ) -> None:
        if not MIN_RATE <= rate <= MAX_RATE:
            raise UsageError(
                "sample rate",
                f"{rate:g} Hz",
                expected=f"{MIN_RATE} to {MAX_RATE} Hz",
                cure="Resample the sound, or choose another rate of the device.",
            )
        if not 0.0 <= settings.wet <= 1.0:
            raise UsageError(
                "wet", f"{settings.wet:g}", expected="0 to 1", cure="Give the share with --wet."
            )
        analyser = generator.front_end.at(rate)
        self.sanitise = Sanitise()
        self._rate, self._heard = rate, 0
        self._lead_s = before.latency / rate if before else 0.0
        tempi = TempoMap.of(tempo)
        self._changes = deque(tempi.changes)
        self.restyle = RestyleProcessor(
            generator,
            inference,
            analyser,
            _way(settings, analyser, channels),
            tempi.first.later(self._lead_s),
            channels,
            settings.use,
            settings.lookahead_ms,
            max(one.phrase_s for one in tempi.tempi),
            settings.noise_branch,
            origin,
            decided,
            watch,
            settings.every,
        )
        way: list[Processor] = [self.restyle]
        chains = [chain for chain in (before, after) if chain is not None]
        if before is not None:
            way.insert(0, Insert(before, rate, channels, direct=False))
        if after is not None:
            way.append(Insert(after, rate, channels, direct=False))
        self._chains = chains
        self._path = Series(self.sanitise, DryWet(Series(*way), channels, settings.wet))
        self.latency, self.tail = self._path.latency, self._path.tail

    @property
    def faults(self) -> list[str]:
        """What has gone wrong with the effects."""
        return [said for chain in self._chains for said in chain.faults]

    @property
    def noise_db(self) -> float | None:
        """Energy of the noise branch relative to the restyled output, dB; None without any."""
        ratio = self.restyle.noise_share
        return 10 * math.log10(ratio) if ratio > 0 else None

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n)."""
        parts, given = [], 0
        while self._changes:
            ahead = round(self._changes[0].downbeat_s * self._rate) - self._heard - given
            if ahead >= block.shape[-1] - given:
                break
            if ahead > 0:
                parts.append(self._path.process(block[:, given : given + ahead]))
                given += ahead
            self.restyle.follow(self._changes.popleft().later(self._lead_s))
        self._heard += block.shape[-1]
        rest = self._path.process(block[:, given:])
        return np.concatenate([*parts, rest], axis=-1) if parts else rest


def _way(settings: Settings, analyser: Analyser, channels: int) -> STFT | PaperRenderer:
    """From gains, or from a generated image, to sound."""
    if settings.renderer == "gain":
        return STFT.low_delay(analyser.rate, settings.synthesis)
    stream = GriffinLim if settings.renderer == "griffin-lim" else STFTStream
    return PaperRenderer(analyser, stream(STFT.symmetric(analyser), channels))
