"""From readings of the gain image to sound, with the input's phase or, to compare, without."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.dsp.frontend import Analyser
from engine.dsp.griffin_lim import GriffinLim
from engine.dsp.inverse import InverseMel
from engine.dsp.kernel_plan import Mix
from engine.dsp.kernel_slot import Kernel
from engine.dsp.stft import STFT, Stream
from engine.stages.readings import Reading, gain_rows, generated_rows, noise_rows


class Renderer(Protocol):
    """Turns a few hops of the feed into those of the output."""

    stft: STFT
    noise_branch: bool
    takes_gains: bool
    """Whether gains are all that it needs; else it needs a generated image."""
    mix: Mix
    """How much of it there is, where it is one of several slots."""

    @property
    def delay(self) -> int:
        """Samples by which the output lies behind the feed, in whole hops."""
        ...

    @property
    def noise_energy(self) -> float:
        """Energy of the noise so far, in squared samples over all channels."""
        ...

    def render(self, block: Audio, readings: list[Reading], first_hop: int) -> Audio:
        """Hops of the feed, (channels, m·hop), to the next hops of the output.

        Args:
            block: of the feed.
            readings: one per hop, m of them.
            first_hop: index of the first hop since the beginning of the feed.
        """
        ...

    def hear(self, block: Audio) -> None:
        """Hops of the feed while nobody listens."""
        ...


class GainRenderer(Renderer):
    """Y = X·10^(Δ/20), plus noise where the input has no energy for the gain to act on: the kernel.

    Args:
        analyser: front end at the device's rate.
        channels: number of channels.
        stft: low-delay transform of the audio path.
        noise_branch: whether to render missing energy as noise.
    """

    takes_gains = True

    def __init__(
        self, analyser: Analyser, channels: int, stft: STFT, noise_branch: bool = True
    ) -> None:
        self.stft, self.noise_branch = stft, noise_branch
        self._kernel, self._n_mels = Kernel(analyser, stft, channels), analyser.spec.n_mels

    @property
    def mix(self) -> Mix:
        """See :class:`Renderer`."""
        return self._kernel.mix

    @mix.setter
    def mix(self, mix: Mix) -> None:
        self._kernel.mix = mix

    @property
    def delay(self) -> int:
        """See :class:`Renderer`."""
        return self.stft.reach - self.stft.hop

    @property
    def noise_energy(self) -> float:
        """See :class:`Renderer`."""
        return self._kernel.noise_energy

    def render(self, block: Audio, readings: list[Reading], first_hop: int) -> Audio:
        """See :meth:`Renderer.render`."""
        gains = gain_rows(readings, self._n_mels)
        asked = np.array([(reading.wet, -1.0) for reading in readings])
        noises = np.zeros_like(gains)
        if noisy := [i for i, reading in enumerate(readings) if reading.noisy]:
            some = [readings[i] for i in noisy]
            noises[noisy] = noise_rows(some, self._n_mels)
            asked[noisy, 1] = [reading.tap.level for reading in some if reading.tap]
        return self._kernel.render(block, gains, noises, asked, first_hop)

    def hear(self, block: Audio) -> None:
        """See :meth:`Renderer.hear`."""
        self._kernel.hear(block)


class PaperRenderer(Renderer):
    """The magnitude from the inverse mel transform, the phase from the input.

    Vande Veire et al. 2019, section 2.3. The channels keep their relative levels.

    Args:
        analyser: front end at the device's rate; its own symmetric window is the transform.
        channels: number of channels.
    """

    noise_branch = takes_gains = False
    noise_energy = 0.0
    mix = Mix()

    def __init__(self, analyser: Analyser, channels: int) -> None:
        self.stft = STFT.symmetric(analyser)
        self._stream = self._made(channels)
        self._inverse_mel = InverseMel(analyser.weights)
        self._n_mels = analyser.spec.n_mels

    @property
    def delay(self) -> int:
        """See :class:`Renderer`."""
        return self._stream.delay

    def render(self, block: Audio, readings: list[Reading], first_hop: int) -> Audio:
        """See :meth:`Renderer.render`."""
        del first_hop
        spectra = self._stream.analyse(block)
        generated = generated_rows(readings, self._n_mels)
        magnitude = np.sqrt(self._inverse_mel(10.0 ** (generated / 10.0)))
        live: Array = np.sqrt(np.mean(np.abs(spectra) ** 2, axis=0))
        ratio = magnitude / np.maximum(live, 1e-9)
        wet = np.array([reading.wet for reading in readings], np.float32)[:, None]
        # A bin without energy has no phase to reuse; it stays as it is.
        ratio = np.where(live > 1e-9, ratio, 1.0)
        made = np.asarray(spectra * (1.0 + wet * (ratio - 1.0)), np.complex64)
        return self._stream.synthesise(made)

    def hear(self, block: Audio) -> None:
        """See :meth:`Renderer.hear`."""
        self._stream.hear(block)

    def _made(self, channels: int) -> Stream:
        """What makes spectra of the feed, and sound of what is rendered."""
        return Stream(self.stft, channels)


class GriffinLimRenderer(PaperRenderer):
    """The magnitude from the inverse mel transform, the phase from the magnitude alone.

    What Vande Veire et al. 2019, section 3, compare the input's phase with, and hear buzzing.
    Seconds late and slow: for files.
    """

    def _made(self, channels: int) -> Stream:
        return GriffinLim(self.stft, channels)
