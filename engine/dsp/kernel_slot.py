"""The kernel for those who hold arrays and no shared memory: one slot's sound as an object."""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.dsp.frontend import Analyser, FrontEnd
from engine.dsp.kernel import hear, render
from engine.dsp.kernel_plan import NOISE_ENERGY, Mix, State, plan_of, state_of
from engine.dsp.stft import STFT


def compile_kernel() -> None:
    """Have the machine code there: compiled, or from the disk. It is the same for all rates."""
    Kernel(FrontEnd().at(48000), STFT.low_delay(48000), 2)


class Kernel:
    """One slot's sound: plan, state and how much of it there is.

    Args:
        analyser: front end at the device's rate.
        stft: the low-delay transform there.
        channels: number of channels.

    Attributes:
        mix: how much of the slot there is; may be replaced between two calls.
    """

    def __init__(self, analyser: Analyser, stft: STFT, channels: int) -> None:
        self.stft, self.mix = stft, Mix()
        self._bands = analyser.spec.n_mels
        self._plan, self._state = plan_of(analyser, stft), state_of(stft, analyser.rate, channels)
        self._warm(channels)

    def _warm(self, channels: int) -> None:
        """Have the machine code there before the first hop is due, compiled or from the disk."""
        before, silence = self._state, np.zeros((channels, self.stft.hop), np.float32)
        self._state = State(*(part.copy() for part in before))
        rows = np.zeros((1, self._bands), np.float32)
        self.hear(silence)
        self.render(silence, rows, rows, np.zeros((1, 2)), 0)
        self._state = before

    @property
    def noise_energy(self) -> float:
        """Energy of the noise so far, in squared samples over all channels."""
        return float(self._state.numbers[NOISE_ENERGY])

    def hear(self, block: Audio) -> None:
        """Take (channels, n) while nobody listens."""
        hear(self._own(block), self._plan, self._state)

    def _own(self, block: Audio) -> Audio:
        channels = self._state.heard.shape[1]
        if block.ndim != 2 or len(block) != channels:
            raise ValueError(f"a block of shape {block.shape} for {channels} channels")
        return np.ascontiguousarray(block, np.float32)

    def render(
        self, block: Audio, gains: Array, noises: Array, asked: Array, first_hop: int
    ) -> Audio:
        """See :func:`engine.dsp.kernel.render`: (channels, hops·hop) to the same.

        Raises:
            ValueError: a part is of another shape.
        """
        block, hops = self._own(block), len(asked)
        if block.shape[1] != hops * self.stft.hop:  # machine code would read beyond it
            raise ValueError(f"{block.shape[1]} samples are not {hops} hops of {self.stft.hop}")
        out = np.empty_like(block)
        shape = hops, self._bands
        rows = [np.ascontiguousarray(x, np.float32).reshape(shape) for x in (gains, noises)]
        form = self.mix, first_hop, self._plan, self._state, out
        render(block, *rows, asked, *form)  # type: ignore[call-arg]
        return out
