"""Trying the effects of a rig, with a word on each that is tried, and on each that may not play."""

from __future__ import annotations

from engine.cli.console import waiting, warn
from engine.config.request import EngineConfig
from engine.effects.specs import BranchesSpec
from engine.plugins.admission import admit
from engine.plugins.pool import effects_in
from engine.plugins.probe import RATES


def admitted(config: EngineConfig, *rates: int) -> EngineConfig:
    """What a rig asks, with what is known of its effects.

    Args:
        config: by the rig.
        rates: hertz, beside the usual ones.

    Raises:
        EffectError: a macro moves what a plugin does not have.
    """
    with waiting("trying the effects") as told:
        config = admit(config, sorted({*RATES, *rates}), lambda name: told(f"trying {name}"))
    for spec in effects_in(config):
        if not isinstance(spec, BranchesSpec) and spec.refused:
            warn(f"{spec.name} is left out: {spec.refused}")
    return config
