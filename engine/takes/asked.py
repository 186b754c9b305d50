"""What was played with, as a take keeps it: effects as a rig names them, so that a take of another
version can be read, and what was found out of them then is found out again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from engine import strict_json
from engine.config.request import EngineConfig, read
from engine.config.rig_chain import Effects, MacroMove, check_move
from engine.dsp.latency import LOOKAHEAD_COLUMNS
from engine.dsp.tempo import Tempo
from engine.effects.specs import (
    BranchesSpec,
    BuiltinSpec,
    ChainSpec,
    EffectSpec,
    PluginSpec,
    SlotStrip,
    changed,
)

Values = dict[str, Any]
_LEFT_OUT = "left out"  # no name of a parameter
_FOUND_OUT = {"wire": str, "latency": dict, "latencies": dict, "refused": str, "parameters": list}
"""Keys of what was found out in takes of versions before, which parameters may be called too: those
are numbers."""
_BLANK = {"effect": "", "plugin": "", "branches": [], "inside": "", "state": ""}


def written_config(config: EngineConfig) -> Values:
    """What a take keeps, as JSON has it."""
    values = asdict(config)
    del values["strips"]
    lanes = [{"before": _chain(s.before), "after": _chain(s.after)} for s in config.strips]
    return values | {"lanes": lanes, "master": _chain(config.master)}


def _chain(chain: ChainSpec) -> list[Values]:
    return [_named(spec) for spec in chain]


def _named(spec: EffectSpec) -> Values:
    """An effect as a rig names it, and why it was left out."""
    values = _BLANK | {"name": spec.name, "bypass": spec.bypass}
    if isinstance(spec, BranchesSpec):
        branches = [{"gain_db": b.gain_db, "chain": _chain(b.chain)} for b in spec.branches]
        return values | {"branches": branches}
    values |= dict(spec.parameters) | ({_LEFT_OUT: spec.refused} if spec.refused else {})
    if isinstance(spec, PluginSpec):
        return values | {"plugin": spec.plugin, "inside": spec.inside, "state": spec.state}
    return values | {"effect": spec.effect}


def read_config(values: Values) -> EngineConfig:
    """What a take says it was played with, as a rig could ask for it.

    Args:
        values: as :func:`written_config` gives them, of this version or of one before.

    Raises:
        ValueError: no rig could ask for it.
    """
    values = dict(values)
    lanes, master = values.pop("lanes", []), values.pop("master", [])
    macros = [[MacroMove.model_validate(m) for m in moves] for moves in values.pop("macros", [])]
    config = read(EngineConfig, strict_json.written(values))
    Tempo(config.bpm, config.downbeat_s)  # in range, or it says what is wrong
    if config.settings.lookahead_ms not in LOOKAHEAD_COLUMNS:
        raise ValueError(f"a look-ahead of {config.settings.lookahead_ms} ms")
    chains = [{"before": [], "after": master}, *lanes]
    places = [_effects(chain["before"], chain["after"]) for chain in chains]
    for number, moves in enumerate(macros, 1):
        for move in moves:
            if move.slot >= len(places):
                raise ValueError(f"macro {number}: there is no slot {move.slot}")
            check_move(f"macro {number}", move, places[move.slot], f"chain {move.slot}")
    behind, *strips = (
        _left_out(place.strip(), chain["before"], chain["after"])
        for place, chain in zip(places, chains, strict=True)
    )
    moves_of = [[move.spec() for move in moves] for moves in macros]
    return replace(config, strips=strips, master=behind.after, macros=moves_of)


def _effects(before: list[Values], after: list[Values]) -> Effects:
    """Effects without what was found out of them."""

    def asked(chain: list[Values]) -> list[Values]:
        return [
            {key: value for key, value in one.items() if not _is_found_out(key, value)}
            | {"branches": [b | {"chain": asked(b["chain"])} for b in one.get("branches") or ()]}
            for one in chain
        ]

    return Effects.model_validate({"before": asked(before), "after": asked(after)})


def _left_out(strip: SlotStrip, before: list[Values], after: list[Values]) -> SlotStrip:
    """The same effects, of which those stay out that did."""
    why = iter([_reason(one) for one in (*_leaves(before), *_leaves(after))])

    def again(spec: BuiltinSpec | PluginSpec) -> BuiltinSpec | PluginSpec:
        return replace(spec, refused=next(why))

    return SlotStrip(changed(strip.before, again), changed(strip.after, again))


def _is_found_out(key: str, value: Any) -> bool:
    return key == _LEFT_OUT or isinstance(value, _FOUND_OUT.get(key, ()))


def _reason(values: Values) -> str:
    """Why an effect was left out; empty if it was not."""
    before = values.get("refused")
    return str(values.get(_LEFT_OUT) or (before if isinstance(before, str) else ""))


def _leaves(chain: list[Values]) -> Iterator[Values]:
    for one in chain:
        if branches := one.get("branches"):
            for branch in branches:
                yield from _leaves(branch["chain"])
        else:
            yield one
