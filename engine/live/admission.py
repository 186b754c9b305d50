"""Which effects may play: each is tried in another process, and what is known of it is kept.

What is known belongs to the contents of the plugin's file, to its state and to its parameters: a
plugin that has been updated is tried again.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from engine.errors import EffectError, OutputError
from engine.live import bundle, said
from engine.live.approval import clear, installed
from engine.live.asked import Asked
from engine.live.effects import Parameter
from engine.live.named import has_folder, is_path
from engine.live.plugin import check_state
from engine.live.probe import RATES, Verdict
from engine.live.processes import Child
from engine.live.rack import effects_in, flat
from engine.live.rig_chain import Change, check_ends
from engine.stages.insert import BYPASS
from engine.writing import write_whole

PROBE_S = 20.0
"""Time limit for one effect, loading included."""
_START_S = 30.0  # until a process has its libraries, on a machine that others use too
_FORMAT = 2  # of what is kept, and of how effects are tried
_TICK_S = 0.02
_NOT_PROBED = frozenset({"name", BYPASS})

Spec = dict[str, Any]


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
    asked: Asked, rates: Sequence[int] = RATES, told: Callable[[str], None] | None = None
) -> Asked:
    """The same, with what is known of each effect: its latencies, or why it may not play.

    Args:
        asked: what is to be played with.
        rates: hertz at which it may be.
        told: told the name of each effect that is tried now.

    Raises:
        EffectError: a macro moves what a plugin does not have.
    """
    asked = replace(asked, lanes=copy.deepcopy(asked.lanes), master=copy.deepcopy(asked.master))
    specs = list(effects_in(asked))
    for spec in specs:
        spec["name"] = spec.get("name") or spec["effect"] or Path(spec["plugin"]).stem
        spec["name"] = spec["name"] or "branches"
    specs = [spec for spec in specs if spec["effect"] or spec["plugin"]]
    tried = [spec for spec in specs if not spec.get("refused")]
    given = iter(judge(tried, rates, told))
    verdicts = [
        Verdict(fault=str(spec["refused"])) if spec.get("refused") else next(given)
        for spec in specs
    ]
    for spec, verdict in zip(specs, verdicts, strict=True):
        if verdict.fault:
            spec["refused"] = verdict.fault
        elif spec["plugin"]:
            spec["plugin"] = str(find_plugin(spec["plugin"]))
            spec["latency"] = verdict.latency
            spec["parameters"] = list(verdict.parameters)
    _check_moves(asked, specs, verdicts)
    return asked


def judge(
    specs: Sequence[Spec],
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
            :mod:`engine.live.approval`.
    """
    known = _read()
    keys: list[str] = []
    refused: dict[int, Verdict] = {}
    todo: dict[str, Spec] = {}
    for place, spec in enumerate(specs):
        file = None
        try:
            if spec.get("plugin"):
                file = find_plugin(spec["plugin"])
                clear(file, granted)
            keys.append(_key(spec, file, rates))
        except EffectError as fault:
            keys.append("")
            why = str(fault).removeprefix(f"{file}: ")
            refused[place] = Verdict(name=_called(spec), fault=why)
            continue
        if keys[-1] not in known or (again and known[keys[-1]]["fault"]):
            todo[keys[-1]] = {**spec, "plugin": str(file)} if file else dict(spec)
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
    specs: list[Spec],
    rates: Sequence[int],
    told: Callable[[str], None] | None,
    granted: Sequence[str],
) -> Iterator[Verdict]:
    """Verdicts in order; after one that takes the process down, another goes on."""
    done = 0
    while done < len(specs):
        arguments = (json.dumps(one) for one in (list(rates), specs[done:], list(granted)))
        child = Child("engine.live.probe_process", *arguments)
        for verdict in _heard(child, specs[done:], told):
            yield verdict
            done += 1
        child.kill()


def _heard(
    child: Child, specs: Sequence[Spec], told: Callable[[str], None] | None
) -> Iterator[Verdict]:
    """Verdicts of one process, until all are there or one is a fault of the process."""
    at, begun, deadline = 0, False, time.monotonic() + _START_S
    while at < len(specs):
        status = child.status
        for line in child.hear(said.PROBE.validate_python):
            if isinstance(line, said.Begun) and line.begun == at and not begun:
                begun, deadline = True, time.monotonic() + PROBE_S
                if told is not None:
                    told(_called(specs[at]))
            elif isinstance(line, said.Judged) and line.place == at < len(specs):
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


def _called(spec: Spec) -> str:
    return spec.get("effect") or Path(spec["plugin"]).stem


def _key(spec: Spec, file: Path | None, rates: Sequence[int]) -> str:
    contents = [_hash_of(file or _pedalboard())]
    if spec.get("state"):
        contents.append(_hash_of(check_state(Path(spec["state"]))))
    asked = {key: value for key, value in spec.items() if key not in _NOT_PROBED}
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


def _check_moves(asked: Asked, specs: Sequence[Spec], verdicts: Sequence[Verdict]) -> None:
    """Whether plugins have the parameters that macros move."""
    ours = {id(spec): v for spec, v in zip(specs, verdicts, strict=True) if spec["plugin"]}
    for number, moves in enumerate(asked.macros, 1):
        for move in moves:
            after = asked.lanes[move["slot"] - 1]["after"] if move["slot"] else asked.master
            before = asked.lanes[move["slot"] - 1]["before"] if move["slot"] else []
            key = move["effect"]
            every = list(flat(before)) + list(flat(after))
            spec = (
                after[key - 1]
                if isinstance(key, int)
                else next(one for one in every if one["name"] == key)
            )
            verdict = ours.get(id(spec))
            if verdict is None or verdict.fault:
                continue
            known = {name: Parameter(**one) for name, one in verdict.parameters.items()}
            change = Change(**{k: v for k, v in move.items() if k != "slot"})
            try:
                check_ends(f"macro {number}", change, verdict.name, known)
            except ValueError as fault:
                raise EffectError(spec["plugin"], str(fault), cure="Change the macro.") from fault
