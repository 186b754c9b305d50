"""A control of a rig: what is moved or pressed, and what that does."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from engine.config.documents import refuse_unknown
from engine.control.mapping import TARGETS_SAID, Binding, Kind, is_control, targets
from engine.control.takeover import Takeover


class Control(BaseModel):
    """What a control does; see :class:`engine.control.mapping.Binding`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: str
    control: str
    channel: int = Field(default=0, ge=0, le=16)
    port: str = ""
    kind: Kind = "absolute"
    invert: bool = False
    low: float = Field(default=0.0, ge=0.0, le=1.0)
    high: float = Field(default=1.0, ge=0.0, le=1.0)
    takeover: Takeover = "pick-up"
    wide: bool = False

    @field_validator("target")
    @classmethod
    def _known(cls, target: str) -> str:
        if target not in targets():
            refuse_unknown(target, targets(), TARGETS_SAID)
        return target

    @field_validator("control")
    @classmethod
    def _named(cls, control: str) -> str:
        if not is_control(control):
            raise ValueError("cc0 … cc119, note0 … note127, nrpn0 … nrpn16383, bend or program")
        return control

    @model_validator(mode="after")
    def _fits(self) -> Control:
        if self.low == self.high:
            raise ValueError(f"low and high are both {self.low:g}")
        if self.wide and not (self.control.startswith("cc") and int(self.control[2:]) < 32):
            raise ValueError(f"wide is for cc0 … cc31, not {self.control}")
        return self

    def binding(self) -> Binding:
        """As :mod:`engine.control.control_mapper` takes it."""
        return Binding(**self.model_dump())
