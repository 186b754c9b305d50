"""Gains from a generator that restyles windows: finished inferences are collected, new ones begun
with the sound heard since the last."""

from __future__ import annotations

from collections import Counter

from engine.dsp.arrays import Audio
from engine.dsp.frontend import Analyser
from engine.dsp.gain import GainImage, Quality
from engine.dsp.tempo import Tempo
from engine.dsp.trailing import TrailingWindow
from engine.dsp.view import shown_columns
from engine.dsp.window import PhraseWindow, Use, Window
from engine.errors import UsageError
from engine.stages.gain_source import GainSource
from engine.stages.inference import Inference, WindowGenerator
from engine.stages.listener import Listener
from engine.stages.reader import GainReader
from engine.stages.readings import Reading

_LATE_IMAGES = 4  # in late one is heard while the next wait for their phrase, some shorter than it
_NAP_S = 0.1  # between two looks at what was heard, while nobody listens


class WindowGains(GainSource):
    """See :class:`engine.stages.gain_source.GainSource`.

    Args:
        generator: the network.
        inference: who runs it.
        analyser: the front end at the device's rate.
        hop: samples between readings.
        tempo: tempo and downbeat.
        channels: number of channels.
        use: of the window.
        longest_s: the longest phrase that it will be told of.
        noise_branch: whether missing energy is rendered as noise.
    """

    def __init__(
        self,
        generator: WindowGenerator,
        inference: Inference,
        analyser: Analyser,
        hop: int,
        tempo: Tempo,
        channels: int,
        use: Use,
        longest_s: float,
        noise_branch: bool,
    ) -> None:
        self._late, self._edge = use == "late", use == "edge"
        self._rate, self._longest_s, self._inference = analyser.rate, longest_s, inference
        window: Window = (
            TrailingWindow(analyser, shown_columns(generator.view, generator.front_end, tempo, use))
            if self._edge
            else PhraseWindow(analyser, tempo)
        )
        # When inference next has something new to see: a column or, in use late, a phrase.
        self._next_due = window.end_of_window if self._late else window.end_of_column
        view = generator.view if use == "phrase" else 0
        self._listener = Listener(generator, window, analyser, channels, noise_branch, view)
        self._reader = GainReader(
            analyser.rate,
            hop,
            None if self._edge else tempo,
            blend=use == "phrase",
            images=_LATE_IMAGES if self._late else 2,
        )
        self._tempo: tuple[Tempo, bool] | None = None
        self._unheard: list[Audio] = []
        self._received = self._asleep = self._shown = self.late = 0
        self._due = self._next_due(0)

    @property
    def share(self) -> Counter[Quality]:
        """See :class:`GainSource`."""
        return self._reader.share

    def read(self, block: Audio, instant: int, heard: bool) -> Reading:
        """See :meth:`GainSource.read`."""
        self._received += block.shape[-1]
        self._unheard.append(block)
        image = self._inference.collect(self._received)
        if isinstance(image, GainImage):
            if image.quality(instant) is Quality.HELD and instant > image.source.newest:
                self.late += 1
            else:
                self._reader.publish(image)
        self._keep_time()
        if self._received >= self._due and self._inference.idle():
            self._shown = until = self._due if self._late else self._received
            blocks, self._unheard = self._unheard, []
            self._inference.submit(lambda: self._listener.restyle(blocks, until), self._received)
            self._due = self._next_due(self._received)
        return self._reader.read(instant, heard)

    def hear(self, block: Audio) -> None:
        """See :meth:`GainSource.hear`."""
        self._received += block.shape[-1]
        self._unheard.append(block)
        self._reader.forget()
        self._inference.collect(self._received)
        self._keep_time()
        if self._received >= self._asleep + _NAP_S * self._rate and self._inference.idle():
            self._asleep, until = self._received, self._received
            blocks, self._unheard = self._unheard, []
            self._inference.submit(lambda: self._listener.hear(blocks, until), until)

    def follow(self, tempo: Tempo, known: bool) -> None:
        """See :meth:`GainSource.follow`.

        The window is told between two inferences. Gains that are already there stay in use. In
        ``late`` the window that is being filled is finished first.
        """
        if self._late and not (known and tempo.phrase_s <= self._longest_s):
            raise UsageError(
                "tempo",
                f"falls to {tempo.bpm:g} BPM" if known else "is lost",
                expected=f"phrases of at most {self._longest_s:.2f} s in late",
                cure="Use --window phrase.",
            )
        self._tempo = tempo, known

    def _keep_time(self) -> None:
        """Take over the tempo that was asked for, while nobody looks at the window."""
        if self._tempo is None or not self._inference.idle():
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
