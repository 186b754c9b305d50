"""One slot as a processor: signal path and inference beside it, in memory of this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.dsp.frontend import Analyser
from engine.dsp.gain import Quality
from engine.dsp.latency import held_back_by
from engine.dsp.path_setup import Arrangement, path_of, tell_tempo
from engine.dsp.path_state import HEARD_BY, KIND_STREAMING, KIND_WINDOW, MOST_IMAGES
from engine.dsp.published import ANSWERS, Publisher, published
from engine.dsp.ring import put, take
from engine.dsp.settings import Every
from engine.dsp.signal_path import advance
from engine.dsp.stft import STFT
from engine.dsp.stream_columns import StreamColumns
from engine.dsp.tempo import Tempo, bucket
from engine.dsp.window import Use
from engine.errors import UsageError
from engine.inference.jobs import Awaited, Executor, StreamGenerator, WindowGenerator
from engine.inference.slot_inference import SlotInference
from engine.inference.stream_inference import StreamInference
from engine.inference.window_inference import WindowInference
from engine.offline.paper_renderer import PaperRenderer

_MOST_HOPS = 16  # of one call: no more images come in it than are kept

Watch = Callable[[int, float, Array, Array | None], None]
"""Told of each hop: its instant, how much of the effect there is, gains in dB and, where there is
one, the generated image, (bands,) each."""


class RestyleProcessor:
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
        analyser: the front end at the device's rate.
        way: the low-delay transform of the sound, or what makes sound in the way of the paper.
        tempo: tempo and downbeat.
        channels: number of channels.
        use: how the window is used.
        lookahead_ms: 0, 23, 46 or 93 (2, 4 or 8 model columns); more is more certain and later.
            Without effect in ``late``, which knows the whole window.
        longest_s: the longest phrase that it will be told of; by default there is no longer one
            than the tempo's. In ``late`` it decides the latency.
        noise_branch: whether energy that no gain can make is made by noise.
        origin: place of the first sample in its stream, see :class:`engine.dsp.stream_columns.
            StreamColumns`.
        decided: for a take: what the columns of a streaming generator were heard by.
        watch: told of each hop.
        every: how often a window is restyled.

    Raises:
        UsageError: there is no such look-ahead; a streaming generator is asked for ``late`` or for
            the way of the paper.
    """

    def __init__(
        self,
        generator: WindowGenerator | StreamGenerator,
        inference: Executor,
        analyser: Analyser,
        way: STFT | PaperRenderer,
        tempo: Tempo,
        channels: int,
        use: Use = "phrase",
        lookahead_ms: int = 0,
        longest_s: float = 0.0,
        noise_branch: bool = True,
        origin: int = 0,
        decided: Sequence[tuple[int, int]] | None = None,
        watch: Watch | None = None,
        every: Every = "column",
    ) -> None:
        longest_s = max(longest_s, tempo.phrase_s)
        held_back = held_back_by(use, lookahead_ms, analyser, longest_s)
        self._paper = way if isinstance(way, PaperRenderer) else None
        stft = way.stft if isinstance(way, PaperRenderer) else way
        delay = stft.reach - stft.hop if self._paper is None else self._paper.delay
        self._stft, self._channels, self._watch, self._origin = stft, channels, watch, origin
        streams = isinstance(generator, StreamGenerator)
        if streams and (use == "late" or self._paper is not None):
            raise UsageError(
                "--window late" if use == "late" else "--renderer",
                "with a streaming generator",
                expected="phrase or edge, and gain",
                cure="It answers column by column, and makes no image: leave the option out.",
            )
        width = 0 if streams else bucket(longest_s / analyser.spec.hop_s)
        width = width if use == "late" else max(width, getattr(generator, "view", 0))
        seen = width if watch is not None or self._paper is not None else 0
        what = published(1, analyser.spec.n_mels, ANSWERS if streams else 0, width, seen)
        room = 2 * (_MOST_HOPS + 1) * stft.hop + max(stft.n_fft, delay)
        self._feed = np.zeros((1, channels, held_back + room), np.float32)
        self._out = np.zeros((channels, room), np.float32)
        arrangement = Arrangement(
            1, channels, held_back, use, images=MOST_IMAGES if use == "late" else 2
        )
        kernel = stft if self._paper is None else STFT.low_delay(analyser.rate)
        self.path = path_of(
            analyser,
            kernel,
            arrangement,
            what,
            self._feed,
            self._out,
            decided=None if decided is None else [decided],
        )
        if self._paper is not None:  # the gains are read at its hops
            self.path.state["hop"], self.path.state["centre"] = stft.hop, stft.centre
        self.path.slots["kind"] = KIND_STREAMING if streams else KIND_WINDOW
        self.path.state["at"] = self._heard = self._made = origin // stft.hop * stft.hop
        self._awaited = inference if streams and isinstance(inference, Awaited) else None
        self._ahead = self._awaited is not None and watch is None
        publisher = Publisher(what, 0, origin)
        self._slot: SlotInference
        if isinstance(generator, StreamGenerator):
            columns = StreamColumns(analyser, channels, generator.level_db, origin)
            form = columns, analyser, channels, noise_branch, use == "edge"
            # An answer may be read a hop after its column, or when it is there.
            behind = stft.hop + origin if isinstance(inference, Awaited) else None
            when = lambda heard, now: now + origin if behind is None else heard + behind  # noqa: E731
            self._slot = StreamInference(generator, inference, publisher, *form, when)
        else:
            form_ = analyser, tempo, channels, use, longest_s, noise_branch, every
            self._slot = WindowInference(
                generator, inference, publisher, *form_, lambda number, until, now: now + origin
            )
        self.inference = inference
        self.follow(tempo)
        self.latency = stft.hop + delay + held_back
        self.tail = stft.n_fft + stft.reach

    @property
    def hop(self) -> int:
        """Samples that are worked on at once."""
        return self._stft.hop

    @property
    def quality(self) -> Quality:
        """How well the instant of the latest hop is known."""
        return list(Quality)[int(self.path.slots["quality"][0])]

    @property
    def hops(self) -> Counter[Quality]:
        """Hops since the feed began, by where their gain came from."""
        return Counter(dict(zip(Quality, self.path.slots["hops"][0].tolist(), strict=True)))

    @property
    def share(self) -> dict[str, float]:
        """Share of the hops since the feed began that were fresh, predicted, held and dry, 0…1."""
        hops = self.hops
        return {q.value: count / max(1, hops.total()) for q, count in hops.items()}

    @property
    def late(self) -> int:
        """Inferences or columns that came too late."""
        return int(self.path.slots["late_gains"][0])

    @property
    def noise_share(self) -> float:
        """Energy of the noise relative to that of the output."""
        slot = self.path.slots[0]
        return float(slot["noise_energy"] / max(slot["energy"], 1e-20))

    def follow(self, tempo: Tempo, known: bool = True) -> None:
        """From now on the music goes at another tempo, or its bars lie elsewhere.

        Args:
            tempo: from now on; in ``late`` from its downbeat on, which ends a window.
            known: whether it is; else the window is used with an edge, as in use ``edge``.

        Raises:
            UsageError: in use ``late`` the latency is two phrases, and this one is longer.
        """
        self._slot.follow(tempo, known)
        rate = float(self.path.state["rate"][0])
        tell_tempo(self.path, tempo.later(self._origin / rate), known)

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n), for any n."""
        out = np.empty((self._channels, block.shape[-1]), np.float32)
        step = self.hop if self._watch is not None else _MOST_HOPS * self.hop
        parts = [(at, block[:, at : at + step]) for at in range(0, block.shape[-1], step)]
        for number, (at, part) in enumerate(parts):
            if not number or not self._ahead:
                self._hear(part)
            if self._awaited is not None and isinstance(self._slot, StreamInference):
                self._slot.finish(self._awaited)
            if self._ahead and number + 1 < len(parts):  # while that is being made
                self._hear(parts[number + 1][1])
            until = self._made + part.shape[-1]
            self._make(until)
            n = part.shape[-1]
            out[:, at : at + n] = take(self._out, self._made - self.latency, n, self._channels)
            self._made = until
        return out

    def listen(self, block: Audio) -> None:
        """Take (channels, n) while nobody hears what is made of it."""
        self._hear(block, runs=False)
        self._made = self._heard
        self.path.state["at"] = self._heard // self.hop * self.hop
        self.path.slots["runs"] = 0

    def decisions(self) -> list[tuple[int, int]]:
        """Of a streaming generator, columns from which on columns were heard by another answer
        than those before, and by which."""
        rows = self.path.reader.rows[: int(self.path.state["noted"][0])]
        return [(int(row[3]), int(row[4])) for row in rows if row[0] == HEARD_BY]

    def _hear(self, block: Audio, runs: bool = True) -> None:
        """The next of the feed; inference hears each hop that is whole."""
        put(self._feed[0], self._heard, block)
        first = self._heard // self.hop * self.hop
        self._heard += block.shape[-1]
        for end in range(first + self.hop, self._heard + 1, self.hop):
            hop = take(self._feed[0], end - self.hop, self.hop, self._channels)
            self._slot.hear(hop, runs)

    def _make(self, until: int) -> None:
        """The sound of all hops that end by a sample."""
        path = self.path
        before = int(path.state["at"][0])
        if self._paper is not None:
            self._paper.advance(path, until)
        else:
            advance(path, until)
        now = int(path.state["at"][0])
        if self._watch is not None and now != before and path.slots["had"][0]:
            self._tell(self._watch, now)

    def _tell(self, watch: Watch, now: int) -> None:
        path, state = self.path, self.path.state
        wet = float(path.slots["wet"][0])
        if wet > 0.0:
            instant = now - int(state["held_back"][0]) - int(state["centre"][0])
            generated = path.reader.generated[0] if path.reader.published.generated.size else None
            watch(instant - self._origin, wet, wet * path.reader.gain[0], generated)
