"""What recipes of all kinds say."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from engine.dsp.front_ends import STAGE
from engine.dsp.frontend import FrontEnd
from train.data.dataset import SplitBy


def _within(dilations: tuple[int, ...]) -> tuple[int, ...]:
    if not all(1 <= d <= 256 for d in dilations) or not dilations:
        raise ValueError(f"dilations {dilations}, each is 1 to 256")
    return dilations


Dilations = Annotated[tuple[int, ...], AfterValidator(_within)]
"""Of a streaming generator's residual blocks."""


class RecipeBase(BaseModel):
    """Settings that a training of any kind has.

    Attributes:
        source, target: genres of the dataset.
        steps: in all.
        seed: of weights and of what is drawn.
        commands: what makes its data before and its presets after, see `doubledrop reproduce`.
        amp: bfloat16 where the processor multiplies it faster; auto finds out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    source: str
    target: str
    steps: int = Field(20000, ge=1)
    seed: int = 0
    commands: tuple[str, ...] = Field((), exclude=True)  # they are not what is trained
    amp: Literal["auto", "on", "off"] = "auto"

    @property
    def genres(self) -> tuple[str, ...]:
        """Of the dataset, those that are learnt from."""
        return self.source, self.target

    @property
    def images(self) -> FrontEnd:
        """What the images are made with that it learns from."""
        return STAGE

    @property
    def split_by(self) -> SplitBy:
        """What is held out of the training as a whole."""
        return "track"

    @model_validator(mode="after")
    def _two_genres(self) -> Self:
        if self.source == self.target:
            raise ValueError(f"source and target are both {self.source!r}")
        return self
