"""``rig.toml``: everything that a performer sets up once. Unknown keys are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from engine.config.documents import WITHOUT_RULES, inspect_document
from engine.config.request import EngineConfig
from engine.config.rig_chain import MOST_MACROS, Effect, Effects, Macro, MacroMove, check_move
from engine.config.rig_control import Control
from engine.config.rig_genres import Genres
from engine.config.rig_places import places
from engine.config.rig_slot import Slot
from engine.control.clock_selector import Source
from engine.control.mapping import DEFAULT, MOST_SLOTS, Binding
from engine.control.switching import Quantise
from engine.dsp.crossfade import Law
from engine.dsp.settings import MAX_RATE, MIN_RATE, Every, Settings
from engine.dsp.slot_mix import SHORTEST_S
from engine.dsp.tempo import BEATS_PER_BAR, MAX_BEATS, MAX_BPM, MIN_BEATS, MIN_BPM, Tempo
from engine.errors import DoubledropError, PresetError, RigError, faults
from engine.io.link import check_link

_STRICT = ConfigDict(extra="forbid", frozen=True)


class Devices(BaseModel):
    """Audio devices, by part of their names; empty for the system's own."""

    model_config = _STRICT

    input: str = ""
    output: str = ""
    rate: int | None = Field(default=None, ge=MIN_RATE, le=MAX_RATE)
    block: int = Field(default=128, ge=16, le=4096)


class Clock(BaseModel):
    """Where the tempo comes from, the first that is there; ``port`` is part of a name, and
    ``offset_ms`` how much later than its ticks the beats of a MIDI clock are heard."""

    model_config = _STRICT

    sources: list[Source] = Field(default=["midi", "tap", "follow"], min_length=1)
    port: str = ""
    bpm: float = Field(default=174.0, ge=MIN_BPM, le=MAX_BPM)
    beats_per_bar: int = Field(default=BEATS_PER_BAR, ge=MIN_BEATS, le=MAX_BEATS)
    hold_s: float = Field(default=5.0, ge=0.0, le=600.0)
    offset_ms: float = Field(default=0.0, ge=-500.0, le=500.0)

    @field_validator("sources")
    @classmethod
    def _once(cls, sources: list[Source]) -> list[Source]:
        if len(set(sources)) != len(sources):
            raise ValueError("each source once")
        return sources

    def tempo(self, downbeat_s: float = 0.0) -> Tempo:
        """What there is to begin with."""
        return Tempo(self.bpm, downbeat_s, self.beats_per_bar)


class Switch(BaseModel):
    """How one slot gives way to another."""

    model_config = _STRICT

    quantise: Quantise = "bar"
    fade_s: float = Field(default=0.25, ge=SHORTEST_S, le=30.0)
    law: Law = "measured"
    match: bool = True


class Crossfader(BaseModel):
    """The slots at its two ends, by their places in the rig, from 1."""

    model_config = _STRICT

    a: int = Field(default=1, ge=1, le=MOST_SLOTS)
    b: int = Field(default=2, ge=1, le=MOST_SLOTS)


class FeedbackConfig(BaseModel):
    """Where the state of the controls is shown: part of a port's name; empty for nowhere, for
    not everything that is plugged in is a controller."""

    model_config = _STRICT

    port: str = ""


class Output(BaseModel):
    """Where the level and the effect stand when the program begins, 0 … 1."""

    model_config = _STRICT

    level: float = Field(default=1.0, ge=0.0, le=1.0)
    wet: float = Field(default=1.0, ge=0.0, le=1.0)


class InferenceConfig(BaseModel):
    """How often generators that restyle windows do so."""

    model_config = _STRICT

    every: Every = "column"


class Recording(BaseModel):
    """Whether takes are kept, and where."""

    model_config = _STRICT

    enabled: bool = False
    folder: str = "takes"


class Rig(BaseModel):
    """The whole file."""

    model_config = _STRICT

    devices: Devices = Devices()
    clock: Clock = Clock()
    slots: list[Slot] = Field(min_length=1, max_length=MOST_SLOTS)
    chain: list[Effect] = []
    macros: list[Macro] = Field(default=[], max_length=MOST_MACROS)
    switch: Switch = Switch()
    crossfader: Crossfader | None = None
    default_controls: bool = True
    controls: list[Control] = []
    lights: FeedbackConfig = FeedbackConfig()
    output: Output = Output()
    inference: InferenceConfig = InferenceConfig()
    recording: Recording = Recording()
    genres: Genres = Genres()

    @model_validator(mode="after")
    def _one_each(self, info: ValidationInfo) -> Rig:
        numbers, wrong = self.programs(), list[str]()
        for n in sorted({n for n in numbers if numbers.count(n) > 1}):
            slots = " and ".join(str(at) for at, one in enumerate(numbers, 1) if one == n)
            wrong.append(f"two slots have program {n % 128} of bank {n // 128}: {slots}")
        if self.crossfader is not None:
            a, b = self.crossfader.a, self.crossfader.b
            if a == b or max(a, b) > len(self.slots):
                wrong.append(
                    f"crossfader: from slot {a} to slot {b}; two of the {len(self.slots)} slots"
                )
        places = [Effects(after=self.chain), *(s.effects() for s in self.slots if self.macros)]
        for number, macro in enumerate(self.macros, 1):
            for move in macro.moves:
                if move.slot >= len(places):
                    wrong.append(f"macro {number}: there is no slot {move.slot}")
                    continue
                place = f"slot {move.slot}" if move.slot else "the master chain"
                try:
                    check_move(f"macro {number}", move, places[move.slot], place)
                except ValueError as fault:
                    wrong.append(str(fault))
        if wrong and info.context != WITHOUT_RULES:
            raise ValueError("\n".join(wrong))
        return self

    def programs(self) -> list[int]:
        """Bank · 128 + program of each slot; a slot without one has its own number."""
        return [
            slot.bank * 128 + (n if slot.program is None else slot.program)
            for n, slot in enumerate(self.slots)
        ]

    def bindings(self) -> list[Binding]:
        """Those of the rig, and the default map where the rig does not use the control itself."""
        own = [control.binding() for control in self.controls]
        taken = {binding.control for binding in own}
        rest = [b for b in DEFAULT if b.control not in taken] if self.default_controls else []
        return own + rest

    def sides(self) -> tuple[int, int] | None:
        """The slots at the crossfader's ends, from 0: the first two where the rig says nothing."""
        if self.crossfader is not None:
            return self.crossfader.a - 1, self.crossfader.b - 1
        return (0, 1) if len(self.slots) > 1 else None

    def config(self, provider: str, tempo: Tempo, settings: Settings) -> EngineConfig:
        """What the rig asks of the engine.

        Args:
            provider: auto, cpu, cuda, tensorrt or coreml.
            tempo: of the feed, to begin with.
            settings: how the feed is restyled, but for how often, which the rig says.
        """
        return EngineConfig(
            self.models(),
            provider,
            tempo.bpm,
            tempo.downbeat_s,
            replace(settings, every=self.inference.every),
            self.switch.law,
            self.switch.match,
            [slot.level_db for slot in self.slots],
            self.sides(),
            known="fixed" in self.clock.sources,
            strips=[slot.effects().strip() for slot in self.slots],
            master=Effects(after=self.chain).strip().after,
            macros=[[move.spec() for move in moves] for moves in self.moves()],
            beats_per_bar=tempo.beats_per_bar,
        )

    def moves(self) -> list[list[MacroMove]]:
        """What each knob moves: in the rig, and in the presets whose effects the rig leaves."""
        knobs: list[list[MacroMove]] = [list(macro.moves) for macro in self.macros]
        for number, slot in enumerate(self.slots, 1):
            for n, macro in enumerate(slot.knobs()):
                knobs += [[] for _ in range(n + 1 - len(knobs))]
                knobs[n] += [MacroMove(slot=number, **move.model_dump()) for move in macro.moves]
        return knobs

    def starts(self) -> dict[str, float]:
        """Where the knobs of the macros stand when the program begins."""
        found: dict[str, float] = {}
        lists = [[knob.start for knob in slot.knobs()] for slot in self.slots]
        for starts in ([macro.start for macro in self.macros], *lists):
            found |= {f"macro{n}": at for n, at in enumerate(starts, 1) if f"macro{n}" not in found}
        return found

    @classmethod
    def of_preset(cls, name: str, bpm: float, wet: float) -> Rig:
        """One slot with a preset, and the rest as it comes.

        Args:
            name: of the preset, or its folder.
            bpm: tempo to begin with, beats per minute.
            wet: share of the effect to begin with, 0 (dry) … 1.
        """
        return cls(slots=[Slot(preset=name)], clock=Clock(bpm=bpm), output=Output(wet=wet))

    def at_tempo(self, bpm: float) -> Rig:
        """The same rig with a fixed tempo instead of one that is listened for."""
        sources = [s for s in self.clock.sources if s not in ("follow", "fixed")]
        clock = self.clock.model_copy(update={"bpm": bpm, "sources": [*sources, "fixed"]})
        return self.model_copy(update={"clock": clock})

    def in_metre(self, beats_per_bar: int) -> Rig:
        """The same rig with so many beats in a bar."""
        clock = self.clock.model_copy(update={"beats_per_bar": beats_per_bar})
        return self.model_copy(update={"clock": clock})

    def bare(self) -> Rig:
        """The same rig without effects."""
        slots = [s.model_copy(update={"before": [], "chain": []}) for s in self.slots]
        return self.model_copy(update={"slots": slots, "chain": [], "macros": []})

    def models(self) -> list[str]:
        """The generator's file of each slot, where there is one or should be."""
        return [slot.model() for slot in self.slots]


def read_rig(path: Path, presets: bool = True) -> Rig:
    """Read and check a rig.

    Args:
        path: the file.
        presets: whether each of its presets has to be there. On the stage a slot that cannot be
            loaded plays dry.

    Raises:
        RigError: it is missing, no TOML, or a key is unknown, missing or out of range.
        PresetError: one of its presets does not exist.
    """
    rig, mistakes = inspect_rig(path)
    if not presets:  # those of the file alone
        mistakes = [one for one in mistakes if not isinstance(one, PresetError)]
    if mistakes:
        raise mistakes[0].beside(mistakes[1:])
    assert rig is not None
    return rig


def inspect_rig(path: Path) -> tuple[Rig | None, list[DoubledropError]]:
    """A rig without its mistakes, as far as it can do without, and all that is wrong with it.

    Raises:
        RigError: it is missing, or no TOML.
    """
    missing = "Make one: doubledrop rig init " + str(path)
    rig, mistakes = inspect_document(path, Rig, RigError, missing=missing)
    if rig is None:
        return None, mistakes
    if "link" in rig.clock.sources:
        mistakes += faults(check_link)
    rig = rig.model_copy(update=places(rig, path.parent))
    for number, slot in enumerate(rig.slots, 1):
        place = f"{path}, slot {number}"
        mistakes += [fault.within(place) for fault in faults(slot.load)]
    return rig, mistakes
