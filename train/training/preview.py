"""What can be looked at and listened to while a streaming generator is trained."""

from __future__ import annotations

import numpy as np
import torch

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
    picture = np.concatenate([image[0].cpu().numpy() for image in images])
    shown(
        words,
        np.clip(picture[::-1] * 0.5 + 0.5, 0.0, 1.0),
        np.clip(out[0].cpu().numpy(), -1.0, 1.0),
    )
