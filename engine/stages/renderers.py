"""From readings of the gain image to spectra, with the input's phase or, to compare, without."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.frontend import Analyser
from engine.dsp.griffin_lim import GriffinLim
from engine.dsp.inverse import InverseMel
from engine.dsp.noise import NoiseGate, PhaseTable
from engine.dsp.stft import STFT, Stream
from engine.stages.readings import Reading, gain_rows, generated_rows, noise_rows


class Renderer(Protocol):
    """Turns the spectra of a few hops into the spectra of the output."""

    stft: STFT
    noise_branch: bool
    takes_gains: bool
    """Whether gains are all that it needs; else it needs a generated image."""
    noise_energy: float
    """Energy of the noise so far, in squared samples over all channels."""

    def stream(self, channels: int) -> Stream:
        """What makes spectra of the feed, and sound of what is rendered."""
        return Stream(self.stft, channels)

    def render(
        self, spectra: Array, readings: list[Reading], levels: Array, first_hop: int
    ) -> Array:
        """Spectra (channels, m, bins) to spectra of the same shape.

        Args:
            spectra: of the live input.
            readings: one per hop, m of them.
            levels: mean square per hop and channel of the input, (m, channels).
            first_hop: index of the first hop since the beginning of the feed.
        """
        ...


class GainRenderer(Renderer):
    """Y = X·10^(Δ/20), plus noise where the input has no energy for the gain to act on.

    One gain curve serves all channels, so the stereo image stays.

    Args:
        analyser: front end at the device's rate.
        stft: transform of the audio path, low-delay by default.
        channels: number of channels.
        noise_branch: whether to render missing energy as noise.
    """

    takes_gains = True

    def __init__(
        self, analyser: Analyser, channels: int, stft: STFT, noise_branch: bool = True
    ) -> None:
        self.stft, self.noise_branch = stft, noise_branch
        self._spread = analyser.spread(stft.n_fft)
        self._share = self._spread.share(analyser.spec.n_mels)
        self._phases = PhaseTable(stft.n_fft // 2 + 1)
        self._gate = NoiseGate(analyser.rate, stft.hop, channels)
        self._n_mels = analyser.spec.n_mels
        self.noise_energy = 0.0

    def render(
        self, spectra: Array, readings: list[Reading], levels: Array, first_hop: int
    ) -> Array:
        """See :meth:`Renderer.render`."""
        gain_db = self._spread(gain_rows(readings, self._n_mels))
        gain_db *= np.float32(np.log(10) / 20)
        out = np.asarray(spectra * np.exp(gain_db, out=gain_db))
        self._gate.hear(levels)
        noisy = [i for i, reading in enumerate(readings) if reading.noisy]
        if noisy:
            hops = first_hop + np.array(noisy)
            recent = self._gate.recent()[noisy]
            out[:, noisy] += self._noise([readings[i] for i in noisy], recent, hops)
        return out

    def _noise(self, readings: list[Reading], recent: Array, hops: Array) -> Array:
        """Spectra (channels, hops, bins) of what the gain cannot make."""
        density = noise_rows(readings, self._n_mels)
        level = np.array([reading.tap.level for reading in readings if reading.tap])
        wet = np.array([reading.wet for reading in readings])
        power = density @ self._share
        factors = self._gate.factors(recent, level, power) * wet[:, None]
        self.noise_energy += float(power @ (factors**2).sum(axis=1)) * self.stft.hop
        variance = self._spread(density) * np.float32(self.stft.noise_gain)
        shape = self._phases(hops) * np.sqrt(variance)
        return np.asarray(factors.T.astype(np.float32)[:, :, None] * shape)


class PaperRenderer(Renderer):
    """The magnitude from the inverse mel transform, the phase from the input.

    Vande Veire et al. 2019, section 2.3. The channels keep their relative levels.

    Args:
        analyser: front end at the device's rate; its own symmetric window is the transform.
    """

    noise_branch = takes_gains = False
    noise_energy = 0.0

    def __init__(self, analyser: Analyser) -> None:
        self.stft = STFT.symmetric(analyser)
        self._inverse_mel = InverseMel(analyser.weights)
        self._n_mels = analyser.spec.n_mels

    def render(
        self, spectra: Array, readings: list[Reading], levels: Array, first_hop: int
    ) -> Array:
        """See :meth:`Renderer.render`."""
        del levels, first_hop
        generated = generated_rows(readings, self._n_mels)
        magnitude = np.sqrt(self._inverse_mel(10.0 ** (generated / 10.0)))
        live = np.sqrt(np.mean(np.abs(spectra) ** 2, axis=0))
        ratio = magnitude / np.maximum(live, 1e-9)
        wet = np.array([reading.wet for reading in readings], np.float32)[:, None]
        # A bin without energy has no phase to reuse; it stays as it is.
        ratio = np.where(live > 1e-9, ratio, 1.0)
        return np.asarray(spectra * (1.0 + wet * (ratio - 1.0)), np.complex64)


class GriffinLimRenderer(PaperRenderer):
    """The magnitude from the inverse mel transform, the phase from the magnitude alone.

    What Vande Veire et al. 2019, section 3, compare the input's phase with, and hear buzzing.
    Seconds late and slow: for files.
    """

    def stream(self, channels: int) -> Stream:
        """See :meth:`Renderer.stream`."""
        return GriffinLim(self.stft, channels)
