"""Endless encoders: steps in the four ways in which controllers send them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Encoder = Literal["signed-bit", "signed-bit-reversed", "binary-offset", "twos-complement"]
_LEFT: dict[int, Encoder] = {
    65: "signed-bit",
    1: "signed-bit-reversed",
    63: "binary-offset",
    127: "twos-complement",
}
"""What each sends for one step to the left."""


def steps(kind: Encoder, number: int) -> int:
    """Steps to the right that a value 0 … 127 means; to the left they are negative."""
    if kind == "binary-offset":
        return number - 64 if number else 0
    if kind == "twos-complement":
        return number if number <= 64 else number - 128
    signed = number if number <= 64 else 64 - number
    return -signed if kind == "signed-bit-reversed" else signed


def guess(numbers: Sequence[int]) -> Encoder | None:
    """The kind of an encoder that was slowly turned left; None if that cannot be told."""
    kinds = {_LEFT.get(number) for number in numbers}
    return kinds.pop() if len(kinds) == 1 else None
