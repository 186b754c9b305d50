"""The CC0 one-shots of Sonic Pi, trimmed so that the attack is the first sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile as sf

from engine.dsp.arrays import Array
from engine.errors import InputError
from engine.paths import native
from train.compose.sound import SAMPLE_RATE

PACKAGE = "sonic-pi-samples"
CURE = (
    f"Unpack the samples with `apt-get download {PACKAGE} && dpkg -x {PACKAGE}_*.deb FOLDER` "
    "and give that folder."
)
ONSET = 0.03  # of the peak: above the noise before a hit, well below its attack


class SampleLibrary:
    """Finds one-shots by name anywhere below a folder, and remembers which were used.

    Args:
        folder: the unpacked package, or any folder that holds its ``.flac`` files.

    Raises:
        InputError: there is no sample in the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths = {path.stem: path for path in sorted(folder.rglob("*.flac"))}
        self._used: set[str] = set()
        if not self._paths:
            raise InputError(
                str(folder), "no samples here", expected=f"those of {PACKAGE}", cure=CURE
            )

    @property
    def used(self) -> list[str]:
        """Names loaded so far, sorted."""
        return sorted(self._used)

    def load(self, name: str) -> Array:
        """One one-shot in mono, peak 1, without the silence before its attack.

        Args:
            name: file name without its ending, such as ``"drum_heavy_kick"``.

        Returns:
            (1, samples).

        Raises:
            InputError: the sample is missing, unreadable, silent or at another sample rate.
        """
        path = self._paths.get(name)
        if path is None:
            raise InputError(str(self._folder / f"{name}.flac"), "sample is missing", cure=CURE)
        try:
            sound, rate = sf.read(native(path), always_2d=True)
        except sf.LibsndfileError as error:
            raise InputError(str(path), f"sample is unreadable: {error}", cure=CURE) from error
        if rate != SAMPLE_RATE:
            raise InputError(str(path), f"{rate} Hz", expected=f"{SAMPLE_RATE} Hz", cure=CURE)
        # One side rather than the sum: some of these recordings cancel in mono.
        mono = sound[:, 0]
        peak = np.abs(mono).max(initial=0.0)
        if not peak:
            raise InputError(str(path), "sample is silent", cure=CURE)
        self._used.add(name)
        onset = int(np.argmax(np.abs(mono) > ONSET * peak))
        return np.asarray(mono[None, onset:] / peak)
