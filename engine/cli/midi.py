"""``doubledrop midi list``, ``monitor`` and ``learn``."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli import options
from engine.cli.app import App
from engine.cli.console import say, say_json, tell
from engine.cli.given import ignores
from engine.cli.numbers import number
from engine.config.rig import read_rig
from engine.config.rig_writer import add_control
from engine.control.learning import MidiLearn
from engine.control.mapping import DEFAULT, KNOBS, TARGETS_SAID, Binding, does, targets
from engine.control.messages import MidiDecoder
from engine.errors import UsageError, did_you_mean
from engine.io.midi import Heard, Midi, port_names

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
    path: Annotated[
        Path | None,
        typer.Argument(metavar="[RIG]", help="Say what it does there. Default: the default map."),
    ] = None,
    port: Port = "",
    seconds: options.Seconds = None,
    clock: Annotated[bool, typer.Option("--clock", help="Show the ticks of clocks too.")] = False,
) -> None:
    """Show what arrives: port, message, how a rig calls the control, and what it does.

    Ctrl-C ends it.

    Example: doubledrop midi monitor rig.toml --port launch
    """
    rig = None if path is None else read_rig(path, presets=False)
    bindings = DEFAULT if rig is None else rig.bindings()
    programs = [] if rig is None else rig.programs()
    decoders: dict[str, MidiDecoder] = {}

    def show(name: str, message: Any, time_s: float) -> None:
        if message.type == "clock" and not clock:
            return
        event = decoders.setdefault(name, MidiDecoder()).decode(message)
        called = ""
        if event:
            called = f"{event.control} channel {event.channel} → "
            called += _said(does(bindings, name, event.control, event.channel))
            if event.kind == "program" and rig is not None:
                at = programs.index(event.number) + 1 if event.number in programs else 0
                called += f" {event.number}: {f'slot {at}' if at else 'no slot'}"
        say(f"{time_s - began:9.3f} s  {name}  {message}  {called}".rstrip())

    began = time.monotonic()
    _hear(port, show, lambda: seconds is not None and time.monotonic() - began > seconds)


@app.command()
def learn(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="RIG", help="The rig to write it into.")],
    target: Annotated[str, typer.Argument(help="What the control is to do.")],
    port: Port = "",
    seconds: Annotated[float, number("Give up after so long.", 0.0, 3600.0, "s")] = 30.0,
    invert: Annotated[bool, typer.Option("--invert", help="The other way round.")] = False,
    switch: Annotated[bool, typer.Option("--switch", help="Each press turns it over.")] = False,
) -> None:
    """Learn a control: press it once, sweep it over its range, or turn an encoder slowly left.

    Example: doubledrop midi learn rig.toml wet
    """  # noqa: DOC501
    if target not in targets():
        cure = did_you_mean(target, targets()) or "Choose one."
        raise UsageError("target", target, expected=TARGETS_SAID, cure=cure)
    if target not in KNOBS:
        turned = ["invert"] if target != "nudge" else []
        ignores(ctx, f"{target}, a button", "switch", *turned)
    before = read_rig(path, presets=False).bindings()
    learned, began = MidiLearn(target, invert=invert, switch=switch), time.monotonic()
    decoders: dict[str, MidiDecoder] = {}

    def hear(name: str, message: Any, time_s: float) -> None:
        event = decoders.setdefault(name, MidiDecoder()).decode(message)
        if event is not None:
            learned.hear(name, event, time_s)

    def over() -> bool:
        now = time.monotonic()
        return now - began > seconds or learned.is_over(now, _SWEEP_S)

    on = ", ".join(dict.fromkeys(b.control for b in before if b.target == target))
    tell(f"press, sweep or turn the control for {target}" + (f", now {on}" if on else ""))
    _hear(port, hear, over)
    binding = learned.binding()
    if binding is None:
        raise UsageError(
            "controller",
            f"nothing heard for {seconds:g} s",
            cure="Look at `doubledrop midi list` and `doubledrop midi monitor`.",
        )
    add_control(path, binding)
    what = "" if binding.kind == "absolute" else f" as {binding.kind}"
    say(f"{path}: {target} is now {binding.control}{what}, {binding.port}")
    for line in changes(before, read_rig(path, presets=False).bindings(), binding):
        say(f"  {line}")


def changes(before: Sequence[Binding], after: Sequence[Binding], learnt: Binding) -> list[str]:
    """What controls did before one was learnt, and do now, as far as that has changed.

    Args:
        before: all bindings then.
        after: all bindings now.
        learnt: the one that is new.
    """
    where = learnt.port, learnt.control, learnt.channel
    lines = [f"{learnt.control} did {_said(does(before, *where))} before"]
    for old in before:
        if old not in after and old.control != learnt.control:
            now = _said(does(after, old.port or learnt.port, old.control, old.channel))
            lines.append(f"{old.control} did {old.target} before, and does {now} now")
    also = [b.control for b in after if b.target == learnt.target and b != learnt]
    if also:
        lines.append(f"{', '.join(also)} still does {learnt.target} too")
    return lines


def _said(does_: Sequence[str]) -> str:
    return " and ".join(does_) or "nothing"


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
