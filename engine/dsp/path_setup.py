"""The signal path's memory, made for a rate, a transform and a number of slots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.crossfade import LAWS, Law
from engine.dsp.frontend import Analyser
from engine.dsp.kernel_plan import plan_of
from engine.dsp.noise import GATE_MEMORY_S
from engine.dsp.path_state import (
    NOBODY,
    ROWS,
    SLOT,
    STATE,
    VALUES,
    GainReader,
    Mix,
    Path,
    Sound,
)
from engine.dsp.published import NONE, Published
from engine.dsp.signal_path import follow
from engine.dsp.slot_mix import start
from engine.dsp.stft import STFT
from engine.dsp.tempo import Tempo
from engine.dsp.window import Use


@dataclass(frozen=True)
class Arrangement:
    """What a signal path is made for.

    Attributes:
        slots: number of them.
        channels: number of channels.
        held_back: samples by which the frames are behind the feed: look-ahead, and effects before
            the generators.
        use: of the window.
        law: of crossfades.
        sides: slots of the crossfader; None for none.
        sources: feeds: one, and one for each slot with effects before its generator.
        images: among which a slot chooses.
    """

    slots: int
    channels: int
    held_back: int = 0
    use: Use = "phrase"
    law: Law = "measured"
    sides: tuple[int, int] | None = None
    sources: int = 1
    images: int = 2


def path_of(
    analyser: Analyser,
    stft: STFT,
    arrangement: Arrangement,
    published: Published,
    feed: Array,
    out: Array,
    *,
    parts: tuple[Array, Array] | None = None,
    decided: Sequence[Sequence[tuple[int, int]]] | None = None,
    state: Array | None = None,
    slots: Array | None = None,
    rows: Array | None = None,
) -> Path:
    """A signal path that has heard nothing.

    Args:
        analyser: front end at the device's rate.
        stft: low-delay transform there.
        arrangement: see there.
        published: what inference publishes.
        feed: rings, (sources, channels, ring); before the first sample there is silence.
        out: ring of what is heard, (channels, ring).
        parts: rings of each slot's share, (slots, channels, ring), and of whether it ran, (slots,
            hops); None where nobody asks.
        decided: for a take: of each slot, what its columns were heard by.
        state: memory of the path's record, (1,) of ``STATE``, which others may read; by default
            it is this process's own, as is that of the next two.
        slots: memory of the slots' records, (slots,) of ``SLOT``.
        rows: memory of what is noted, (ROWS, VALUES).
    """
    a, hop, n = arrangement, stft.hop, stft.n_fft
    pairs, bins, bands = (a.channels + 1) // 2, n // 2 + 1, analyser.spec.n_mels
    recent = max(1, round(GATE_MEMORY_S * analyser.rate / hop))

    def zeros(*shape: int) -> Array:
        return np.zeros(shape, np.float32)

    state = np.zeros(1, STATE) if state is None else state
    slots = np.zeros(a.slots, SLOT) if slots is None else slots
    gain, noise, sound = (
        zeros(a.slots, bands),
        zeros(a.slots, bands),
        zeros(a.slots, a.channels, hop),
    )
    path = Path(
        GainReader(
            state=state,
            slots=slots,
            rows=np.zeros((ROWS, VALUES)) if rows is None else rows,
            published=published,
            gain=gain,
            noise=noise,
            generated=zeros(a.slots, bands),
            pair_gain=zeros(a.slots, 2, bands),
            pair_noise=zeros(a.slots, 2, bands),
            decided=_decided(a.slots, decided),
        ),
        Sound(
            state=state,
            slots=slots,
            gain=gain,
            noise=noise,
            plan=plan_of(analyser, stft),
            feed=feed,
            spectrum=zeros(a.sources, pairs, 2, n),
            analysed=np.full(a.sources, NONE),
            recent=zeros(a.sources, recent, a.channels),
            tail=zeros(a.slots, 2 * pairs, stft.reach - hop),
            made=zeros(pairs, 2, n),
            work=zeros(2, n),
            curve=zeros(2, bins),
            factors=zeros(2 * pairs),
            sound=sound,
        ),
        Mix(
            state=state,
            slots=slots,
            sound=sound,
            weight=zeros(a.slots, hop),
            old=zeros(a.channels, hop),
            ran=np.zeros(a.slots, bool),
            parts=zeros(a.slots, 0, 0) if parts is None else parts[0],
            running=np.zeros((a.slots, 0), bool) if parts is None else parts[1],
            out=out,
        ),
    )
    _begin(path, analyser, stft, a)
    return path


def _begin(path: Path, analyser: Analyser, stft: STFT, a: Arrangement) -> None:
    state, slots = path.state, path.slots
    noted = state["noted"].copy()
    state[:], slots[:] = np.zeros((), STATE), np.zeros((), SLOT)
    state["noted"] = noted
    state["hop"], state["centre"], state["late"] = stft.hop, stft.centre, stft.reach - stft.hop
    state["held_back"], state["channels"], state["images"] = a.held_back, a.channels, a.images
    state["edge"], state["blends"] = a.use == "edge", a.use == "phrase"
    state["fed"] = -NONE
    state["law"], state["rate"], state["column"] = LAWS.index(a.law), analyser.rate, analyser.hop
    sides = (NOBODY, NOBODY) if a.sides is None else a.sides
    start(state[0], 0, *sides)
    slots["amount"] = slots["wanted"] = slots["level"] = slots["wet"] = slots["blend"] = 1.0
    slots["runs"], slots["heard"] = np.arange(a.slots) == 0, 1
    slots["current"] = slots["before"] = slots["pair"] = NONE


def _decided(slots: int, decided: Sequence[Sequence[tuple[int, int]]] | None) -> Array:
    """As an array; of a slot without rows one that is never reached."""
    if decided is None:
        return np.zeros((slots, 0, 2), np.int64)
    most = max(1, *(len(rows) for rows in decided))
    found = np.full((slots, most, 2), -NONE)
    for rows, of_slot in zip(decided, found, strict=True):
        if rows:
            of_slot[: len(rows)] = rows
    return found


def tell_tempo(path: Path, tempo: Tempo, known: bool) -> None:
    """From now on the music goes at another tempo, or nobody knows at which.

    Args:
        path: the signal path.
        tempo: of the music; its downbeat is counted in the path's own time.
        known: whether anybody knows it.
    """
    follow(path.state[0], known, tempo.phrase_s, tempo.bar_s, tempo.downbeat_s)
