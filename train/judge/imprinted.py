"""What a generator that learnt the style of one recording has reached, beside an equaliser.

Everything is measured on sound: what the generator's answers make of the music, what a static
equaliser makes of it that gives it the recording's long-term spectrum, and the music itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from engine.dsp.arrays import Array, Audio
from train.judge import content
from train.judge.controls import eq_match
from train.judge.view import long_term_db, view
from train.style.eq_deaf import EqDeaf
from train.style.texture import Goal, Texture
from train.training.johnson_training import JohnsonTraining

_MOST, _MOST_S = 3, 60.0  # tracks, and seconds of each


@dataclass(frozen=True)
class Beside:
    """A figure of the generator's output, and of the equaliser's.

    Attributes:
        output, equaliser: of each.
    """

    output: float
    equaliser: float


@dataclass(frozen=True)
class Reached:
    """What was reached.

    Attributes:
        style: loss that was trained by; 1 for the music as it is.
        eq_deaf: see :class:`train.style.eq_deaf.EqDeaf`; 1 for the music as it is.
        onsets: F of onsets within 50 ms of those of the music.
        notes: correlation of the notes that are found in both.
    """

    style: Beside
    eq_deaf: Beside
    onsets: Beside
    notes: Beside

    def table(self) -> str:
        """As Markdown."""
        rows = (
            ("style's loss, 1 for the input", self.style),
            ("EQ-deaf distance in style, 1 for the input", self.eq_deaf),
            ("onsets kept (F)", self.onsets),
            ("notes kept (correlation)", self.notes),
        )
        head = "| | output | EQ match |\n| --- | --- | --- |\n"
        return head + "\n".join(f"| {n} | {x.output:.2f} | {x.equaliser:.2f} |" for n, x in rows)


def reached(
    inputs: Sequence[Audio],
    outputs: Sequence[Audio],
    recording: Audio,
    rate: int,
    style_loss: Callable[[Sequence[Audio]], float],
) -> Reached:
    """Measure.

    Args:
        inputs: the music, (channels, samples) each.
        outputs: what the generator makes of each.
        recording: whose style it learnt.
        rate: of all, hertz.
        style_loss: of sounds, in relation to that of the inputs.
    """
    match = eq_match(long_term_db([view(recording, rate)]), rate)
    matched = [sound for one in inputs for sound in match([one])]
    deaf = EqDeaf(view(recording, rate), [view(sound, rate) for sound in inputs])
    heard = [content.mono(sound, rate) for sound in inputs]

    def beside(measure: Callable[[Sequence[Audio]], float]) -> Beside:
        return Beside(measure(outputs), measure(matched))

    def each(kept: Callable[[Array, Array], float]) -> Callable[[Sequence[Audio]], float]:
        def mean(sounds: Sequence[Audio]) -> float:
            pairs = zip(heard, sounds, strict=True)
            return float(np.mean([kept(was, content.mono(now, rate)) for was, now in pairs]))

        return mean

    return Reached(
        style=beside(style_loss),
        eq_deaf=beside(lambda sounds: deaf.distance([view(sound, rate) for sound in sounds])),
        onsets=beside(each(_onsets)),
        notes=beside(each(_notes)),
    )


def judged(training: JohnsonTraining) -> Reached:
    """What a training has reached, on held-out music where there is any, with a clock. All is mono,
    for a mix has another spectrum when its channels are added.

    Args:
        training: that has read its music.
    """
    pieces, model = training.to_be_heard(), training.model
    inputs, outputs = [], []
    for number in range(min(pieces.count(False), _MOST)):
        sound = pieces.sound(False, number)[None, : round(_MOST_S * pieces.rate)]
        given = pieces.given(False, True, number)[None, :, : -(-sound.shape[-1] // pieces.hop)]
        with torch.inference_mode():
            out, _ = model.playback.heard(model.average, given, sound, 0)
        inputs.append(sound[:, : out.shape[-1]].cpu().numpy())
        outputs.append(out.cpu().numpy())

    def texture(sounds: Sequence[Audio]) -> Texture:
        return training.texture([training.image(sound) for sound in sounds])

    recording = training.recording.sound.mean(axis=0, keepdims=True)
    goal = Goal(texture([recording]), texture(inputs))

    def loss(sounds: Sequence[Audio]) -> float:
        return float(goal.distance(texture(sounds)))

    return reached(inputs, outputs, recording, pieces.rate, loss)


def _onsets(was: Array, now: Array) -> float:
    return content.onset_scores(content.onsets_s(was), content.onsets_s(now))[0]


def _notes(was: Array, now: Array) -> float:
    return content.correlation(content.notes(was), content.notes(now))
