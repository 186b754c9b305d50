"""The restyle stage: one hop loop for the stage, the studio and the tests.

Each hop: finished inferences are collected, new ones begun with the sound heard since the last;
the gain for the instant that now leaves is read; the renderer puts it on the live spectrum. The
bookkeeping goes hop by hop and the transforms go over all hops of a block at once, so that any
block size gives the same output.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal

import numpy as np

from engine.dsp.arrays import Audio
from engine.dsp.frontend import Analyser
from engine.dsp.gain import Quality
from engine.dsp.noise import mean_square
from engine.dsp.tempo import Tempo, bucket
from engine.dsp.trailing import TrailingWindow
from engine.dsp.window import PhraseWindow, Window
from engine.errors import UsageError
from engine.stages.delay import Delay
from engine.stages.dose import Dose
from engine.stages.inference import Generator, Inference
from engine.stages.listener import Listener
from engine.stages.reader import GainReader
from engine.stages.readings import Reading
from engine.stages.renderers import Renderer

Use = Literal["late", "phrase", "edge"]
_LATE_IMAGES = 4  # in late one is heard while the next wait for their phrase, some shorter than it
_NAP_S = 0.1  # between two looks at what was heard, while nobody listens
LOOKAHEAD_COLUMNS = {0: 0, 23: 2, 46: 4, 93: 8}  # dial in ms: model columns


def shown_columns(generator: Generator, tempo: Tempo, use: Use) -> int:
    """Width of the image that one inference is given."""
    if generator.view and use != "late":
        return generator.view
    return bucket(tempo.phrase_s / generator.front_end.hop_s)


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
    """

    def __init__(
        self,
        generator: Generator,
        inference: Inference,
        renderer: Renderer,
        analyser: Analyser,
        tempo: Tempo,
        channels: int,
        use: Use = "phrase",
        lookahead_ms: int = 0,
        longest_s: float = 0.0,
    ) -> None:
        if lookahead_ms not in LOOKAHEAD_COLUMNS:
            raise UsageError(
                "lookahead",
                f"{lookahead_ms} ms",
                expected=", ".join(f"{ms}" for ms in LOOKAHEAD_COLUMNS),
                cure="Choose one of these with --lookahead.",
            )
        stft = renderer.stft
        self.hop, self._rate = stft.hop, analyser.rate
        self.inference, self._renderer, self._late = inference, renderer, use == "late"
        self._edge = use == "edge"
        self._longest_s = max(longest_s, tempo.phrase_s)
        held_back = (
            2 * self._longest_s * analyser.rate
            if self._late
            else LOOKAHEAD_COLUMNS[lookahead_ms] * analyser.hop
        )
        window: Window = (
            TrailingWindow(analyser, shown_columns(generator, tempo, use))
            if use == "edge"
            else PhraseWindow(analyser, tempo)
        )
        # When inference next has something new to see: a column or, in use late, a phrase.
        self._next_due = window.end_of_window if self._late else window.end_of_column
        view = generator.view if use == "phrase" else 0
        self._listener = Listener(
            generator, window, analyser, channels, renderer.noise_branch, view
        )
        self._delay = Delay(round(held_back), channels)
        self._stream = renderer.stream(channels)
        self._reader = GainReader(
            analyser.rate,
            stft.hop,
            None if use == "edge" else tempo,
            blend=use == "phrase",
            images=_LATE_IMAGES if self._late else 2,
        )
        self._tempo: tuple[Tempo, bool] | None = None
        self._unheard: list[Audio] = []
        self._received = self._asleep = self._shown = 0
        self._due = self._next_due(0)
        self.dose = Dose(stft, analyser.rate)
        self.late, self.output_energy = 0, 0.0
        self.heard = True
        """Whether its hops count: one that only gets ready for its entry is not heard yet."""
        self.latency = self._stream.delay + self._delay.latency
        self.tail = stft.n_fft + stft.reach
        self.last_readings: list[tuple[int, Reading]] = []
        """Readings of the latest block with the instants they are for, in samples of the feed."""

    @property
    def hops(self) -> Counter[Quality]:
        """Hops since the feed began, by where their gain came from."""
        return self._reader.share

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

        The window is told between two inferences. Gains that are already there stay in use. In
        ``late`` the window that is being filled is finished first.

        Args:
            tempo: from now on; in ``late`` from its downbeat on, which ends a window.
            known: whether it is; else the window is used with an edge, as in use ``edge``.

        Raises:
            UsageError: in use ``late`` the latency is two phrases, and this one is longer.
        """
        if self._late and not (known and tempo.phrase_s <= self._longest_s):
            raise UsageError(
                "tempo",
                f"falls to {tempo.bpm:g} BPM" if known else "is lost",
                expected=f"phrases of at most {self._longest_s:.2f} s in late",
                cure="Use --window phrase.",
            )
        self._tempo = tempo, known

    def process(self, block: Audio) -> Audio:
        """Take (channels, m·hop) and give the next (channels, m·hop)."""
        first_hop = self._received // self.hop
        readings: list[tuple[int, Reading]] = []
        for start in range(0, block.shape[-1], self.hop):
            self._received += self.hop
            self._unheard.append(block[:, start : start + self.hop])
            # The instant, on the feed's time line, at which a gain on this frame takes effect.
            instant = self._received - self._delay.latency - self._renderer.stft.centre
            self._infer(instant)
            readings.append((instant, self._reader.read(instant, self.heard)))
        self.last_readings = readings
        delayed = self._delay.process(block)
        spectra = self._stream.analyse(delayed)
        levels = mean_square(delayed, self.hop)
        gains = [reading for _, reading in readings]
        rendered = self._renderer.render(spectra, gains, levels, first_hop)
        complete = np.array([gain.wet == 1.0 for gain in gains])
        out = self._stream.synthesise(self.dose.give(spectra, rendered, complete))
        self.output_energy += float(np.vdot(out, out))
        return out

    def hear(self, block: Audio) -> None:
        """Take (channels, m·hop) while nobody listens: the window fills, no more."""
        self._received += block.shape[-1]
        self._unheard.append(block)
        self._reader.forget()
        self._stream.hear(self._delay.process(block))
        self.inference.collect(self._received)
        self._keep_time()
        if self._received >= self._asleep + _NAP_S * self._rate and self.inference.idle():
            self._asleep, until = self._received, self._received
            blocks, self._unheard = self._unheard, []
            self.inference.submit(lambda: self._listener.hear(blocks, until), until)

    def _keep_time(self) -> None:
        """Take over the tempo that was asked for, while nobody looks at the window."""
        if self._tempo is None or not self.inference.idle():
            return
        tempo, known = self._tempo
        if self._late and self._shown < tempo.downbeat_s * self._rate:
            return  # the window before has not been shown yet
        self._listener.follow(tempo, known)
        if not self._edge:
            self._reader.tempo = tempo if known else None
        self._tempo = None
        if self._late:
            self._due = self._next_due(self._received)

    def _infer(self, instant: int) -> None:
        image = self.inference.collect(self._received)
        if image is not None:
            if image.quality(instant) is Quality.HELD and instant > image.source.newest:
                self.late += 1
            else:
                self._reader.publish(image)
        self._keep_time()
        if self._received >= self._due and self.inference.idle():
            self._shown = until = self._due if self._late else self._received
            blocks, self._unheard = self._unheard, []
            self.inference.submit(lambda: self._listener.restyle(blocks, until), self._received)
            self._due = self._next_due(self._received)
