"""A slot of a rig: a preset, and the effects before and behind its generator."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from engine.config.names import beside
from engine.config.preset import Preset, load_preset
from engine.config.rig_chain import Effect, Effects, Knob, located
from engine.errors import PresetError


class When(BaseModel):
    """When the music calls a slot by itself: after so many bars of line-in of a genre."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    genre: str = Field(min_length=1)
    for_bars: float = Field(default=8.0, ge=1.0, le=256.0)


class Slot(BaseModel):
    """A preset that is loaded and warm. Its effects are those of the preset where the rig says
    nothing of them; an empty list is none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: str
    program: int | None = Field(default=None, ge=0, le=127)
    bank: int = Field(default=0, ge=0, le=16383)
    level_db: float = Field(default=0.0, ge=-40.0, le=12.0)
    when: When | None = None
    before: list[Effect] | None = None
    chain: list[Effect] | None = None
    _folder: Path | None = PrivateAttr(default=None)  # of the rig

    def load(self) -> Preset:
        """Its preset: a bundled one by its name, else one beside the rig, or by its path.

        Raises:
            PresetError: there is none, or its file is not valid.
        """
        return load_preset(self.preset, self._folder)

    def model(self) -> str:
        """The generator's file, where there is one or should be."""
        try:
            return str(self.load().model)
        except PresetError:  # the slot will say so when it is loaded, and play dry
            return str(beside(self.preset, self._folder or Path()) / "generator.onnx")

    def effects(self) -> Effects:
        """Those of the rig, else those of the preset."""
        own = self._of_preset()[0]
        return Effects(
            before=own.before if self.before is None else self.before,
            after=own.after if self.chain is None else self.chain,
        )

    def knobs(self) -> list[Knob]:
        """Macros of the preset; none where the rig has effects of its own."""
        own = self.before is not None or self.chain is not None
        return [] if own else self._of_preset()[1]

    def located(self, folder: Path) -> Slot:
        """The same, with its preset and the files of effects found from a folder: the rig's."""
        lists = {"before": self.before, "chain": self.chain}
        update = {key: located(one, folder) for key, one in lists.items() if one is not None}
        slot = self.model_copy(update=update)
        slot._folder = folder
        return slot

    def _of_preset(self) -> tuple[Effects, list[Knob]]:
        try:
            preset = self.load()
        except PresetError:
            return Effects(), []
        return preset.effects, preset.file.macros
