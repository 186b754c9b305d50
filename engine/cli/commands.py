"""Which commands there are, and where. One is loaded when it is called; the help of the others is
read from their source, for loading them all takes longer than a reader waits.

Commands of training and export are entry points of the group ``doubledrop.commands``: the engine
knows their names only.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import Any

from engine.cli.app import App
from engine.cli.console import warn

_OWN = ("play", "render", "presets", "devices", "doctor", "soak", "bench")
_ELSEWHERE = {"presets": "listing", "devices": "listing"}
_GROUPS = ("midi", "rig", "plugins")
_TRAINING = "doubledrop.commands"


def register(app: App, asked: str) -> None:
    """Add all commands: the one that is asked for itself, of the others what help says of them.

    Args:
        app: of the program.
        asked: a command's name, or anything.
    """
    shown = asked not in (*_OWN, *_GROUPS)
    for place in (*_own(_OWN), *entry_points(group=_TRAINING)):
        if place.name == asked:
            app.command(place.name)(place.load())
        elif (text := _described(place, shown)) is not None:
            app.command(place.name, help=text)(_stub)
    for place in _own(_GROUPS, "app"):
        if place.name == asked:
            app.add_typer(place.load(), name=place.name)
        elif (text := _described(place, shown)) is not None:
            app.add_typer(App(help=text), name=place.name)


def register_whole(app: App) -> None:
    """Add all commands themselves."""
    for place in (*_own(_OWN), *entry_points(group=_TRAINING)):
        app.command(place.name)(place.load())
    for place in _own(_GROUPS, "app"):
        app.add_typer(place.load(), name=place.name)


def _own(names: tuple[str, ...], what: str = "") -> Iterator[EntryPoint]:
    for name in names:
        value = f"engine.cli.{_ELSEWHERE.get(name, name)}:{what or name}"
        yield EntryPoint(name, value, _TRAINING)


def _stub() -> None:
    raise AssertionError("a command that is called has been loaded")


def _described(place: EntryPoint, shown: bool) -> str | None:
    """What help says of a command or group, read from its source, or else asked of itself; one that
    cannot be loaded does not hide the others, and where help is ``shown`` that is said."""
    try:
        text = _written(place)
        return inspect.getdoc(place.load()) or "" if text is None and shown else text or ""
    except Exception as fault:
        if shown:
            warn(f"{place.name} is left out: {type(fault).__name__}: {fault}")
        return None


def _written(place: EntryPoint) -> str | None:
    """What stands in the source; None where there is none, or it is not a plain function or app."""
    spec = find_spec(place.module)
    loader: Any = spec and spec.loader
    source = loader.get_source(place.module)
    for node in ast.parse(source).body if source else ():
        if isinstance(node, ast.FunctionDef) and node.name == place.attr:
            return ast.get_docstring(node)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == place.attr:
            call = node.value
            return (
                str(ast.literal_eval(call.keywords[0].value))
                if isinstance(call, ast.Call)
                else None
            )
    return None
