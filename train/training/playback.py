"""What is heard of a streaming generator's answers: as images, which is quick, and as sound."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from engine.dsp.frontend import FrontEnd
from engine.dsp.gain import MAX_GAIN_DB, MIN_GAIN_DB
from train.models.rendering import ImageRendering
from train.models.sound_rendering import Renderer, front_end_image, image_of
from train.models.streaming_network import StreamingGenerator, due

_DB = 10.0 / np.log(10.0)


class Playback(nn.Module):
    """Puts answers on what is fed.

    Args:
        front_end: of the images.
        rate: of the sound, hertz.

    Attributes:
        hop: samples between columns.
    """

    def __init__(self, front_end: FrontEnd, rate: int) -> None:
        super().__init__()
        self._front_end = front_end
        self._renderer, self._rendering = Renderer(front_end, rate), ImageRendering(front_end)
        self._image = front_end_image(rate)
        self.hop = self._image.hop

    def shown(self, image: Tensor, answers: Tensor, number: int = 0) -> Tensor:
        """Images of stretches with these answers, as they are heard, (batch, bands, columns).

        Args:
            image: of the feed, −1 … 1.
            answers: to all of the stretches' columns.
            number: of the lead.
        """
        said = due(answers, number)
        span = 0.5 * (self._front_end.ceil_db - self._front_end.floor_db)
        gain = said[:, 0].clamp(MIN_GAIN_DB, MAX_GAIN_DB) / span
        there = self._rendering(image[:, None], image[:, None] + gain[:, None])[:, 0]
        noise = image_of(self._front_end, said[:, 1])
        scale = span / _DB
        both: Tensor = torch.logaddexp(there * scale, noise * scale) / scale
        return both.clamp(-1.0, 1.0)

    def played(self, sound: Tensor, said: Tensor, seed: int) -> Tensor:
        """Sound of stretches with these answers, (batch, samples).

        Args:
            sound: mono, (batch, samples).
            said: of its columns, see :func:`train.models.streaming_network.due`.
            seed: of the noise.
        """
        noise = torch.Generator(device=sound.device).manual_seed(seed)
        out: Tensor = self._renderer(sound, said, noise)
        return out

    def heard(
        self, generator: StreamingGenerator, given: Tensor, sound: Tensor, seed: int
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """A stretch as it is heard.

        Args:
            generator: that restyles it.
            given: what it is told, (batch, input_size, columns).
            sound: mono, of the same columns, (batch, samples).
            seed: of the noise.

        Returns:
            What is heard, (batch, samples); and the images of the feed and of that, −1 … 1,
            (batch, bands, frames).
        """
        out = self.played(sound, due(generator(given)), seed)
        return out, (self._seen(sound), self._seen(out))

    def sounded(
        self, image: Tensor, sound: Tensor, answers: Tensor, seed: int
    ) -> tuple[Tensor, Tensor]:
        """Images of the sound of stretches as it is, and with these answers, as the front end sees
        both at the generator's level, (batch, bands, columns) each; of the columns that lie whole
        in the sound.

        Args:
            image: of the feed, −1 … 1, to which both are brought in level.
            sound: mono, of the image's last columns, (batch, samples).
            answers: to all of the stretches' columns.
            seed: of the noise.
        """
        columns = sound.shape[-1] // self.hop
        out = self.played(sound, due(answers)[..., -columns:], seed)
        was, now = (image_of(self._front_end, self._image(one)) for one in (sound, out))
        first = self._image.size // 2 // self.hop - columns
        there = image[..., first : first + was.shape[-1]]
        scale = 0.5 * (self._front_end.ceil_db - self._front_end.floor_db) / _DB
        loud = [torch.logsumexp(one * scale, dim=(1, 2), keepdim=True) for one in (there, was)]
        level = (loud[0] - loud[1]) / scale
        return (was + level).clamp(-1.0, 1.0), (now + level).clamp(-1.0, 1.0)

    def _seen(self, sound: Tensor) -> Tensor:
        return image_of(self._front_end, self._image(sound)).clamp(-1.0, 1.0)
