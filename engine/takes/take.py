"""What a recording has left, read back."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import strict_json
from engine.config.request import EngineConfig
from engine.config.rig_chain import MOST_MACROS
from engine.dsp.settings import MAX_RATE, MIN_RATE
from engine.dsp.streaming import LEADS
from engine.errors import InputError
from engine.plugins.remote import PluginTransition
from engine.reading import read_json_lines
from engine.state import shared_state as b
from engine.state.journal import FORMAT, NAMES, OF_EFFECTS, OF_NETWORK, Kind
from engine.takes.asked import read_config
from engine.text import shortened

Entry = dict[str, Any]
_MOST_BLOCK, _MOST_SAMPLES = 1 << 16, 1 << 53
_MOST_PLUGINS = 256
_LATER: dict[Kind, Entry] = {Kind.OPENED: {"level": 0.0}}
"""What decisions did not say at first, and what it was then."""
_SHOWN = 60  # characters of a value that is quoted
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
        config: what was played with.
        hashes: of the networks.
        device, network, effects: decisions of each, in order.
    """

    folder: Path
    rate: int
    block: int
    first: int
    channels: tuple[int, int]
    config: EngineConfig
    hashes: list[str]
    device: list[Entry]
    network: list[Entry]
    effects: list[Entry]

    @property
    def files(self) -> list[Path]:
        """Of which it consists: nothing may be written over them."""
        return [path for path in self.folder.iterdir() if path.name in FILES]


def read_take(folder: Path) -> Take:
    """What a take holds.

    Raises:
        InputError: it is none, or damaged.
    """  # noqa: DOC501
    try:
        facts = strict_json.read((folder / "take.json").read_text(encoding="utf-8"))
        if facts["format"] != FORMAT:
            raise ValueError(f"format {facts['format']}, this version plays {FORMAT}")
        if facts.get("lead", LEADS[0]) != LEADS[0]:
            raise ValueError(f"a lead of {facts['lead']} columns, this version has {LEADS[0]}")
        rows, slots = read_json_lines(folder / "decisions.jsonl"), len(facts["models_sha256"])
        entries = [_entry(row, slots) for row in rows]
        network, effects = (
            [e for e in entries if Kind[e["what"].upper()] in kinds]
            for kinds in (OF_NETWORK, OF_EFFECTS)
        )
        return Take(
            folder=folder,
            rate=_whole(facts, "rate", MIN_RATE, MAX_RATE),
            block=_whole(facts, "block", 1, _MOST_BLOCK),
            first=_whole(facts, "first_sample", -_MOST_SAMPLES, _MOST_SAMPLES),
            channels=(
                _whole(facts, "inputs", 1, b.CHANNELS),
                _whole(facts, "outputs", 1, b.CHANNELS),
            ),
            config=read_config(facts["asked"]),
            hashes=list(facts["models_sha256"]),
            device=[e for e in entries if Kind[e["what"].upper()] not in OF_NETWORK | OF_EFFECTS],
            network=network,
            effects=effects,
        )
    except (
        *(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError),
        OverflowError,
    ) as fault:
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


def _entry(row: Any, slots: int) -> Entry:
    """A decision with all that it has to say, as numbers, about slots and macros that there are.

    Raises:
        ValueError: what it says is no finite number, or out of range.
        KeyError: there is no such decision, or it leaves something out.
        TypeError: it is no object.
    """
    kind = Kind[str(row["what"]).upper()]
    numbers = MOST_MACROS if kind is Kind.MACRO else _MOST_PLUGINS
    if kind in (Kind.PUBLISHED, Kind.TAKEN):
        numbers = _MOST_SAMPLES
    row = _LATER.get(kind, {}) | row
    limits = {"slot": (0, slots), "number": (0, numbers), "turn": (0, len(PluginTransition))}
    for name in ("at", *NAMES[kind]):
        value = row[name]
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"{row['what']}: {name} of {shortened(repr(value), _SHOWN)}")
        low, high = limits.get(name, (-math.inf, math.inf))
        if kind is not Kind.SWITCH and not low <= value < high:
            raise ValueError(f"{row['what']}: there is no {name} {value:g}")
    return dict(row)


def hash_of(path: str) -> str:
    """SHA-256 of a file; empty where there is none."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return ""
