"""Notes drawn at random, and which are kept from training."""

from __future__ import annotations

import numpy as np

from train.notes.families import FAMILIES, PITCHES, Family
from train.notes.manifest import Clip, Note, Split
from train.notes.soundfonts import Stock

VELOCITIES = range(25, 128)  # softer notes are hardly heard
HELD_S = 0.3, 3.0  # the rest of a clip is for the release
_VIBRATO_HZ = 4.5, 6.5  # of players
_VIBRATO_CENTS = 10.0, 40.0


def splits(count: int, share: float) -> list[Split]:
    """The split of each of so many things that are in random order.

    Args:
        count: of all.
        share: of those that are held out, and of those that are unseen.
    """
    kept = round(count * share)
    numbers: list[tuple[Split, int]] = [("unseen", kept), ("held-out", kept), ("train", count)]
    return [split for split, number in numbers for _ in range(number)][:count]


def draw_clips(stock: Stock, clips: int, share: float, seed: int) -> list[Clip]:
    """Clips of all families. Each is drawn by its own generator: more of them change no other one.

    Args:
        stock: the soundfonts.
        clips: of each family.
        share: see :func:`splits`.
        seed: another seed, other notes.
    """
    return [
        _draw_clip(family, number, split, stock, np.random.default_rng((seed, place, number)))
        for place, family in enumerate(FAMILIES)
        for number, split in enumerate(splits(clips, share), 1)
    ]


def _draw_clip(
    name: str, number: int, split: Split, stock: Stock, rng: np.random.Generator
) -> Clip:
    fonts = (stock.unseen,) if split == "unseen" else stock.seen
    family = FAMILIES[name]
    return Clip(
        name=f"{name}-{number:05d}",
        family=name,
        split=split,
        soundfont=fonts[int(rng.integers(len(fonts)))].name,
        program=family.programs[int(rng.integers(len(family.programs)))],
        note=draw_note(family, rng),
    )


def draw_note(family: Family, rng: np.random.Generator) -> Note:
    """A note at the beginning of a clip; every second one has vibrato, where the family can."""
    pitch, velocity = (int(rng.integers(r.start, r.stop)) for r in (PITCHES, VELOCITIES))
    held_s = round(float(rng.uniform(*HELD_S)), 3)
    vibrato = float(rng.uniform(*_VIBRATO_HZ)), float(rng.uniform(*_VIBRATO_CENTS))
    if not family.vibrato or rng.random() < 0.5:
        vibrato = 0.0, 0.0
    hertz, cents = vibrato
    return Note(
        at_s=0.0,
        held_s=held_s,
        pitch=pitch,
        velocity=velocity,
        vibrato_hz=round(hertz, 2),
        vibrato_cents=round(cents, 1),
    )
