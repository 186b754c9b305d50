"""What can be looked at and listened to while a generator is trained."""

from __future__ import annotations

import numpy as np
import torch

from engine.dsp.arrays import Array
from engine.dsp.gain import MAX_GAIN_DB, MIN_GAIN_DB
from engine.dsp.stft import STFT, STFTStream
from train.data.dataset import Dataset, SplitBy
from train.models.streaming_network import StreamingGenerator
from train.training.playback import Playback
from train.training.tracks import Pieces
from train.training.training import Shown

_SHOWN_S = 12.0


def show_middle(
    pieces: Pieces,
    backwards: bool,
    generator: StreamingGenerator,
    playback: Playback,
    words: str,
    shown: Shown,
) -> None:
    """Show twelve seconds from the middle of the first track, input above output, and its sound.

    Args:
        pieces: whose first is shown.
        backwards: whether it is of the target's genre.
        generator: that restyles it.
        playback: puts its answers on the sound.
        words: what it is called.
        shown: takes picture and sound.
    """
    given, sound = pieces.given(backwards, clock=True), pieces.sound(backwards)
    middle, columns = given.shape[-1] // 2, round(_SHOWN_S * pieces.rate / pieces.hop)
    first, last = max(0, middle - generator.receptive), middle + columns
    played = sound[None, first * pieces.hop : last * pieces.hop]
    with torch.inference_mode():
        out, images = playback.heard(generator, given[None, :, first:last], played, 0)
    picture = picture_of(*(image[0].cpu().numpy() for image in images))
    shown(words, picture, np.clip(out[0].cpu().numpy(), -1.0, 1.0))


def picture_of(own: Array, made: Array) -> Array:
    """An image above what is made of it: (bands, columns), −1 … 1, to (2 · bands, columns), 0 … 1,
    the highest band on top."""
    return np.asarray(np.clip(np.concatenate([own, made])[::-1] * 0.5 + 0.5, 0.0, 1.0))


def sound_of(data: Dataset, genre: str, change: Array, by: SplitBy = "track") -> Array:
    """The own phrase of a genre's first segment, held out where there is any, with the change of
    its image as a gain, mono: a quick listen.

    Args:
        data: the dataset.
        genre: one of its genres.
        change: of the image, (bands, columns), in units of −1 … 1.
        by: what is held out as a whole.
    """
    rate = data.manifest.rate
    segment = (data.segments(genre, "held-out", by) or data.segments(genre))[0]
    sound = data.own_phrase(segment.audio(), rate).mean(axis=0)
    analyser = data.front_end.at(rate)
    stft = STFT.low_delay(rate)
    hops = len(sound) // stft.hop
    spectra = STFTStream(stft, 1).analyse(sound[None, : hops * stft.hop])
    span_db = data.front_end.ceil_db - data.front_end.floor_db
    gain_db = np.clip(0.5 * span_db * change.T, MIN_GAIN_DB, MAX_GAIN_DB)
    at = (np.arange(hops) * stft.hop / analyser.hop).astype(np.intp)
    rows_db = analyser.spread(stft.n_fft)(gain_db[np.minimum(at, len(gain_db) - 1)])
    out = STFTStream(stft, 1).synthesise(spectra * 10 ** (rows_db[None] / 20))
    return np.asarray(np.clip(out[0], -1.0, 1.0), np.float32)
