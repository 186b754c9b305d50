"""What a recording has left, read back."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.documents import read_json_lines
from engine.errors import InputError
from engine.live.asked import Asked, read
from engine.live.journal import FORMAT

Entry = dict[str, Any]
FILES = frozenset(
    {
        *("dry.wav", "wet.wav", "out.wav", "take.json"),
        *("events.jsonl", "decisions.jsonl", "midi.jsonl"),
    }
)


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

    @property
    def files(self) -> list[Path]:
        """Of which it consists: nothing may be written over them."""
        return [path for path in self.folder.iterdir() if path.name in FILES]


def read_take(folder: Path) -> Take:
    """What a take holds.

    Raises:
        InputError: it is none, or damaged.
    """
    try:
        facts = json.loads((folder / "take.json").read_text(encoding="utf-8"))
        if facts["format"] != FORMAT:
            raise ValueError(f"format {facts['format']}, this version plays {FORMAT}")
        entries = read_json_lines(folder / "decisions.jsonl")
        device = [e for e in entries if e["what"] in ("opened", "turned")]
        return Take(
            folder=folder,
            rate=int(facts["rate"]),
            block=int(facts["block"]),
            first=int(facts["first_sample"]),
            channels=(int(facts["inputs"]), int(facts["outputs"])),
            asked=read(Asked, json.dumps(facts["asked"])),
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


def hash_of(path: str) -> str:
    """SHA-256 of a file; empty where there is none."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return ""
