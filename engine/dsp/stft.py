"""Short-time Fourier transform, symmetric or low-delay, whole or in blocks, from one kernel.

A transform is an analysis window of K samples, a synthesis window that lies on its last samples,
and a hop. Low delay comes from a synthesis window that is shorter than the analysis window
(Mauler & Martin, "A low delay, variable resolution, perfect reconstruction spectral analysis-
synthesis system for speech enhancement", EUSIPCO 2007); with equal lengths it is the classical
symmetric transform of the papers.
"""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.dsp.frontend import Analyser
from engine.errors import UsageError

_SYNTHESIS_AT_48K = (512, 256)
_ANALYSIS_AT_48K = 2048
_HOP_AT_48K = 128


def rate_factor(rate: float) -> float:
    """Power of two by which lengths in samples grow from 48 kHz to ``rate``: 1 at 44.1 and 48 kHz,
    2 at 88.2 and 96 kHz, ½ at 24 kHz."""
    return float(2.0 ** round(np.log2(rate / 48000)))


class STFT:
    """A pair of windows and a hop that reconstruct the signal.

    The synthesis window is divided by the hop-periodic sum of the products of both windows, so
    any pair reconstructs whose sum has no zero (Griffin & Lim 1984, eq. 6, for unequal windows).

    Args:
        analysis: window of K samples.
        synthesis: window of at most K samples, aligned with the end of ``analysis``.
        hop: R in samples.

    Attributes:
        latency: samples from input to output in blocks of any size: the synthesis length,
            rounded up to whole hops.
        centre: samples from a frame's end back to the middle of its synthesis window; this is
            where a gain put on the frame takes effect.
        noise_gain: variance per bin that synthesises as white noise of unit variance.
    """

    def __init__(self, analysis: Array, synthesis: Array, hop: int) -> None:
        self.n_fft, self.hop = len(analysis), hop
        self.overlap = -(-len(synthesis) // hop)
        self.reach = self.overlap * hop
        self.latency = self.reach
        self.centre = len(synthesis) // 2
        product = np.zeros(self.reach)
        product[self.reach - len(synthesis) :] = synthesis * analysis[-len(synthesis) :]
        total = product.reshape(self.overlap, hop).sum(axis=0)
        window = np.zeros(self.reach)
        window[self.reach - len(synthesis) :] = synthesis
        window /= np.tile(total, self.overlap)
        self.analysis = analysis.astype(np.float32)
        self.synthesis = window.astype(np.float32)
        self.noise_gain = self.n_fft * hop / float(np.sum(window**2))

    @classmethod
    def low_delay(cls, rate: float, synthesis: int = _SYNTHESIS_AT_48K[0]) -> STFT:
        """Long analysis, short synthesis (Mauler & Martin 2007, with d = 0).

        Args:
            rate: sample rate in hertz.
            synthesis: 2M in samples at 48 kHz: 512 (10.7 ms) or 256 (5.3 ms). Lengths double at
                96 kHz and halve at 24 kHz.

        Raises:
            UsageError: the synthesis window has another length.
        """
        if synthesis not in _SYNTHESIS_AT_48K:
            raise UsageError(
                "low-delay STFT",
                f"synthesis length {synthesis}",
                expected=" or ".join(map(str, _SYNTHESIS_AT_48K)),
                cure="Choose one of them.",
            )
        factor = rate_factor(rate)
        k, hop, length = (round(v * factor) for v in (_ANALYSIS_AT_48K, _HOP_AT_48K, synthesis))
        m = length // 2
        rise = np.sqrt(_hann(2 * (k - m)))[: k - m]
        short = np.sqrt(_hann(length))
        analysis = np.concatenate([rise, short[m:]])
        ramp = _hann(length)[:m] / rise[-m:]
        return cls(analysis, np.concatenate([ramp, short[m:]]), hop)

    @classmethod
    def symmetric(cls, analyser: Analyser) -> STFT:
        """The papers' transform: the front end's own window, for analysis and synthesis.

        The hop is the model hop rounded down to whole blocks of the low-delay transform's hop.
        """
        block = round(_HOP_AT_48K * rate_factor(analyser.rate))
        return cls(analyser.window, analyser.window, int(analyser.hop // block) * block)

    def analyse(self, frames: Array) -> Array:
        """Frames (..., K) to spectra (..., K // 2 + 1)."""
        import scipy.fft  # the process of the device needs the windows alone

        return np.asarray(scipy.fft.rfft(frames * self.analysis, axis=-1))

    def synthesise(self, spectra: Array) -> Array:
        """Spectra (..., K // 2 + 1) to windowed pieces (..., reach), to be overlapped and added."""
        # A symmetric window may reach further back than the frame once rounded up to hops.
        import scipy.fft

        frames = scipy.fft.irfft(spectra, self.n_fft, axis=-1)
        if self.reach <= self.n_fft:
            return np.asarray(frames[..., -self.reach :] * self.synthesis)
        pieces = np.zeros((*frames.shape[:-1], self.reach), np.float32)
        pieces[..., -self.n_fft :] = frames
        return pieces * self.synthesis


class STFTStream:
    """Streaming state of an :class:`STFT`: the samples and the overlap that are still needed.

    Real-time-safe in the engine's sense: bounded work, no locks, no I/O.

    Attributes:
        delay: samples by which what is synthesised lies behind what was analysed, in whole hops.
    """

    def __init__(self, stft: STFT, channels: int) -> None:
        self.stft, self.delay = stft, stft.reach - stft.hop
        self._past = np.zeros((channels, stft.n_fft - stft.hop), np.float32)
        self._tail = np.zeros((channels, stft.reach - stft.hop), np.float32)

    def analyse(self, block: Audio) -> Array:
        """A block of m hops, (channels, m·hop), to spectra (channels, m, bins).

        Frame i ends with hop i of the block.
        """
        stft = self.stft
        joined = np.concatenate([self._past, block], axis=-1)
        self._past = joined[:, joined.shape[-1] - self._past.shape[-1] :]
        # The overlapping frames as a view; numpy's own helpers for this take 50 µs a call.
        channels, m = len(block), block.shape[-1] // stft.hop
        row, sample = joined.strides
        frames: Array = np.ndarray(
            (channels, m, stft.n_fft), joined.dtype, joined, 0, (row, stft.hop * sample, sample)
        )
        return stft.analyse(frames)

    def hear(self, block: Audio) -> None:
        """A block that is neither analysed nor synthesised, but was there: what follows is whole
        again ``delay`` samples later."""
        keep = self._past.shape[-1]
        self._past = np.concatenate([self._past, block], axis=-1)[:, -keep:]
        self._tail[:] = 0.0

    def synthesise(self, spectra: Array) -> Audio:
        """Spectra (channels, m, bins) to the next m hops, ``delay`` samples late."""
        stft = self.stft
        pieces = stft.synthesise(spectra)
        channels, m, _ = pieces.shape
        if m == 1:  # live: the overlap goes onto the one piece, and no more is touched
            piece = pieces[:, 0]
            piece[:, : stft.reach - stft.hop] += self._tail
            self._tail = piece[:, stft.hop :]
            return piece[:, : stft.hop]
        out = np.zeros((channels, m * stft.hop + self._tail.shape[-1]), np.float32)
        out[:, : self._tail.shape[-1]] = self._tail
        for i in range(m):
            out[:, i * stft.hop : i * stft.hop + stft.reach] += pieces[:, i]
        self._tail = out[:, m * stft.hop :]
        return out[:, : m * stft.hop]


def _hann(length: int) -> Array:
    """H_L(n) = ½(1 − cos 2πn/L)."""
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length))
