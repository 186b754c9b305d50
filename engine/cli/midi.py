"""``doubledrop midi list``, ``monitor`` and ``learn``."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli import options
from engine.cli.app import App
from engine.cli.console import say, say_json, tell
from engine.cli.numbers import number
from engine.control.learning import Lesson
from engine.control.mapping import targets
from engine.control.messages import Decoder
from engine.errors import UsageError
from engine.live.midi import Heard, Midi, port_names
from engine.live.rig import read_rig
from engine.live.rig_writer import add_control

app = App(help="MIDI ports and controls.")
_LOOK_S = 0.005
_SWEEP_S = 1.0  # after the last value of a control, learning is over

Port = Annotated[str, typer.Option(help="Part of a port's name. Default: all ports.")]


@app.command("list")
def list_ports(as_json: options.AsJson = False) -> None:
    """List the MIDI ports: what can be heard, and what can show lights.

    Example: doubledrop midi list
    """
    inputs, outputs = port_names()
    if as_json:
        say_json({"inputs": inputs, "outputs": outputs})
        return
    for kind, names in (("in ", inputs), ("out", outputs)):
        for name in names or ["none: plug a controller in"]:
            say(f"{kind}  {name}")


@app.command()
def monitor(
    port: Port = "",
    seconds: options.Seconds = None,
    clock: Annotated[bool, typer.Option("--clock", help="Show the ticks of clocks too.")] = False,
) -> None:
    """Show what arrives: port, message, and how a rig calls the control. Ctrl-C ends it.

    Example: doubledrop midi monitor --port launch
    """
    decoders: dict[str, Decoder] = {}

    def show(name: str, message: Any, time_s: float) -> None:
        if message.type == "clock" and not clock:
            return
        gesture = decoders.setdefault(name, Decoder()).decode(message)
        called = f"{gesture.control} channel {gesture.channel}" if gesture else ""
        say(f"{time_s - began:9.3f} s  {name}  {message}  {called}".rstrip())

    began = time.monotonic()
    _hear(port, show, lambda: seconds is not None and time.monotonic() - began > seconds)


@app.command()
def learn(
    path: Annotated[Path, typer.Argument(metavar="RIG", help="The rig to write it into.")],
    target: Annotated[str, typer.Argument(help="What the control is to do.")],
    port: Port = "",
    seconds: Annotated[float, number("Give up after so long.", 0.0, 3600.0, "s")] = 30.0,
    invert: Annotated[bool, typer.Option("--invert", help="The other way round.")] = False,
    switch: Annotated[bool, typer.Option("--switch", help="Each press turns it over.")] = False,
) -> None:
    """Learn a control: press it once, sweep it over its range, or turn an encoder slowly left.

    Example: doubledrop midi learn rig.toml wet
    """
    if target not in targets():
        raise UsageError("target", target, expected=", ".join(targets()), cure="Choose one.")
    read_rig(path)
    lesson, began = Lesson(target, invert=invert, switch=switch), time.monotonic()
    decoders: dict[str, Decoder] = {}

    def hear(name: str, message: Any, time_s: float) -> None:
        gesture = decoders.setdefault(name, Decoder()).decode(message)
        if gesture is not None:
            lesson.hear(name, gesture, time_s)

    def over() -> bool:
        now = time.monotonic()
        return now - began > seconds or lesson.is_over(now, _SWEEP_S)

    tell(f"press, sweep or turn the control for {target}")
    _hear(port, hear, over)
    binding = lesson.binding()
    if binding is None:
        raise UsageError(
            "controller",
            f"nothing heard for {seconds:g} s",
            cure="Look at `doubledrop midi list` and `doubledrop midi monitor`.",
        )
    add_control(path, binding)
    what = "" if binding.kind == "absolute" else f" as {binding.kind}"
    say(f"{path}: {target} is now {binding.control}{what}, {binding.port}")


def _hear(port: str, heard: Heard, over: Callable[[], bool]) -> None:
    """Listen until it is over, or Ctrl-C."""
    midi = Midi([port])
    try:
        while not over():
            midi.fetch(heard, lambda name: tell(f"{name} has gone"))
            time.sleep(_LOOK_S)
    except KeyboardInterrupt:
        pass
    finally:
        midi.stop()
