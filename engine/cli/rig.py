"""``doubledrop rig init`` and ``doubledrop rig check``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli import options
from engine.cli.app import App
from engine.cli.console import say, say_json, waiting, warn
from engine.errors import DeviceError, EffectError, RigError
from engine.live import devices as audio
from engine.live import midi
from engine.live.admission import admit
from engine.live.loading import check_slots
from engine.live.preset import bundled_names
from engine.live.rack import effects_in
from engine.live.rig import read_rig
from engine.live.rig_template import template
from engine.stages.host import Settings
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
    """
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
    say(f"{path}: {len(slots)} slots; now `doubledrop rig check {path}`")


def _slots() -> list[str]:
    """Trained presets first: they are what people come for."""
    names = bundled_names()
    return sorted(names, key=lambda name: ("-to-" not in name, name))


@app.command()
def check(path: RigFile = Path("rig.toml"), as_json: options.AsJson = False) -> None:
    """Read a rig and look for everything it names; exit status 2 if something is wrong.

    Example: doubledrop rig check rig.toml
    """
    rig = read_rig(path)
    if rig.devices.input:
        audio.find(rig.devices.input, "input")
    if rig.devices.output:
        audio.find(rig.devices.output, "output")
    midi.check({control.port for control in rig.controls} | {rig.clock.port}, rig.lights.port)
    asked = admit(rig.asked("cpu", rig.clock.tempo(), Settings()))
    for spec in effects_in(asked):
        if spec.get("refused"):
            raise EffectError(spec["name"], spec["refused"], cure="Or take it out of the rig.")
    with waiting("trying the generators"):
        dry = check_slots(rig.models())
    for text in dry:
        warn(text)
    if dry:
        found = f"{len(dry)} of {len(rig.slots)} slots would play dry"
        raise RigError(str(path), found, cure="Name other presets, or export these again.")
    if as_json:
        say_json({"rig": str(path), "ok": True} | rig.model_dump())
        return
    slots = ", ".join(slot.preset for slot in rig.slots)
    say(f"{path}: {len(rig.slots)} slots ({slots}), {len(rig.bindings())} controls, all there")
