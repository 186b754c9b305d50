"""The recipe of a streaming generator."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from train.training.recipe_base import Dilations, RecipeBase

_PAIRED = {"likeness", "features", "alone"}
_UNPAIRED = {"cycle", "identity", "contrast", "smooth"}


class StreamingRecipe(RecipeBase):
    """Settings of a training of two streaming generators, one in each direction. Others are in
    :class:`train.training.recipe_base.RecipeBase`.

    Attributes:
        kind: of the generators.
        width, dilations: of the generators, see :class:`train.models.streaming_network.
            StreamingGenerator`.
        critic_channels: of the critics' first layers.
        batch: stretches in a step and direction.
        columns: of a stretch that losses are taken of, 11.6 ms each.
        alone: steps at the beginning, without critics.
        learning_rate: of the generators; it falls to nothing as a cosine.
        critic_rate: of the critics, the same way.
        twins: whether twins say what each track should become, see :mod:`train.training.twins`;
            without them it is learnt as in :mod:`train.training.unpaired`.
        likeness: weight of the L1 distance to the twin, at every resolution.
        critics: weight of what the critics say.
        features: weight of the L1 distance to the twin in what the critics find.
        cycle: without twins, weight of the L1 distance after the way back.
        identity: without twins, weight of the L1 distance that music of the target is changed by.
        contrast: without twins, weight of the contrast of places, see
            :class:`train.models.contrast.PlaceContrast`.
        smooth: without twins, weight of the second difference of gains over bands.
        farther: weight of the later leads, all together.
        sound: share of the steps in which losses are taken of rendered sound; in the others of
            images, which is quicker and knows one resolution.
        memory: share of the stretches in which there is a clock, and a phrase to remember.
        average: decay of the running mean of the weights that is exported.
    """

    kind: Literal["streaming"]
    width: int = Field(256, ge=16, le=1024)
    dilations: Dilations = (1, 2, 4, 8, 16, 32, 1, 2, 4, 8, 16, 32)
    critic_channels: int = Field(32, ge=4, le=128)
    batch: int = Field(8, ge=1)
    columns: int = Field(192, ge=64, le=2048)
    steps: int = Field(4000, ge=1)
    alone: int = Field(500, ge=0)
    learning_rate: float = Field(8e-4, gt=0)
    critic_rate: float = Field(2e-4, gt=0)
    likeness: float = Field(10.0, ge=0)
    twins: bool = True
    critics: float = Field(1.0, ge=0)
    features: float = Field(2.0, ge=0)
    cycle: float = Field(0.0, ge=0)
    identity: float = Field(0.0, ge=0)
    contrast: float = Field(0.0, ge=0)
    smooth: float = Field(0.0, ge=0)
    farther: float = Field(0.3, ge=0)
    sound: float = Field(0.25, ge=0, le=1)
    memory: float = Field(0.5, ge=0, le=1)
    average: float = Field(0.999, ge=0, lt=1)

    @model_validator(mode="after")
    def _means_something(self) -> StreamingRecipe:
        fields = type(self).model_fields  # a checkpoint keeps defaults too
        others = sorted(_UNPAIRED if self.twins else _PAIRED)
        if wrong := [n for n in others if getattr(self, n) != fields[n].default]:
            beside = "beside" if self.twins else "without"
            raise ValueError(f"{', '.join(wrong)}: means nothing {beside} twins")
        return self
