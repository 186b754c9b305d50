"""The front ends that are known, by name: what a dataset, a recipe and a preset may be made with.

``stage`` is this project's, and the only one that plays live. ``young-2021`` is the image of Young,
Broido & Ayumba, "Multi-instrumental genre transfer using CycleGAN", section "Data representation":
Hamming window of 2048 samples, a step of 1024 at 44.1 kHz, 20·log10, 20 to 20 000 Hz. What they do
not state is taken from the program that they cite (Rafii, Zaf-Python, ``melspectrogram``): 128
triangles of height 1, which sum magnitudes. Their 496 × 369 are the pixels of a figure's axes
(0.775 · 640 and 0.77 · 480 of Matplotlib's default figure): 4 s are 173 columns of such a
transform, and the figure draws them larger. Deviations: the triangles stand on Slaney's mel scale
(on the one of HTK some bands hold no bin, see :mod:`engine.dsp.mel`); all images have the stage's
range of dB, where a figure's colours span each image by itself.
"""

from __future__ import annotations

from typing import Literal

from engine.dsp.frontend import FrontEnd

FrontEndName = Literal["stage", "young-2021"]
STAGE = FrontEnd()
FRONT_ENDS: dict[FrontEndName, FrontEnd] = {
    "stage": STAGE,
    "young-2021": FrontEnd(hop_s=1024 / 44100, window="hamming", summed="magnitude"),
}


def name_of(front_end: FrontEnd) -> str:
    """What a front end is called; of an unknown one its fingerprint."""
    return next((n for n, known in FRONT_ENDS.items() if known == front_end), front_end.fingerprint)
