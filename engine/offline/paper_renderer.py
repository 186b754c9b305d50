"""The ways of the paper from a generated image to sound, to compare with."""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.dsp.frontend import Analyser
from engine.dsp.gain_reader import read
from engine.dsp.inverse import InverseMel
from engine.dsp.path_state import Path
from engine.dsp.ring import put, take
from engine.dsp.stft import STFTStream


class PaperRenderer:
    """The magnitude from the inverse mel transform, the phase from the stream.

    Vande Veire et al. 2019, section 2.3. The channels keep their relative levels.

    Args:
        analyser: front end at the device's rate.
        stream: makes spectra of the feed, and sound of what is rendered: with the phase of the
            input, or (:class:`engine.dsp.griffin_lim.GriffinLim`) with one of its own.
    """

    def __init__(self, analyser: Analyser, stream: STFTStream) -> None:
        self.stft, self.delay, self._stream = stream.stft, stream.delay, stream
        self._inverse_mel = InverseMel(analyser.weights)
        self._db_per_decade = analyser.spec.db_per_decade

    def advance(self, path: Path, until: int) -> None:
        """Make all hops of the first slot that end by a sample; see
        :func:`engine.dsp.signal_path.advance`."""
        state, slot, hop = path.state, path.slots, self.stft.hop
        channels, held_back = int(state["channels"][0]), int(state["held_back"][0])
        images, wets = [], []
        first = int(state["at"][0])
        for end in range(first + hop, until + 1, hop):
            state["at"] = end
            wet, _ = read(path.reader, 0, end - held_back - int(state["centre"][0]))
            wets.append(wet)
            images.append(path.reader.generated[0].copy())
        if images:
            n = len(images) * hop
            block = take(path.sounds.feed[0], first - held_back, n, channels)
            out = self._render(block, np.array(images), np.array(wets, np.float32))
            put(path.mix.out, first - held_back - self.delay, out)
            slot["energy"] += float(np.vdot(out, out))

    def _render(self, block: Audio, images: Array, wets: Array) -> Audio:
        spectra = self._stream.analyse(block)
        bins = self._inverse_mel(10.0 ** (images / self._db_per_decade))
        magnitude = bins ** (self._db_per_decade / 20.0)  # of power its root
        live: Array = np.sqrt(np.mean(np.abs(spectra) ** 2, axis=0))
        ratio = magnitude / np.maximum(live, 1e-9)
        # A bin without energy has no phase to reuse; it stays as it is.
        ratio = np.where(live > 1e-9, ratio, 1.0)
        made = np.asarray(spectra * (1.0 + wets[:, None] * (ratio - 1.0)), np.complex64)
        return self._stream.synthesise(made)
