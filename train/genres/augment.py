"""A clip in seven versions: how the text's 1000 songs become 7020.

Source: "Music Style Transfer using Deep Learning (Part 1)", section "Data Augmentation": noise,
temporal shift, temporal stretch and squeeze. The text gives no amounts; here it is white noise 30
and 20 dB below the clip, a shift of a fifth of the clip to either side, with what is pushed out put
in at the other end, and a tempo of 0.85 and 1.15 at the same pitch. Features see sound, so sound is
what is changed.
"""

from __future__ import annotations

import numpy as np

from engine.beat.features import RATE
from engine.dsp.arrays import Audio

VERSIONS = ("as it is", "noise 30", "noise 20", "early", "late", "stretched", "squeezed")
_NOISE_DB = {"noise 30": -30.0, "noise 20": -20.0}
_SHIFTS = {"early": -0.2, "late": 0.2}
_TEMPI = {"stretched": 0.85, "squeezed": 1.15}


def sevenfold(clip: Audio, rng: np.random.Generator) -> list[Audio]:
    """A clip in all :data:`VERSIONS`, the first of which is the clip itself.

    Args:
        clip: mono at 22,050 Hz, (n,) float32.
        rng: of the noise.
    """
    return [_version(clip, name, rng) for name in VERSIONS]


def _version(clip: Audio, name: str, rng: np.random.Generator) -> Audio:
    if name in _NOISE_DB:
        level = float(np.sqrt(np.mean(clip.astype(np.float64) ** 2)))
        noise = rng.standard_normal(len(clip), np.float32)
        return np.asarray(clip + np.float32(level * 10 ** (_NOISE_DB[name] / 20)) * noise)
    if name in _SHIFTS:
        return np.roll(clip, round(_SHIFTS[name] * len(clip)))
    if name in _TEMPI:
        import pedalboard

        changed = pedalboard.time_stretch(
            clip[None], RATE, _TEMPI[name], high_quality=False, use_time_domain_smoothing=False
        )
        return np.asarray(changed[0], np.float32)
    return clip
