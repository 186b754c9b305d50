"""Trying the effects of a rig, with a word on each that is tried, and on each that may not play."""

from __future__ import annotations

from engine.cli.console import waiting, warn
from engine.live.admission import admit
from engine.live.asked import Asked
from engine.live.probe import RATES
from engine.live.rack import effects_in


def admitted(asked: Asked, *rates: int) -> Asked:
    """What a rig asks, with what is known of its effects.

    Args:
        asked: by the rig.
        rates: hertz, beside the usual ones.

    Raises:
        EffectError: a macro moves what a plugin does not have.
    """
    with waiting("trying the effects") as told:
        asked = admit(asked, sorted({*RATES, *rates}), lambda name: told(f"trying {name}"))
    for spec in effects_in(asked):
        if spec.get("refused"):
            warn(f"{spec['name']} is left out: {spec['refused']}")
    return asked
