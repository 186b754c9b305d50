"""How often the hi-hats stutter: onsets above 6 kHz that follow each other within a thirty-second.

Young, Broido & Ayumba, "Multi-instrumental genre transfer using CycleGAN", tell trap from lo-fi by
it ("Dataset": "stuttering hi-hats which define trap music will never be seen in lo-fi") and see it
in pictures ("Results"). Here it is counted in the sound.

A beat is that of 60 to 90 BPM; where trap is written at 120 to 180, one of its beats is half of one
here. A thirty-second is an eighth of a beat, 100 ms at 75 BPM; its triplets and whatever is faster
are nearer still. An onset stutters if it follows another within :data:`STUTTER_BEATS`, which is a
thirty-second and a fifth of one for the hands of players and for the detector; sixteenths, whose
swing may bring them within a sixth of a beat, do not. A drum whose highs swell again after its
stroke counts as two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, find_peaks, sosfiltfilt

from engine.dsp.arrays import Array, Audio
from engine.errors import UsageError

LOWEST_HZ = 6000.0
STUTTER_BEATS = 1.2 / 8
_HOP_S = 0.001
_SMOOTH_S = 0.006
_APART_S = 0.033  # nearer onsets are one stroke, such as a hat and a snare that is a little late
_RISE_DB = 9.0  # tones that beat with each other and tails of snares rise by less
_AROUND_S = 0.3  # within which an onset has to stand out
_FLOOR_DB = -36.0  # re the mean power of the whole sound
_SILENT = 1e-12


@dataclass(frozen=True)
class Hats:
    """What the hi-hats do.

    Attributes:
        onsets: above 6 kHz, of the sound.
        stutters: those of them that follow another within :data:`STUTTER_BEATS`.
        beats: length of the sound.
    """

    onsets: int
    stutters: int
    beats: float

    @property
    def onsets_per_beat(self) -> float:
        """How dense the hats are."""
        return self.onsets / self.beats

    @property
    def stutters_per_beat(self) -> float:
        """How much they stutter: the figure that trap has, and lo-fi has not."""
        return self.stutters / self.beats


def hats(sound: Audio, rate: int, bpm: float) -> Hats:
    """Count onsets above 6 kHz, and those among them that stutter.

    Args:
        sound: (channels, samples).
        rate: its sample rate, hertz.
        bpm: its tempo, counted at 60 to 90.

    Raises:
        UsageError: the sample rate leaves nothing above 6 kHz, or the sound is empty.
    """
    onsets = hat_onsets_s(sound, rate)
    apart = np.diff(onsets) * bpm / 60.0
    stutters = int(np.count_nonzero(apart <= STUTTER_BEATS))
    return Hats(len(onsets), stutters, sound.shape[1] / rate * bpm / 60.0)


def hat_onsets_s(sound: Audio, rate: int) -> Array:
    """Times of the onsets above 6 kHz, seconds, (onsets,).

    Peaks of the level, smoothed over 6 ms, that rise by 9 dB above what is around them and above a
    floor, 36 dB below the mean power of the whole sound: what is heard, whatever became of the
    band's own level.

    Args:
        sound: (channels, samples).
        rate: its sample rate, hertz.

    Raises:
        UsageError: the sample rate leaves nothing above 6 kHz, or the sound is empty.
    """
    if rate < 2.5 * LOWEST_HZ or not sound.shape[-1]:
        raise UsageError(
            "hats",
            f"{sound.shape[-1]} samples at {rate} Hz",
            expected=f"sound with a sample rate of {2.5 * LOWEST_HZ:.0f} Hz or more",
            cure="Give the sound as it was rendered.",
        )
    mono = sound.mean(axis=0, dtype=np.float64)
    high = sosfiltfilt(butter(4, LOWEST_HZ, "highpass", fs=rate, output="sos"), mono)
    hop = max(1, round(_HOP_S * rate))
    power = uniform_filter1d(high**2, round(_SMOOTH_S * rate), mode="constant")[::hop]
    level_db = 10 * np.log10(np.maximum(power, _SILENT))
    mean = float(np.mean(mono**2))
    if mean <= _SILENT:
        return np.empty(0)
    floor_db = 10 * np.log10(mean) + _FLOOR_DB
    frames_s = hop / rate
    # What is below the floor is as good as silent: a stroke has to rise from there.
    heard = np.maximum(level_db, floor_db)
    peaks, _ = find_peaks(
        np.pad(heard, 1, constant_values=floor_db),
        height=floor_db + _RISE_DB,
        distance=max(1, round(_APART_S / frames_s)),
        prominence=_RISE_DB,
        wlen=round(_AROUND_S / frames_s),
    )
    return np.asarray((peaks - 1) * frames_s)
