"""``doubledrop rig init`` and ``doubledrop rig check``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli import options
from engine.cli.app import App
from engine.cli.console import fail, say, say_json, waiting, warn
from engine.config.preset import bundled_names
from engine.config.rig import Rig, inspect_rig
from engine.config.rig_check import warnings
from engine.config.rig_template import template
from engine.dsp.settings import Settings
from engine.effects.specs import BranchesSpec
from engine.errors import DeviceError, DoubledropError, EffectError, RigError, faults
from engine.io import devices as audio
from engine.io import midi
from engine.models.loading import check_slots
from engine.plugins.admission import admit
from engine.plugins.pool import effects_in
from engine.text import counted
from engine.writing import write_whole

app = App(help="Set up what is plugged in, once.")

RigFile = Annotated[Path, typer.Argument(metavar="[RIG]", help="The file.")]


@app.command()
def init(
    path: RigFile = Path("rig.toml"),
    force: options.Force = False,
) -> None:
    """Write a commented rig for what is plugged in.

    Example: doubledrop rig init rig.toml
    """  # noqa: DOC501
    if path.exists() and not force:
        raise RigError(str(path), "exists", cure="Choose another name, or add --force.")
    try:
        found = audio.devices()
    except DeviceError as fault:
        warn(str(fault))
        found = []
    slots = _slots()
    text = template(found, *midi.port_names(), slots)
    write_whole(path, text, force=True)
    say(f"{path}: {counted(len(slots), 'slot')}; now `doubledrop rig check {path}`")


def _slots() -> list[str]:
    """Trained presets first: they are what people come for."""
    names = bundled_names()
    return sorted(names, key=lambda name: ("-to-" not in name, name))


@app.command()
def check(path: RigFile = Path("rig.toml"), as_json: options.AsJson = False) -> None:
    """Read a rig and look for everything it names; all mistakes are told at once, one a line, with
    exit status 2. What is hardly meant (a target that is not there, a control that does two
    things) is a warning.

    Example: doubledrop rig check rig.toml
    """  # noqa: DOC501
    rig, mistakes = inspect_rig(path)
    noted = [] if rig is None else warnings(path, rig)
    if rig is not None:
        mistakes += _missing(rig)
    if as_json:
        said = {"mistakes": [str(one) for one in mistakes], "warnings": noted}
        facts = {} if rig is None else rig.model_dump()
        say_json({"rig": str(path), "ok": not mistakes} | said | facts)
    for one in mistakes:
        fail(str(one))
    for text in noted:
        warn(f"{path}: {text}")
    if mistakes:
        raise typer.Exit(max(one.exit_status for one in mistakes))
    if as_json or rig is None:
        return
    slots = ", ".join(slot.preset for slot in rig.slots)
    found = counted(len(rig.slots), "slot"), counted(len(rig.bindings()), "control")
    say(f"{path}: {found[0]} ({slots}), {found[1]}, all there")


def _missing(rig: Rig) -> list[DoubledropError]:
    """What the rig names and this machine does not have: devices, ports, effects."""
    named = {"input": rig.devices.input, "output": rig.devices.output}
    found = [
        fault
        for direction, name in named.items()
        for fault in (faults(audio.find, name, direction) if name else [])
    ]
    ports = {control.port for control in rig.controls} | {rig.clock.port}
    found += midi.missing(ports, rig.lights.port)
    try:
        config = admit(rig.config("cpu", rig.clock.tempo(), Settings()))
    except DoubledropError as fault:
        return [*found, fault]
    with waiting("trying the generators"):
        there = {n: slot for n, slot in enumerate(rig.slots, 1) if not faults(slot.load)}
        dry = check_slots([slot.model() for slot in there.values()])
    numbers = list(there)
    found += [fault.within(f"slot {numbers[place]} plays dry") for place, fault in dry.items()]
    effects = [spec for spec in effects_in(config) if not isinstance(spec, BranchesSpec)]
    cure = "Or take it out of the rig."
    return found + [EffectError(one.name, one.refused, cure=cure) for one in effects if one.refused]
