"""Phase from magnitudes alone: what the paper compares the input's phase with."""

from __future__ import annotations

from typing import Any

import numpy as np

import engine.machine_code  # noqa: F401  (librosa keeps some too)
from engine.dsp.arrays import Array, Audio
from engine.dsp.stft import STFT, STFTStream

_PIECE = 256  # frames solved together, 2.7 s
_FADE = 16  # frames over which a piece gives way to the next
_ITERATIONS = 60


class GriffinLim(STFTStream):
    """A stream that keeps the magnitudes of spectra and finds phases to go with them.

    Griffin & Lim, "Signal estimation from modified short-time Fourier transform", IEEE ASSP 1984,
    in the fast form of Perraudin et al. 2013 (librosa). One phase is found for all channels, from
    their mean power, and each keeps its own difference from the sum of them: solved apart, the two
    sides of a stereo sound would have nothing to do with each other. Pieces of a fixed number of
    frames are solved one by one and overlap at equal power, because their phases have nothing in
    common; so the memory is bounded and blocks of any size give the same sound.

    Args:
        stft: a transform whose synthesis window is as long as its analysis window.
        channels: number of channels.
    """

    def __init__(self, stft: STFT, channels: int) -> None:
        super().__init__(stft, channels)
        self._frames = np.zeros((channels, 0, stft.n_fft // 2 + 1), np.complex64)
        self._solved = 0
        # A piece reaches from the centre of its first frame to that of its last: the first one
        # begins a little before the feed.
        self._ready = np.zeros((channels, (_PIECE - 1) * stft.hop), np.float32)
        self.delay = self._ready.shape[-1] - stft.hop + stft.n_fft - stft.n_fft // 2
        self._fading = np.zeros((channels, (_FADE - 1) * stft.hop), np.float32)

    def synthesise(self, spectra: Array) -> Audio:
        """Spectra (channels, m, bins) to the next m hops, ``delay`` samples late."""
        hop, pieces = self.stft.hop, [self._ready]
        self._frames = np.concatenate([self._frames, spectra], axis=1)
        while self._frames.shape[1] >= _PIECE:
            pieces.append(self._piece(self._frames[:, :_PIECE]))
            self._frames = self._frames[:, _PIECE - _FADE :]
        ready = np.concatenate(pieces, axis=-1)
        n = spectra.shape[1] * hop
        self._ready = ready[:, n:]
        return ready[:, :n]

    def _piece(self, frames: Array) -> Audio:
        """The next samples: all of a piece but the end, which the next one is faded into."""
        import librosa

        stft, fade = self.stft, self._fading.shape[-1]
        form: dict[str, Any] = {
            "hop_length": stft.hop,
            "n_fft": stft.n_fft,
            "window": stft.analysis,
        }
        spectra = frames.transpose(0, 2, 1)
        power = np.sqrt(np.mean(np.abs(spectra) ** 2, axis=0))
        found = librosa.griffinlim(power, n_iter=_ITERATIONS, random_state=self._solved, **form)
        phase = _unit(librosa.stft(found, **form))
        together = spectra * _unit(spectra.sum(axis=0)).conj() * phase
        sound = librosa.istft(together, **form)
        rise = np.sin(0.5 * np.pi * (np.arange(fade, dtype=np.float32) + 0.5) / fade)
        if self._solved:
            sound[:, :fade] = sound[:, :fade] * rise + self._fading
        self._solved += 1
        length = (_PIECE - _FADE) * stft.hop
        self._fading = sound[:, length : length + fade] * rise[::-1]
        return np.asarray(sound[:, :length], np.float32)


def _unit(spectrum: Array) -> Array:
    """The phase of a spectrum as numbers of magnitude 1; 1 where there is nothing."""
    size = np.abs(spectrum)
    return np.asarray(np.where(size > 0, spectrum / np.where(size > 0, size, 1.0), 1.0))
