"""What can be watched while a training runs: losses, spectrograms and sound in TensorBoard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from engine.dsp.arrays import Array
from engine.dsp.gain import MAX_GAIN_DB, MIN_GAIN_DB
from engine.dsp.stft import STFT, Stream
from train.cyclegan import CycleGan, Losses
from train.dataset import Dataset
from train.images import GenreImages
from train.recipe import Recipe

_EVERY = 20  # steps between scalars


class Watch:
    """Writes TensorBoard events of one run.

    Args:
        folder: of the events.
        data: whose held-out segments are shown; training ones where none are held out.
        recipe: says which genres.
    """

    def __init__(self, folder: Path, data: Dataset, recipe: Recipe) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder))
        self._data, self._recipe = data, recipe
        self._shown = [
            GenreImages(data, genre, "held-out" if data.tracks(genre, "held-out") else "train")
            for genre in (recipe.source, recipe.target)
        ]

    def losses(self, step: int, losses: Losses, rate: float) -> None:
        """Scalars, now and then."""
        if step % _EVERY == 0:
            for name, value in losses.items():
                self._writer.add_scalar(f"loss/{name}", value, step)
            self._writer.add_scalar("rate", rate, step)

    def look(self, step: int, model: CycleGan) -> None:
        """A held-out window of each genre, input above output, and the output's sound."""
        for name, shown, generator in zip(
            ("to target", "to source"), self._shown, model.exported(), strict=True
        ):
            own = shown.windows[0, 1]
            own = own[:, : own.shape[1] // 4 * 4]
            with torch.inference_mode():
                window = torch.from_numpy(own[None, None]).to(
                    model.device, torch.get_default_dtype()
                )
                made = generator.eval()(window)[0, 0].float().cpu().numpy().clip(-1, 1)
            picture = np.concatenate([own, made])[::-1] * 0.5 + 0.5
            self._writer.add_image(f"{name}, input above output", picture[None], step)
            genre = self._recipe.source if name == "to target" else self._recipe.target
            sound = self._sound(genre, made - own)
            self._writer.add_audio(name, sound[None], step, self._data.manifest.rate)
        self._writer.flush()

    def _sound(self, genre: str, change: Array) -> Array:
        """The first segment with the change of its image as a gain, mono: a quick listen."""
        data, rate = self._data, self._data.manifest.rate
        segment = (data.segments(genre, "held-out") or data.segments(genre))[0]
        sound = data.own_phrase(segment.audio(), rate).mean(axis=0)
        analyser = data.front_end.at(rate)
        stft = STFT.low_delay(rate)
        hops = len(sound) // stft.hop
        spectra = Stream(stft, 1).analyse(sound[None, : hops * stft.hop])
        span_db = data.front_end.ceil_db - data.front_end.floor_db
        gain_db = np.clip(0.5 * span_db * change.T, MIN_GAIN_DB, MAX_GAIN_DB)
        at = (np.arange(hops) * stft.hop / analyser.hop).astype(np.intp)
        rows = analyser.spread(stft.n_fft)(gain_db[np.minimum(at, len(gain_db) - 1)])
        out = Stream(stft, 1).synthesise(spectra * 10 ** (rows[None] / 20))
        return np.asarray(np.clip(out[0], -1.0, 1.0), np.float32)
