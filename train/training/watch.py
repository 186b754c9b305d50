"""What can be watched while a training runs: losses, spectrograms and sound in TensorBoard."""

from __future__ import annotations

from pathlib import Path

from engine.dsp.arrays import Array
from train.training.losses import Losses
from train.training.training import Shown, Training

_EVERY = 20  # steps between scalars


class Watch:
    """Writes TensorBoard events of one run.

    Args:
        folder: of the events.
        rate: of sounds, hertz.
    """

    def __init__(self, folder: Path, rate: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer, self._rate = SummaryWriter(str(folder)), rate

    def losses(self, step: int, losses: Losses, rate: float) -> None:
        """Scalars, now and then.

        Args:
            step: that was done.
            losses: of that step.
            rate: learning rate of that step.
        """
        if step % _EVERY == 0:
            for name, value in losses.items():
                self._writer.add_scalar(f"loss/{name}", value, step)
            self._writer.add_scalar("rate", rate, step)

    def look(self, step: int, training: Training, also: Shown | None) -> None:
        """What the generators make of held-out music.

        Args:
            step: that was done.
            training: whose generators.
            also: told the same.
        """

        def shown(name: str, picture: Array, sound: Array) -> None:
            if also is not None:
                also(name, picture, sound)
            self._writer.add_image(name, picture[None], step)
            self._writer.add_audio(name, sound[None], step, self._rate)

        training.look(shown)
        self._writer.flush()
