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
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from engine.errors import EffectError
from engine.live import said
from engine.live.asked import Asked
from engine.live.effects import Parameter
from engine.live.probe import RATES, Verdict
from engine.live.processes import Child
from engine.live.rack import effects_in, flat
from engine.live.rig_chain import Change, check_ends
from engine.stages.insert import BYPASS

PROBE_S = 20.0
"""Time limit for one effect, loading included."""
_FORMAT = 1  # of what is kept, and of how effects are tried
_TICK_S = 0.02
_NOT_PROBED = frozenset({"name", BYPASS})

Spec = dict[str, Any]


def plugin_files() -> list[Path]:
    """The VST3 and Audio Units that are installed."""
    import pedalboard

    kinds = ("VST3Plugin", "AudioUnitPlugin")
    there = [getattr(pedalboard, kind) for kind in kinds if hasattr(pedalboard, kind)]
    return sorted({Path(path) for kind in there for path in kind.installed_plugins})


def find_plugin(name: str) -> Path:
    """The file of a plugin, by its path or by its name, in any case.

    Raises:
        EffectError: there is none.
    """
    if Path(name).exists():
        return Path(name).resolve()
    files = plugin_files()
    for file in files:
        if file.stem.lower() == name.lower():
            return file
    names = ", ".join(file.stem for file in files) or "none"
    raise EffectError(
        f"plugin {name!r}", f"not found; installed: {names}", cure="Name one, or the path of one."
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
    verdicts = judge(specs, rates, told)
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
) -> list[Verdict]:
    """What is known of effects; those that are not known yet are tried.

    Args:
        specs: as a rig has them.
        rates: hertz.
        told: told the name of each that is tried now.
        again: try also those that failed before.
    """
    known, keys, files = _read(), [], []
    for spec in specs:
        file = None
        try:
            file = find_plugin(spec["plugin"]) if spec.get("plugin") else None
        except EffectError as fault:
            keys.append("")
            known[""] = Verdict(name=spec["plugin"], fault=str(fault)).to_json()
        else:
            keys.append(_key(spec, file, rates))
        files.append(file)
    todo = {
        key: {**spec, "plugin": str(file)} if file else dict(spec)
        for key, spec, file in zip(keys, specs, files, strict=True)
        if key not in known or (again and key and known[key]["fault"])
    }
    for key, verdict in zip(todo, _tried(list(todo.values()), rates, told), strict=True):
        known[key] = verdict.to_json()
    if todo:
        _write(known)
    return [Verdict(**known[key]) for key in keys]


def known_plugins() -> dict[str, Verdict]:
    """Plugins that have been tried and may play, by their paths."""
    verdicts = [Verdict(**value) for value in _read().values()]
    return {v.path: v for v in verdicts if v.path and not v.fault and Path(v.path).exists()}


def _tried(
    specs: list[Spec], rates: Sequence[int], told: Callable[[str], None] | None
) -> Iterator[Verdict]:
    """Verdicts in order; after one that takes the process down, another goes on."""
    done = 0
    while done < len(specs):
        child = Child(
            "engine.live.probe_process", json.dumps(list(rates)), json.dumps(specs[done:])
        )
        for verdict in _heard(child, specs[done:], told):
            yield verdict
            done += 1
        child.kill()


def _heard(
    child: Child, specs: Sequence[Spec], told: Callable[[str], None] | None
) -> Iterator[Verdict]:
    """Verdicts of one process, until all are there or one is a fault of the process."""
    at, begun, deadline = 0, False, time.monotonic() + PROBE_S
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
            what = f"hung for {PROBE_S:g} s" if late else f"crashed (status {status})"
            when = "when it was tried" if begun else "before it was tried"
            yield Verdict(name=_called(specs[at]), fault=f"{what} {when}")
            return
        time.sleep(_TICK_S)


def _called(spec: Spec) -> str:
    return spec.get("effect") or Path(spec["plugin"]).stem


def _key(spec: Spec, file: Path | None, rates: Sequence[int]) -> str:
    state = spec.get("state") or ""
    contents = [_hash_of(one) for one in (file or _pedalboard(), Path(state)) if one != Path()]
    asked = {key: value for key, value in spec.items() if key not in _NOT_PROBED}
    text = json.dumps([_FORMAT, contents, asked, list(rates)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _pedalboard() -> Path:
    import pedalboard_native

    return Path(str(pedalboard_native.__file__))


@lru_cache
def _hash_of(path: Path) -> str:
    """SHA-256 of a file, or of all that a bundle holds."""
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    for file in files:
        digest.update(str(file.relative_to(path)).encode())
        with file.open("rb") as opened:
            while part := opened.read(1 << 20):
                digest.update(part)
    return digest.hexdigest()


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
    part = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps({k: v for k, v in known.items() if k}), encoding="utf-8")
        os.replace(part, file)
    except OSError:
        part.unlink(missing_ok=True)


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
