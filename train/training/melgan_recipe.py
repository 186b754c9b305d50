"""The recipe of a generator after MelGAN-VC."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from train.training.recipe_base import RecipeBase


class MelGanRecipe(RecipeBase):
    """Settings of a training after Pasini 2019, as in Lin, "Audio style transfer", section 4.2 and
    5.2, whose numbers are the defaults. Others are in
    :class:`train.training.recipe_base.RecipeBase`. Only what restyles the source is learnt: for the
    way back, exchange source and target.

    Attributes:
        kind: of training.
        channels: of the generator's layers; 256 in the paper's reference. More cost time on stage.
        critic_channels: of the critic's; 512 in the reference.
        siamese_channels: of the siamese network's; 256 in the reference.
        vector: numbers that a piece of music is to the siamese network; 128 in the reference.
        width: columns of a stretch that the critic sees, L in the paper. The siamese network sees
            halves of it, and the stage shows the generator as many columns as a half has.
        ahead: columns from the newest that was heard to the one that is changed, see
            :class:`train.models.melgan_networks.MelGanGenerator`.
        batch: stretches of each genre in a step.
        learning_rate, beta1: of Adam, of generator and siamese network.
        critic_rate: learning rate of the critic, relative to that.
        identity: weight α of the squared error where the target is restyled.
        travel: weight β of what TraVeL asks of generator and siamese network.
        margin: weight γ of the distance that pieces keep.
        apart: that distance.
        smooth: weight of the second difference of what is said over bands; 0 in the papers.
        rendered: whether critic and siamese network see images as the engine will render them.
        average: decay of the running mean of the weights that is exported; 0 for none.
    """

    kind: Literal["melgan-vc"]
    channels: int = Field(128, ge=8, le=512)
    critic_channels: int = Field(512, ge=8, le=1024)
    siamese_channels: int = Field(256, ge=8, le=1024)
    vector: int = Field(128, ge=2, le=1024)
    width: int = Field(96, ge=96, le=512, multiple_of=16)
    ahead: int = Field(2, ge=0, le=16)
    batch: int = Field(16, ge=1)
    learning_rate: float = Field(1e-4, gt=0)
    beta1: float = Field(0.5, ge=0, lt=1)
    critic_rate: float = Field(4.0, gt=0)
    identity: float = Field(1.0, ge=0)
    travel: float = Field(10.0, ge=0)
    margin: float = Field(10.0, ge=0)
    apart: float = Field(1.0, gt=0)
    smooth: float = Field(0.0, ge=0)
    rendered: bool = True
    average: float = Field(0.999, ge=0, lt=1)
