"""What a recording has left, read back."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine import strict_json
from engine.dsp.streaming import LEADS
from engine.dsp.tempo import Tempo
from engine.errors import InputError
from engine.live import board as b
from engine.live.asked import Asked, read
from engine.live.external import Turn
from engine.live.journal import FORMAT, NAMES, OF_EFFECTS, OF_NETWORK, Kind
from engine.live.rack import OURS, flat
from engine.live.rig_chain import MOST_MACROS, Effects, Move, check_move
from engine.reading import read_json_lines
from engine.stages.host import MAX_RATE, MIN_RATE
from engine.stages.restyle import LOOKAHEAD_COLUMNS
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
        asked: what was played with.
        hashes: of the networks.
        device, network, effects: decisions of each, in order.
    """

    folder: Path
    rate: int
    block: int
    first: int
    channels: tuple[int, int]
    asked: Asked
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
    """
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
            asked=_asked(facts["asked"]),
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


def _as_a_rig_asks(asked: Asked) -> Asked:
    """What was played with, as a rig could ask for it: what was known of the effects then, or is
    said to have been known, is found out again. Only that one was left out is kept.

    Raises:
        ValueError: no rig could ask for it.
    """
    lanes = [_checked(lane["before"], lane["after"]) for lane in asked.lanes]
    master = _checked([], asked.master)
    macros = [[Move.model_validate(move) for move in moves] for moves in asked.macros]
    places = [Effects.model_validate(chains) for chains in (master, *lanes)]
    for number, moves in enumerate(macros, 1):
        for move in moves:
            if move.slot >= len(places):
                raise ValueError(f"macro {number}: there is no slot {move.slot}")
            check_move(f"macro {number}", move, places[move.slot], f"chain {move.slot}")
    return replace(
        asked,
        lanes=lanes,
        master=master["after"],
        macros=[[move.model_dump() for move in moves] for moves in macros],
    )


def _checked(before: list[Entry], after: list[Entry]) -> dict[str, list[Entry]]:
    refused = [str(spec.get("refused") or "") for spec in (*flat(before), *flat(after))]
    for spec in (*flat(before), *flat(after)):
        for key in (*OURS, "parameters"):
            spec.pop(key, None)
    chains = Effects.model_validate({"before": before, "after": after}).model_dump()
    for spec, why in zip((*flat(chains["before"]), *flat(chains["after"])), refused, strict=True):
        if why:
            spec["refused"] = why
    return chains


def _whole(facts: dict[str, Any], key: str, low: int, high: int) -> int:
    value = int(facts[key])
    if not low <= value <= high:
        raise ValueError(f"{key} {value}, not {low} to {high}")
    return value


def _entry(row: Any, slots: int) -> Entry:
    """A decision with all that it has to say, as numbers, about slots and macros that there are.

    Raises:
        ValueError, KeyError, TypeError: it is none.
    """
    kind = Kind[str(row["what"]).upper()]
    numbers = MOST_MACROS if kind is Kind.MACRO else _MOST_PLUGINS
    if kind in (Kind.PUBLISHED, Kind.TAKEN):
        numbers = _MOST_SAMPLES
    row = _LATER.get(kind, {}) | row
    limits = {"slot": (0, slots), "number": (0, numbers), "turn": (0, len(Turn))}
    for name in ("at", *NAMES[kind]):
        value = row[name]
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"{row['what']}: {name} of {shortened(repr(value), _SHOWN)}")
        low, high = limits.get(name, (-math.inf, math.inf))
        if kind is not Kind.SWITCH and not low <= value < high:
            raise ValueError(f"{row['what']}: there is no {name} {value:g}")
    return dict(row)


def _asked(values: dict[str, Any]) -> Asked:
    asked = read(Asked, strict_json.written(values))
    Tempo(asked.bpm, asked.downbeat_s)  # in range, or it says what is wrong
    if asked.settings.lookahead_ms not in LOOKAHEAD_COLUMNS:
        raise ValueError(f"a look-ahead of {asked.settings.lookahead_ms} ms")
    return _as_a_rig_asks(asked)


def hash_of(path: str) -> str:
    """SHA-256 of a file; empty where there is none."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return ""
