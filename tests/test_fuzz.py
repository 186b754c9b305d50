"""A sample of the fuzzing campaign: what once broke something, valid inputs, changes to them."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.seeds import kept, seeds
from tests.fuzz.targets import TARGETS

_CHANGED = {"take": 12, "preset": 40, "rig": 60}  # inputs; a take has to be played


@pytest.mark.parametrize("target", TARGETS)
def test_every_input_ends_in_success_or_in_one_error(target, tmp_path):
    run, valid = TARGETS[target], seeds(target)
    rng = random.Random(7)
    changed = [_changed(rng, rng.choice(valid)) for _ in range(_CHANGED.get(target, 200))]
    for data in (*valid, *kept(target), *changed):
        run(data, tmp_path)


def _changed(rng: random.Random, data: bytes) -> bytes:
    """A few bytes changed, left out, doubled or cut off."""
    made = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(made) + 1)
        length = rng.choice([1, 1, 2, 8, 64])
        match rng.randrange(5):
            case 0:
                made[at : at + length] = rng.randbytes(length)
            case 1:
                del made[at : at + length]
            case 2:
                made[at:at] = made[at : at + length]
            case 3:
                made[at:at] = rng.choice([b"\x00", b"\xff\xff\xff\xff", b"nan", b"1e999", b"-1"])
            case 4 if at:
                del made[at:]
    return bytes(made)
