"""Sound as magnitudes that can be changed, and back with the phase it had or one that is found."""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.dsp.griffin_lim import GriffinLim
from engine.dsp.stft import STFT, STFTStream

Phase = Literal["content", "griffin-lim"]
"""Of the content, as it was; or one that goes with the new magnitudes (Griffin & Lim 1984)."""
_SILENT = 1e-9


class Spectra:
    """The spectra of a whole sound, of which one magnitude for all channels can be replaced.

    Args:
        sound: (channels, samples).
        window: length of the transform's Hann window, samples.
        hop: samples between spectra.

    Attributes:
        magnitude: root of the mean power of the channels, (bins, frames); a full-scale sine has a
            quarter of ``window``.
    """

    def __init__(self, sound: Audio, window: int, hop: int) -> None:
        hann = np.hanning(window + 1)[:-1]
        self._stft = STFT(hann, hann, hop)
        self._samples = sound.shape[-1]
        # Zeros before and behind it: every sample lies under as many windows as any other.
        hops = -(-(self._samples + 2 * window) // hop)
        padded = np.zeros((len(sound), hops * hop), np.float32)
        padded[:, window : window + self._samples] = sound
        self._first = window
        self._spectra = STFTStream(self._stft, len(sound)).analyse(padded)
        power = np.mean(np.abs(self._spectra) ** 2, axis=0)
        self.magnitude: Array = np.sqrt(power).T.astype(np.float32)

    def sound(self, magnitude: Array, phase: Phase) -> Audio:
        """The sound with another magnitude, each channel keeping its share of it.

        Args:
            magnitude: (bins, frames), as :attr:`magnitude`.
            phase: which one.

        Returns:
            (channels, samples), as long as it was.
        """
        share = self._spectra / np.maximum(self.magnitude.T, _SILENT)
        spectra = (share * magnitude.T).astype(np.complex64)
        kind = STFTStream if phase == "content" else GriffinLim
        stream = kind(self._stft, len(spectra))
        behind = -(-stream.delay // self._stft.hop)
        silence = np.zeros((len(spectra), behind, spectra.shape[-1]), np.complex64)
        out = stream.synthesise(np.concatenate([spectra, silence], axis=1))
        first = self._first + stream.delay
        return np.ascontiguousarray(out[:, first : first + self._samples], np.float32)
