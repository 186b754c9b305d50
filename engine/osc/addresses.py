"""The addresses of version 1, which stay as they are: docs/reference/osc.md has the same table."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

ROOT = "/doubledrop"
VERSION = 1
Value = float | int | str
_ON = 0.5  # a button with a value is pressed from here on
BUTTONS = {
    f"{ROOT}/{name}": name
    for name in (
        *("tap", "downbeat", "follow", "next", "previous", "cancel"),
        *("bypass", "kill", "mute", "panic"),
    )
} | {
    f"{ROOT}/{what}/{way}": f"{what}-{way}"
    for what in ("part", "song")
    for way in ("next", "previous")
}
"""Targets of buttons by their addresses."""
KNOBS = {f"{ROOT}/{name}": name for name in ("wet", "level", "crossfader")}
"""Targets of knobs without a number by their addresses."""
_NUMBERED = re.compile(rf"{ROOT}/(slot|part|amount|macro)/([1-9]\d{{0,2}})")
_MOST = {"slot": 16, "part": 256, "amount": 16, "macro": 8}


class Asked(NamedTuple):
    """What a message asks for; see :class:`engine.processes.messages.Command`."""

    do: str
    target: str = ""
    value: float = 0.0


def asked(address: str, values: Sequence[Any]) -> Asked | None:
    """What a message asks for; None for nothing, as the release of a button.

    Args:
        address: of the message.
        values: its arguments.

    Raises:
        ValueError: there is no such address, or it wants another value.
    """
    number = _number(values)
    if address in BUTTONS:
        return Asked("press", BUTTONS[address]) if _is_pressed(values) else None
    if address in KNOBS:
        return Asked("turn", KNOBS[address], _place(number))
    if address == f"{ROOT}/nudge":
        if number is None or not -64.0 <= number <= 64.0:
            raise ValueError("a number of steps, -64 to 64, is wanted")
        return Asked("nudge", "", number)
    if address == f"{ROOT}/slot":
        if number is None or number not in range(1, _MOST["slot"] + 1):
            raise ValueError("a slot, 1 to 16, is wanted")
        return Asked("press", f"slot{int(number)}")
    found = _NUMBERED.fullmatch(address)
    if found is None or int(found[2]) > _MOST[found[1]]:
        raise ValueError("there is no such address")
    target = found[1] + found[2]
    if found[1] in ("slot", "part"):
        return Asked("press", target) if _is_pressed(values) else None
    return Asked("turn", target, _place(number))


def type_of(value: Value) -> str:
    """The letter of a value's type in OSC."""
    return "s" if isinstance(value, str) else "i" if isinstance(value, int) else "f"


def told(state: Mapping[str, Any]) -> dict[str, list[Value]]:
    """What is told of a state, by address; the state is that of the stage page's protocol."""
    return {f"{ROOT}/state/{name}": values for name, values in _told(state)}


def _told(state: Mapping[str, Any]) -> Iterator[tuple[str, list[Value]]]:
    clock, place, called = state["clock"], state["place"], state["called"]
    yield "text", [state["state"]["text"]]
    yield "alarm", [int(state["state"]["alarm"])]
    yield "bpm", [float(clock["bpm"])]
    yield "source", [clock["source"]]
    yield "known", [int(clock["known"])]
    yield "bar", [place["bar"] if place else 0]
    yield "beat", [place["beat"] if place else 0]
    yield "slot", [state["active"] + 1]
    yield "called", [called["slot"] + 1 if called else 0]
    yield "bars", [float(called["bars"]) if called else 0.0]
    for name, at in state["knobs"].items():
        number = name.removeprefix("macro")
        shown = f"macro/{number}" if number != name else name
        if at is not None:
            yield shown, [float(at)]
    for number, slot in enumerate(state["slots"], 1):
        yield f"amount/{number}", [float(slot["amount"])]
        yield f"broken/{number}", [int(slot["broken"])]
    for name, on in (state["switches"] | state["lights"]).items():
        yield name, [int(on)]
    for end in ("in", "out"):
        yield f"{end}/lufs", [float(state[end]["lufs"])]
        yield f"{end}/peak", [float(state[end]["peak"])]
    yield "load", [float(state["load"])]
    songs = state["songs"]
    if songs is not None:
        at, parts = songs["at"], songs["parts"]
        yield "part", [at + 1]
        yield "song", [parts[at]["song"] if at >= 0 else ""]


def _number(values: Sequence[Any]) -> float | None:
    """The first argument, where it is a number."""
    if not values or not isinstance(values[0], int | float):
        return None
    value = float(values[0])
    return value if math.isfinite(value) else None


def _is_pressed(values: Sequence[Any]) -> bool:
    """Whether a button goes down: without a value it does.

    Raises:
        ValueError: the value is no number.
    """
    number = _number(values)
    if values and number is None and values[0] is not None:
        raise ValueError("no value, or a number, is wanted")
    return number is None or number >= _ON


def _place(number: float | None) -> float:
    if number is None or not 0.0 <= number <= 1.0:
        raise ValueError("a number, 0 to 1, is wanted")
    return number
