"""What is not wrong with a rig, and hardly meant: targets that it does not have, and controls that
do two things."""

from __future__ import annotations

from contextlib import suppress
from itertools import combinations
from pathlib import Path

from pydantic import ValidationError

from engine.config.documents import load_values
from engine.config.rig import Rig
from engine.config.rig_control import Control
from engine.control.mapping import AMOUNTS, MACROS, slot_of
from engine.errors import RigError
from engine.text import counted


def warnings(path: Path, rig: Rig) -> list[str]:
    """One line each, in the order of the controls, counted from 1 as in the file.

    Args:
        path: of the rig.
        rig: without its mistakes.
    """
    said, controls = list[str](), _controls(path)
    for number, control in controls.items():
        lacks = _lacks(rig, control)
        if lacks:
            said.append(f"control {number} ({control.control}) does nothing: {lacks}")
    for (one, first), (other, second) in combinations(controls.items(), 2):
        if _same(first, second):
            does = " and ".join(dict.fromkeys((first.target, second.target)))
            said.append(f"{first.control} is used twice, by controls {one} and {other}: for {does}")
    if rig.crossfader is not None and len(rig.slots) < 2:
        said.append("[crossfader] does nothing: there is but one slot")
    return said


def _controls(path: Path) -> dict[int, Control]:
    """Those that are right, by their numbers in the file."""
    values = load_values(path, RigError, missing="").get("controls", [])
    found: dict[int, Control] = {}
    for number, one in enumerate(values if isinstance(values, list) else [], 1):
        with suppress(ValidationError):
            found[number] = Control.model_validate(one)
    return found


def _lacks(rig: Rig, control: Control) -> str:
    """What a target would need and the rig has not."""
    target, slots, macros = control.target, len(rig.slots), len(rig.moves())
    slot = slot_of(target)
    if target in AMOUNTS:
        slot = AMOUNTS.index(target)
    if slot is not None and slot >= slots:
        return f"{target} needs a slot {slot + 1}, and the rig has {counted(slots, 'slot')}"
    if target in MACROS and MACROS.index(target) >= macros:
        number = MACROS.index(target) + 1
        return f"{target} needs a macro {number}, and the rig has {counted(macros, 'macro')}"
    if target == "crossfader" and rig.sides() is None:
        return "a crossfader needs two slots"
    return ""


def _same(one: Control, other: Control) -> bool:
    """Whether one movement is heard as both."""
    ports = one.port.lower(), other.port.lower()
    return (
        one.control == other.control
        and (0 in (one.channel, other.channel) or one.channel == other.channel)
        and (ports[0] in ports[1] or ports[1] in ports[0])
    )
