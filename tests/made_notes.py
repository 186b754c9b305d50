"""Notes like those of ``compose-notes``, without soundfonts: sums of partials that fade."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile as sf

from engine.strict_json import written
from train.notes.manifest import CLIP_RATE, CLIP_S, MANIFEST, Clip, Font, Manifest, Note

CLASSES = ["flute", "keyboard", "guitar"]
_PARTIALS = {
    "flute": ({1: 1.0, 2: 0.2}, 0.1),
    "keyboard": ({k: 1 / k for k in range(1, 12)}, 3.0),
    "guitar": ({k: 1 / k for k in (1, 3, 5, 7)}, 1.0),
    "mixture": ({1: 1.0, 6: 0.8, 7: 0.8}, 0.1),
}


def note(family, hertz, seconds=CLIP_S, rate=CLIP_RATE):
    """What a class is like, roughly: few partials that stay, many that fade, odd ones that do."""
    t = np.arange(round(seconds * rate)) / rate
    partials, fade = _PARTIALS[family]
    sound = sum(a * np.sin(2 * np.pi * hertz * k * t) for k, a in partials.items())
    return (0.2 * sound * np.exp(-fade * t)).astype(np.float32)


def write_notes(folder: Path, each: dict[str, int]) -> Manifest:
    """A folder of notes, so many of each class in each split."""
    clips, rng = [], np.random.default_rng(0)
    for split, count in each.items():
        for family in CLASSES:
            for number in range(count):
                pitch = int(rng.integers(60, 89))
                key = Note(at_s=0.0, held_s=2.0, pitch=pitch, velocity=90)
                made = {"soundfont": "made", "program": 0, "note": key}
                name = f"{family}-{split}-{number}"
                clip = Clip(name=name, family=family, split=split, **made)
                clip.path(folder).parent.mkdir(parents=True, exist_ok=True)
                sound = note(family, 440.0 * 2 ** ((pitch - 69) / 12))
                sf.write(clip.path(folder), sound, CLIP_RATE, subtype="PCM_24")
                clips.append(clip)
    manifest = Manifest(
        seed=0,
        soundfonts=(Font(name="made", sha256="0" * 64),),
        melody_rate=44100,
        clips=tuple(clips),
        melodies=(),
    )
    (folder / MANIFEST).write_text(written(manifest.model_dump()), encoding="utf-8")
    return manifest
