"""The recipe of a streaming generator that learns the style of one recording."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from train.training.recipe_base import Dilations, RecipeBase


class JohnsonRecipe(RecipeBase):
    """Settings of a training after Johnson et al. 2016, as in Liu et al. 2019, section 3.3, "Faster
    fixed style transfer". Others are in :class:`train.training.recipe_base.RecipeBase`; the target
    is no genre of the dataset, but a name for the style.

    Attributes:
        kind: of training.
        recording: file whose style is learnt. Its hash is what a run remembers, not its place.
        features: what content and style are taken from: one random convolution, see
            :class:`train.style.random_bands.RandomBands`, or as in the paper layers of audio-VGG,
            which come less near in what an equaliser cannot change.
        network: file of an audio-VGG that looks at log-mel images; none for the one that comes with
            the program.
        width, dilations: of the generator, see :class:`train.models.streaming_network.
            StreamingGenerator`.
        batch: stretches in a step.
        columns: of a stretch that losses are taken of, 11.6 ms each.
        learning_rate: falls to nothing as a cosine.
        style: weight of the distance in style, which is 1 for the music as it is.
        content: weight of the distance in content, which is 1 where nothing of it is found.
        farther: weight of the L1 distance of the later leads from the first.
        smooth: weight of the second difference of gains over bands.
        sound: share of the steps in which losses are taken of rendered sound; in the others of
            images, which know less of noise.
        memory: share of the stretches in which there is a clock, and a phrase to remember.
        average: decay of the running mean of the weights that is exported.
    """

    kind: Literal["johnson"]
    recording: Path = Field(Path(), exclude=True)
    features: Literal["audio-vgg", "random"] = "random"
    network: Path | None = Field(None, exclude=True)
    width: int = Field(256, ge=16, le=1024)
    dilations: Dilations = (1, 2, 4, 8, 16, 32)
    batch: int = Field(4, ge=1)
    columns: int = Field(192, ge=64, le=2048)
    steps: int = Field(1000, ge=1)
    learning_rate: float = Field(8e-4, gt=0)
    style: float = Field(1.0, ge=0)
    content: float = Field(0.3, ge=0)
    farther: float = Field(0.3, ge=0)
    smooth: float = Field(0.03, ge=0)
    sound: float = Field(0.3, ge=0, le=1)
    memory: float = Field(0.5, ge=0, le=1)
    average: float = Field(0.99, ge=0, lt=1)

    @property
    def genres(self) -> tuple[str, ...]:
        """See :attr:`RecipeBase.genres`."""
        return (self.source,)

    @model_validator(mode="after")
    def _means_something(self) -> JohnsonRecipe:
        if self.network is not None and self.features == "random":
            raise ValueError("network is an audio-VGG, and features is random")
        return self
