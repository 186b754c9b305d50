"""A generator that restyles windows: each new column, or in use ``late`` each phrase, the window
goes through it, as soon as the one before is finished."""

from __future__ import annotations

from collections.abc import Callable

from engine.dsp.arrays import Audio
from engine.dsp.crop import shown_columns
from engine.dsp.frontend import Analyser
from engine.dsp.gain import GainImage
from engine.dsp.published import Publisher
from engine.dsp.settings import Every
from engine.dsp.tempo import Tempo
from engine.dsp.trailing import TrailingWindow
from engine.dsp.window import Grid, PhraseWindow, Use
from engine.errors import UsageError
from engine.inference.jobs import Executor, WindowGenerator
from engine.inference.slot_inference import Part, SlotInference
from engine.inference.window_analyser import WindowAnalyser

_BEATS: dict[Every, float] = {"column": 0.0, "eighth": 0.5, "quarter": 1.0}
When = Callable[[int, int, int], int]
_NAP_S = 0.1  # between two looks at what was heard, while nobody listens


class WindowInference(SlotInference):
    """See :class:`engine.inference.slot_inference.SlotInference`.

    Args:
        generator: the network.
        inference: who runs it.
        publisher: takes its images.
        analyser: the front end at the device's rate.
        tempo: tempo and downbeat, counted from the first sample that is heard.
        channels: number of channels.
        use: of the window.
        longest_s: the longest phrase that it will be told of.
        noise_branch: whether missing energy is rendered as noise.
        every: how often; without effect in ``late``.
        when: told of each image that is finished: its number, the sample up to which the feed was
            heard for it, and the one of now; gives the sample from which on it may be read.
    """

    def __init__(
        self,
        generator: WindowGenerator,
        inference: Executor,
        publisher: Publisher,
        analyser: Analyser,
        tempo: Tempo,
        channels: int,
        use: Use,
        longest_s: float,
        noise_branch: bool,
        every: Every = "column",
        when: When = lambda number, until, now: now,
    ) -> None:
        self._late, self._edge = use == "late", use == "edge"
        self._analyser, self._longest_s = analyser, longest_s
        self._inference, self._publisher, self._when = inference, publisher, when
        self._beats = _BEATS[every]
        self._rest = round(self._beats * tempo.beat_s * analyser.rate)
        window: PhraseWindow | TrailingWindow = PhraseWindow(analyser, tempo)
        self._grid: Grid | TrailingWindow = Grid(analyser, tempo)
        if self._edge:
            shown = shown_columns(generator.view, generator.front_end, tempo, use)
            self._grid = window = TrailingWindow(analyser, shown)
        view = generator.view if use == "phrase" else 0
        self._listener = WindowAnalyser(generator, window, analyser, channels, noise_branch, view)
        self._unheard: list[Part] = []
        self._next: Tempo | None = None  # in late, behind the window that is being filled
        self._received = self._asleep = self._shown = 0
        self._due = self._end_after(0)

    @property
    def due(self) -> int:
        """See :attr:`SlotInference.due`."""
        return self._due

    def hear(self, block: Audio, runs: bool) -> None:
        """See :meth:`SlotInference.hear`."""
        if block.shape[-1]:
            self._received += block.shape[-1]
            self._unheard.append(block)
        found = self._inference.collect(self._received)
        if isinstance(found, GainImage):
            self._publish(found)
        due = self._due if runs else self._asleep + round(_NAP_S * self._analyser.rate)
        if self._received < due or not self._inference.idle():
            return
        self._shown = self._due if self._late and runs else self._received
        self._asleep = self._received
        parts, self._unheard = self._unheard, []
        listener, until, then = self._listener, self._shown, self._after(self._shown)
        if runs:
            self._inference.submit(lambda: listener.restyle(parts, until, then), self._received)
        else:
            self._inference.submit(lambda: listener.hear(parts, until), self._received)
        self._due = self._end_after(max(self._received, self._due + self._rest - 1))

    def follow(self, tempo: Tempo, known: bool) -> None:
        """See :meth:`SlotInference.follow`.

        Gains that are already there stay in use. In ``late`` the window that is being filled is
        finished first.

        Raises:
            UsageError: in ``late``: the tempo is lost, or a phrase is longer than ``longest_s``.
        """
        if self._late and not (known and tempo.phrase_s <= self._longest_s):
            raise UsageError(
                "tempo",
                f"falls to {tempo.bpm:g} BPM" if known else "is lost",
                expected=f"phrases of at most {self._longest_s:.2f} s in late",
                cure="Use --window phrase.",
            )
        if self._late:
            self._next = tempo
        elif not self._edge:
            self._unheard.append(tempo if known else None)
            if known:
                self._grid = Grid(self._analyser, tempo)
                self._rest = round(self._beats * tempo.beat_s * self._analyser.rate)
                self._due = self._end_after(self._received)

    def _after(self, shown: int) -> Tempo | None:
        """The tempo that is followed behind a window, once that holds its downbeat."""
        tempo = self._next
        if tempo is None or shown < tempo.downbeat_s * self._analyser.rate:
            return None
        self._next, self._grid = None, Grid(self._analyser, tempo)
        return tempo

    def _end_after(self, sample: int) -> int:
        """When inference next has something new to see: a column or, in use late, a phrase."""
        if self._late and isinstance(self._grid, Grid):
            return self._grid.end_of_window(sample)
        return self._grid.end_of_column(sample)

    def _publish(self, image: GainImage) -> None:
        number = self._publisher.images + 1
        when = self._when(number, self._shown, self._received)
        self._publisher.image(image, when)
