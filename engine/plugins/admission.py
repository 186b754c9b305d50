"""Which effects may play: each is tried in another process, and what is known of it is kept.

What is known belongs to the contents of the plugin's file, to its state and to its parameters: a
plugin that has been updated is tried again.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from engine.config.names import has_folder, is_path
from engine.config.request import EngineConfig
from engine.config.rig_chain import Change, check_ends
from engine.effects.catalogue import Parameter
from engine.effects.specs import (
    BranchesSpec,
    BuiltinSpec,
    EffectSpec,
    MoveSpec,
    PluginSpec,
    SlotStrip,
    each,
)
from engine.errors import EffectError, OutputError
from engine.plugins import bundle
from engine.plugins.approval import clear, installed
from engine.plugins.plugin import check_state
from engine.plugins.pool import effects_in, with_effects
from engine.plugins.probe import RATES
from engine.processes import messages
from engine.processes.children import Child
from engine.processes.messages import Verdict
from engine.writing import write_whole

PROBE_S = 20.0
"""Time limit for one effect, loading included."""
_START_S = 30.0  # until a process has its libraries, on a machine that others use too
_FORMAT = 3  # of what is kept, and of how effects are tried
_TICK_S = 0.02
_PROBED = frozenset({"effect", "plugin", "inside", "state", "parameters"})


def find_plugin(name: str) -> Path:
    """The file of a plugin, by its path or by the name of one that is installed, in any case.

    Raises:
        EffectError: there is none.
    """
    files = [] if has_folder(name) else installed()
    for file in files:
        if file.stem.lower() == name.lower():
            return file
    path = os.path.expanduser(name)
    if is_path(name) and os.path.exists(path):
        return Path(os.path.realpath(path))
    names = ", ".join(file.stem for file in files or installed()) or "none"
    raise EffectError(
        f"plugin {name!r}",
        f"not found; installed: {names}",
        cure="Name one, or the path of one: that has a / or a dot in it.",
    )


def admit(
    config: EngineConfig, rates: Sequence[int] = RATES, told: Callable[[str], None] | None = None
) -> EngineConfig:
    """The same, with what is known of each effect: its latencies, or why it may not play.

    Args:
        config: what is to be played with.
        rates: hertz at which it may be.
        told: told the name of each effect that is tried now.

    Raises:
        EffectError: a macro moves what a plugin does not have.
    """
    specs = [spec for spec in effects_in(config) if not isinstance(spec, BranchesSpec)]
    given = iter(judge([spec for spec in specs if not spec.refused], rates, told))
    verdicts = [Verdict(fault=spec.refused) if spec.refused else next(given) for spec in specs]
    _check_moves(config, specs, verdicts)
    said = iter(verdicts)

    def known(spec: BuiltinSpec | PluginSpec) -> BuiltinSpec | PluginSpec:
        verdict = next(said)
        if verdict.fault or not isinstance(spec, PluginSpec):
            return replace(spec, refused=verdict.fault)
        latency = {int(rate): samples for rate, samples in verdict.latency.items()}
        movable = tuple(verdict.parameters)
        file = str(find_plugin(spec.plugin))
        return replace(spec, plugin=file, latency=latency, movable=movable)

    return with_effects(config, known)


def judge(
    specs: Sequence[BuiltinSpec | PluginSpec],
    rates: Sequence[int] = RATES,
    told: Callable[[str], None] | None = None,
    again: bool = False,
    granted: Sequence[str] = (),
) -> list[Verdict]:
    """What is known of effects; those that are not known yet are tried. Plugins that may not be
    loaded are not, whatever is known of them.

    Args:
        specs: as a rig has them.
        rates: hertz.
        told: told the name of each that is tried now.
        again: try also those that failed before.
        granted: hashes of plugins that the user has named on the command line, see
            :mod:`engine.plugins.approval`.
    """
    known = _read()
    keys: list[str] = []
    refused: dict[int, Verdict] = {}
    todo: dict[str, BuiltinSpec | PluginSpec] = {}
    for place, spec in enumerate(specs):
        file, tried = None, spec
        try:
            if isinstance(spec, PluginSpec):
                file = find_plugin(spec.plugin)
                clear(file, granted)
                tried = replace(spec, plugin=str(file))
            keys.append(_key(spec, file, rates))
        except EffectError as fault:
            keys.append("")
            why = str(fault).removeprefix(f"{file}: ")
            refused[place] = Verdict(name=_called(spec), fault=why)
            continue
        if keys[-1] not in known or (again and known[keys[-1]]["fault"]):
            todo[keys[-1]] = tried
    for key, verdict in zip(todo, _tried(list(todo.values()), rates, told, granted), strict=True):
        known[key] = verdict.to_json()
    if todo:
        _write(known)
    return [refused.get(n) or Verdict(**known[key]) for n, key in enumerate(keys)]


def known_plugins() -> dict[str, Verdict]:
    """Plugins that have been tried and may play, by their paths."""
    verdicts = [Verdict(**value) for value in _read().values()]
    return {v.path: v for v in verdicts if v.path and not v.fault and Path(v.path).exists()}


def _tried(
    specs: list[BuiltinSpec | PluginSpec],
    rates: Sequence[int],
    told: Callable[[str], None] | None,
    granted: Sequence[str],
) -> Iterator[Verdict]:
    """Verdicts in order; after one that takes the process down, another goes on."""
    done = 0
    while done < len(specs):
        rest = [asdict(spec) for spec in specs[done:]]
        arguments = (json.dumps(one) for one in (list(rates), rest, list(granted)))
        child = Child("engine.plugins.probe_process", *arguments)
        for verdict in _heard(child, specs[done:], told):
            yield verdict
            done += 1
        child.kill()


def _heard(
    child: Child, specs: Sequence[BuiltinSpec | PluginSpec], told: Callable[[str], None] | None
) -> Iterator[Verdict]:
    """Verdicts of one process, until all are there or one is a fault of the process."""
    at, begun, deadline = 0, False, time.monotonic() + _START_S
    while at < len(specs):
        status = child.status
        for line in child.hear(messages.PROBE.validate_python):
            if isinstance(line, messages.Begun) and line.begun == at and not begun:
                begun, deadline = True, time.monotonic() + PROBE_S
                if told is not None:
                    told(_called(specs[at]))
            elif isinstance(line, messages.Judged) and line.place == at < len(specs):
                yield line.verdict
                at, begun, deadline = at + 1, False, time.monotonic() + PROBE_S
        if at == len(specs):
            return
        late = time.monotonic() > deadline
        if late or status is not None:
            patience = PROBE_S if begun else _START_S
            what = f"hung for {patience:g} s" if late else f"crashed (status {status})"
            when = "when it was tried" if begun else "before it was tried"
            yield Verdict(name=_called(specs[at]), fault=f"{what} {when}")
            return
        time.sleep(_TICK_S)


def _called(spec: BuiltinSpec | PluginSpec) -> str:
    return Path(spec.plugin).stem if isinstance(spec, PluginSpec) else spec.effect


def _key(spec: BuiltinSpec | PluginSpec, file: Path | None, rates: Sequence[int]) -> str:
    contents = [_hash_of(file or _pedalboard())]
    if isinstance(spec, PluginSpec) and spec.state:
        contents.append(_hash_of(check_state(Path(spec.state))))
    asked = {key: value for key, value in asdict(spec).items() if key in _PROBED}
    text = json.dumps([_FORMAT, contents, asked, list(rates)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _pedalboard() -> Path:
    import pedalboard_native

    return Path(str(pedalboard_native.__file__))


def _hash_of(path: Path) -> str:
    return bundle.hash_of(path, bundle.entries(path), inside=False)


def _file() -> Path:
    return user_cache_path("doubledrop", appauthor=False) / "effects.json"


def _read() -> dict[str, dict[str, Any]]:
    try:
        known = json.loads(_file().read_text(encoding="utf-8"))
        return {key: Verdict(**value).to_json() for key, value in known.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write(known: dict[str, dict[str, Any]]) -> None:
    """Keep what is known; where there is no place for it, it is tried again next time."""
    file = _file()
    with suppress(OSError, OutputError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps({k: v for k, v in known.items() if k}), inside=True)


def _check_moves(
    config: EngineConfig, specs: Sequence[BuiltinSpec | PluginSpec], verdicts: Sequence[Verdict]
) -> None:
    """Whether plugins have the parameters that macros move.

    Raises:
        EffectError: one has not.
    """
    ours = {id(spec): verdict for spec, verdict in zip(specs, verdicts, strict=True)}
    for number, moves in enumerate(config.macros, 1):
        for move in moves:
            spec = _moved(config, move)
            verdict = ours.get(id(spec))
            if not isinstance(spec, PluginSpec) or verdict is None or verdict.fault:
                continue
            known = {name: Parameter(**one) for name, one in verdict.parameters.items()}
            change = Change(**{k: v for k, v in asdict(move).items() if k != "slot"})
            try:
                check_ends(f"macro {number}", change, verdict.name, known)
            except ValueError as fault:
                raise EffectError(spec.plugin, str(fault), cure="Change the macro.") from fault


def _moved(config: EngineConfig, move: MoveSpec) -> EffectSpec:
    """The effect that a macro moves."""
    strip = config.strips[move.slot - 1] if move.slot else SlotStrip(after=config.master)
    if isinstance(move.effect, int):
        return strip.after[move.effect - 1]
    every = (*each(strip.before), *each(strip.after))
    return next(spec for spec in every if spec.name == move.effect)
