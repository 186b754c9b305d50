"""Shaped noise for the energy that a gain cannot make, gated by the live feed.

A snare put into silence has no input to amplify. Its mel power becomes noise of random phase in
the same frames as the gain. The phases come from a fixed table at an offset that is a hash of
the hop's index, so that a render repeats to the bit and costs no random numbers per hop.
"""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Array, Audio

_TABLE = 1 << 16
_KNUTH = 2654435761  # multiplicative hashing (Knuth, TAOCP vol. 3, 6.4)
_SEED = 20190610
GATE_MEMORY_S = 0.06  # a hit may stand in a gap of the feed this long
_SILENCE = 1e-20  # keeps quotients finite; a silent feed has the factor 0
GATE_HEADROOM = 4.0  # +6 dB: noise may exceed the loudest of the recent feed by no more


class PhaseTable:
    """Unit-magnitude spectra of random phase, one per hop index.

    Args:
        bins: number of bins.
    """

    def __init__(self, bins: int) -> None:
        angle = np.random.default_rng(_SEED).uniform(0, 2 * np.pi, _TABLE + bins)
        table = np.exp(1j * angle).astype(np.complex64)
        self._windows = np.lib.stride_tricks.sliding_window_view(table, bins)

    def __call__(self, hop_index: Array) -> Array:
        """The spectra of hops, (hops, bins), the same for the same index."""
        offset = (hop_index.astype(np.int64) * _KNUTH >> 8) % _TABLE
        return np.asarray(self._windows[offset])


class NoiseGate:
    """How much of the noise the live feed justifies.

    The noise keeps the relation to the input it was predicted for: when the feed is now quieter
    than the column that the generator saw, the noise is quieter by as much; and it never exceeds
    the recent feed by more than 6 dB. So silence in is silence out, and the snare of the phrase
    before does not play on after the feed is cut.

    Args:
        rate: sample rate, hertz.
        hop: samples per hop.
        channels: number of channels.
    """

    def __init__(self, rate: float, hop: int, channels: int) -> None:
        self._length = max(1, round(GATE_MEMORY_S * rate / hop))
        self._heard = np.zeros((self._length - 1, channels), np.float32)

    def hear(self, levels: Array) -> None:
        """The mean squares of the next hops and channels, (m, channels)."""
        past = self._heard[len(self._heard) - self._length + 1 :]
        self._heard = np.concatenate([past, levels], dtype=np.float32)

    def recent(self) -> Array:
        """Loudest mean square of the last 60 ms, at each of the hops heard last, (m, channels)."""
        hop, channel = self._heard.strides
        hops, channels = len(self._heard) - self._length + 1, self._heard.shape[1]
        shape, strides = (hops, self._length, channels), (hop, hop, channel)
        windows: Array = np.ndarray(shape, self._heard.dtype, self._heard, 0, strides)
        return np.asarray(windows.max(axis=1))

    @staticmethod
    def factors(recent: Array, level: Array, noise_power: Array) -> Array:
        """Amplitude factors per hop and channel, (m, channels).

        Args:
            recent: what :meth:`hear` says of these hops, (m, channels).
            level: mean square of the input columns that the noise was made for, (m,).
            noise_power: variance of the noise before the gate, (m,).
        """
        live = np.maximum(recent.mean(axis=1), _SILENCE)
        power = np.minimum(1.0, GATE_HEADROOM * live / np.maximum(noise_power, _SILENCE))
        power *= np.minimum(1.0, live / np.maximum(level, _SILENCE))
        return np.asarray(np.sqrt(power[:, None] * recent / live[:, None]))


def mean_square(block: Audio, hop: int) -> Array:
    """Mean square of each hop: (channels, m·hop) to (m, channels)."""
    hops = block.reshape(block.shape[0], -1, hop)
    return np.asarray(np.einsum("cmh,cmh->mc", hops, hops) * np.float32(1.0 / hop))
