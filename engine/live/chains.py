"""The chains and macros that a rig asks for, built at a rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.dsp.stft import STFT
from engine.live.asked import Asked
from engine.live.budget import Trips
from engine.live.effects import Hosted
from engine.live.external import External
from engine.stages.chain import Branches, Chain
from engine.stages.insert import Effect, Insert
from engine.stages.macros import Macros, Move

Spec = Mapping[str, Any]


class Refused:
    """In the place of an effect that may not be played: the sound goes on past it."""

    latency = tail = 0

    def __init__(self, name: str, why: str) -> None:
        self.name, self.faults = name, [f"{name} refused: {why}"]

    def process(self, block: Any) -> Any:
        """Give back what was given."""
        return block

    def move(self, parameter: str, value: float) -> None:
        """Nothing to move."""

    def reset(self) -> None:
        """Nothing to forget."""


class Workshop:
    """Builds chains.

    Args:
        rate: hertz.
        channels: number of channels.
        hop: samples that are worked on at once.
        patience_s: how long a plugin's answer is waited for, where nobody listens.

    Attributes:
        plugins: those that run in processes of their own, in the order in which they were built.
    """

    def __init__(
        self, rate: float, channels: int, hop: int, patience_s: float | None = None
    ) -> None:
        self._rate, self._channels, self._hop, self._patience_s = rate, channels, hop, patience_s
        self.plugins: list[External] = []

    def chain(self, specs: Sequence[Spec]) -> Chain | None:
        """A chain; None for an empty one."""
        return self._chain(specs) if specs else None

    def _chain(self, specs: Sequence[Spec]) -> Chain:
        inserts = [
            Insert(
                self._effect(spec),
                self._rate,
                self._channels,
                spec.get("bypass", 0.0),
                spec.get("name", ""),
            )
            for spec in specs
        ]
        return Chain(inserts, self._rate)

    def _effect(self, spec: Spec) -> Effect:
        if spec.get("branches"):
            chains = [self._chain(branch["chain"]) for branch in spec["branches"]]
            gains_db = [branch["gain_db"] for branch in spec["branches"]]
            return Branches(chains, gains_db, self._channels)
        why = _refusal(spec, self._rate)
        if why:
            return Refused(spec["name"], why)
        if spec.get("plugin"):
            latency = spec["latency"][str(round(self._rate))]
            end = External(
                {**spec, "latency": latency},
                self._rate,
                self._channels,
                self._hop,
                self._patience_s,
            )
            self.plugins.append(end)
            return end
        return Hosted(spec, self._rate, self._channels)


def _refusal(spec: Spec, rate: float) -> str:
    if spec.get("refused"):
        return str(spec["refused"])
    tried = "wire" in spec and str(round(rate)) in spec["latency"]
    if spec.get("plugin") and not tried:
        return f"was not tried at {rate:g} Hz"
    return ""


def latency_of(specs: Sequence[Spec], rate: float, hop: int) -> int:
    """Samples that a chain takes, without building it."""
    return sum(_latency(spec, rate, hop) for spec in specs)


def _latency(spec: Spec, rate: float, hop: int) -> int:
    if spec.get("branches"):
        return max(latency_of(branch["chain"], rate, hop) for branch in spec["branches"])
    if not spec.get("plugin") or spec.get("refused"):
        return 0
    own = spec["latency"].get(str(round(rate)))
    return 0 if own is None else hop + int(own)


def trips_of(asked: Asked, rate: float) -> Trips:
    """Ways through the effects' process at a rate, and what the effects of a rig take there, the
    slots side by side."""
    hop = STFT.low_delay(rate, asked.settings.synthesis).hop
    takes: dict[str, int | None] = {}
    for side in ("before", "after"):
        chains = [latency_of(lane[side], rate, hop) for lane in asked.lanes if lane[side]]
        takes[side] = max(chains) if chains else None
    if asked.master:
        takes["after"] = (takes["after"] or 0) + latency_of(asked.master, rate, hop)
    return Trips(takes["before"], takes["after"])


class Built:
    """All that a rig asks for.

    Args:
        asked: the rig.
        workshop: builds it.

    Attributes:
        before, after: chains of each slot.
        master: behind all of them.
        macros: on these chains.
    """

    def __init__(self, asked: Asked, workshop: Workshop) -> None:
        lanes = asked.lanes or [{"before": [], "after": []}] * len(asked.models)
        self.before = [workshop.chain(lane["before"]) for lane in lanes]
        self.after = [workshop.chain(lane["after"]) for lane in lanes]
        self.master = workshop.chain(asked.master)
        self.macros = Macros([[self._move(spec) for spec in moves] for moves in asked.macros])

    def _move(self, spec: Spec) -> Move:
        slot, key = spec["slot"], spec["effect"]
        after = self.after[slot - 1] if slot else self.master
        before = self.before[slot - 1] if slot else None
        if isinstance(key, int):
            assert after is not None  # the rig has been checked
            insert = after.inserts[key - 1]
        else:
            every = [insert for chain in (before, after) if chain for insert in chain.each()]
            insert = next(insert for insert in every if insert.name == key)
        return Move(insert, spec["parameter"], spec["low"], spec["high"], spec["curve"])
