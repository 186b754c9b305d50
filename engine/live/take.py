"""What a recording has left, read back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import strict_json
from engine.dsp.tempo import Tempo
from engine.errors import InputError
from engine.live.asked import Asked, read
from engine.live.journal import FORMAT
from engine.stages.host import MAX_RATE, MIN_RATE

Entry = dict[str, Any]
_MOST_BLOCK, _MOST_CHANNELS, _MOST_SAMPLES = 1 << 16, 1024, 1 << 53


@dataclass(frozen=True)
class Take:
    """A folder that a recording has left.

    Attributes:
        folder: of it.
        rate, block, first: hertz, frames of the device, sample of the session it begins with.
        channels: of line-in and line-out.
        asked: what was played with.
        hashes: of the networks.
        engine, device: decisions, in order.
    """

    folder: Path
    rate: int
    block: int
    first: int
    channels: tuple[int, int]
    asked: Asked
    hashes: list[str]
    engine: list[Entry]
    device: list[Entry]


def read_take(folder: Path) -> Take:
    """What a take holds.

    Raises:
        InputError: it is none, or damaged.
    """
    try:
        facts = strict_json.read((folder / "take.json").read_text(encoding="utf-8"))
        if facts["format"] != FORMAT:
            raise ValueError(f"format {facts['format']}, this version plays {FORMAT}")
        lines = (folder / "decisions.jsonl").read_text(encoding="utf-8").splitlines()
        entries = [strict_json.read(line) for line in lines if line.endswith("}")]
        device = [e for e in entries if e["what"] in ("opened", "turned")]
        return Take(
            folder=folder,
            rate=_whole(facts, "rate", MIN_RATE, MAX_RATE),
            block=_whole(facts, "block", 1, _MOST_BLOCK),
            first=_whole(facts, "first_sample", 0, _MOST_SAMPLES),
            channels=(
                _whole(facts, "inputs", 1, _MOST_CHANNELS),
                _whole(facts, "outputs", 1, _MOST_CHANNELS),
            ),
            asked=_asked(facts["asked"]),
            hashes=list(facts["models_sha256"]),
            engine=[e for e in entries if e not in device],
            device=device,
        )
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise InputError(
            str(folder),
            f"no take that can be played again ({fault})",
            expected="a folder that `doubledrop play --record` has written",
            cure="Name one of those in your folder of takes.",
        ) from fault


def _whole(facts: dict[str, Any], key: str, low: int, high: int) -> int:
    value = int(facts[key])
    if not low <= value <= high:
        raise ValueError(f"{key} {value}, not {low} to {high}")
    return value


def _asked(values: dict[str, Any]) -> Asked:
    asked = read(Asked, strict_json.written(values))
    Tempo(asked.bpm, asked.downbeat_s)  # in range, or it says what is wrong
    return asked


def hash_of(path: str) -> str:
    """SHA-256 of a file; empty where there is none."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return ""
