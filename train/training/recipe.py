"""A recipe: everything that decides what is trained, in one TOML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from engine.config.documents import load_values, read_document
from engine.dsp.front_ends import FRONT_ENDS, FrontEndName
from engine.dsp.frontend import FrontEnd
from engine.errors import InputError
from train.data.dataset import SplitBy
from train.models.critics import CriticNorm
from train.models.networks import Norm, Upsampling
from train.training.johnson_recipe import JohnsonRecipe
from train.training.melgan_recipe import MelGanRecipe
from train.training.recipe_base import RecipeBase
from train.training.streaming_recipe import StreamingRecipe


class Recipe(RecipeBase):
    """Settings of the training of a CycleGAN; the defaults are the paper's where it states them.
    Others are in :class:`train.training.recipe_base.RecipeBase`.

    Attributes:
        kind: of the generators.
        network: of the generators: ``images`` sees them as the papers do, see
            :class:`train.models.networks.ResNetGenerator`; of ``bands`` each is a channel, see
            :class:`train.models.band_network.BandGenerator`.
        channels, blocks: of the generators; 64 and 9 in the paper.
        critic_channels: of the discriminators; 64 in the paper.
        critic_scales, critic_norm: see :class:`train.models.critics.Discriminator`.
        residual: whether a generator's output is added to its input.
        norm, upsampling: of a generator, see :class:`train.models.networks.ResNetGenerator`.
        width: columns of a crop, a multiple of 8; the stage shows the generator as many.
        batch: crops of each genre in a step, over all processes together.
        decay: share of the steps, the last ones, over which the learning rate falls linearly to 0.
        learning_rate, beta1: of Adam.
        critic_rate: learning rate of the critics, relative to that of the generators.
        cycle, identity: weights of the two L1 losses; identity is relative to cycle, as in Zhu.
        contrast: weight of the contrast between places that keeps the content in the place of the
            cycle, see :mod:`train.models.contrast`; 0 for none.
        teacher: weight of the L1 distance between what is heard and what a teacher makes of the
            whole phrase; 0 for none.
        twins: whether that teacher is the composer, who performed the training tracks in the other
            genre too; otherwise the generators that the training begins from.
        backwards: whether a twin is also shown as what its track should be made from: twice as many
            pairs for each direction.
        augment: whether critics see images changed at random, see :mod:`train.data.augment`.
        history: generated images that a critic remembers.
        smoothness: weight of the L1 norm of the gain's change from column to column.
        rendered: whether critics see images as the engine will render them.
        phrase, edge: shares of crops in these uses of the window; 0 and 0 is the paper's recipe.
        rows: share of steps that show no crops but what the stage plays of many windows in a row,
            see :mod:`train.data.images`; each costs eight others.
        average: decay of the running mean of the weights that is exported; 0 for none.
        front_end: of the images, see :mod:`engine.dsp.front_ends`.
        enlarged: how many times as large in both directions networks see the image, as in a figure
            that was drawn of it, see :class:`train.models.networks.Enlarged`.
        split: ``clip`` for papers that hold clips out and not whole tracks.
    """

    kind: Literal["cyclegan"] = "cyclegan"
    network: Literal["images", "bands"] = "images"
    channels: int = Field(64, ge=4, le=512)
    blocks: int = Field(9, ge=1, le=12)
    critic_channels: int = Field(64, ge=4, le=128)
    critic_scales: int = Field(1, ge=1, le=3)
    critic_norm: CriticNorm = "instance"
    residual: bool = True
    norm: Norm = "instance"
    upsampling: Upsampling = "transposed"
    width: int = Field(128, ge=64, multiple_of=8)
    batch: int = Field(1, ge=1)
    decay: float = Field(0.5, ge=0, le=1)
    learning_rate: float = Field(2e-4, gt=0)
    beta1: float = Field(0.5, ge=0, lt=1)
    critic_rate: float = Field(1.0, gt=0)
    cycle: float = Field(10.0, ge=0)
    identity: float = Field(0.5, ge=0)
    contrast: float = Field(0.0, ge=0)
    teacher: float = Field(0.0, ge=0)
    twins: bool = False
    backwards: bool = False
    augment: bool = False
    history: int = Field(50, ge=0)
    smoothness: float = Field(0.0, ge=0)
    rendered: bool = True
    phrase: float = Field(0.4, ge=0, le=1)
    edge: float = Field(0.2, ge=0, le=1)
    rows: float = Field(0.0, ge=0, le=1)
    average: float = Field(0.999, ge=0, lt=1)
    front_end: FrontEndName = "stage"
    enlarged: int = Field(1, ge=1, le=4)
    split: SplitBy = "track"

    @property
    def images(self) -> FrontEnd:
        """See :attr:`RecipeBase.images`."""
        return FRONT_ENDS[self.front_end]

    @property
    def split_by(self) -> SplitBy:
        """See :attr:`RecipeBase.split_by`."""
        return self.split

    @model_validator(mode="after")
    def _shares(self) -> Recipe:
        if self.phrase + self.edge > 1:
            raise ValueError(f"phrase {self.phrase:g} and edge {self.edge:g} are more than 1")
        if self.twins and not self.teacher:
            raise ValueError("twins teach nothing without a weight: give teacher one")
        if self.backwards and not self.twins:
            raise ValueError("backwards shows pairs of twins: give twins = true")
        of_images = self.contrast or self.norm != "instance" or self.upsampling != "transposed"
        if self.network == "bands" and of_images:
            raise ValueError("contrast, norm and upsampling are of images, and network is bands")
        if self.enlarged > 1 and (self.network == "bands" or self.contrast):
            raise ValueError("enlarged is of images without contrast: leave it out")
        on_stage = self.rendered or self.phrase or self.edge or self.rows
        if self.front_end != "stage" and on_stage:
            raise ValueError(
                f"front_end {self.front_end} is for files: give rendered = false, phrase = 0, "
                "edge = 0, and no rows"
            )
        return self

    def rate_at(self, step: int) -> float:
        """Learning rate of a step: constant, then linear to 0, as in Zhu."""
        if not self.decay:
            return self.learning_rate
        return self.learning_rate * min(1.0, (1.0 - step / self.steps) / self.decay)


AnyRecipe = Recipe | StreamingRecipe | JohnsonRecipe | MelGanRecipe
_KINDS: dict[str, type[AnyRecipe]] = {
    "cyclegan": Recipe,
    "streaming": StreamingRecipe,
    "johnson": JohnsonRecipe,
    "melgan-vc": MelGanRecipe,
}


def read_recipe(path: Path) -> AnyRecipe:
    """Read and check a recipe.

    Raises:
        InputError: it is missing, no TOML, or a key is unknown or out of range.
    """
    missing = "Name a TOML file; train/recipes has some."
    kind = load_values(path, InputError, missing=missing).get("kind", "cyclegan")
    if kind not in _KINDS:
        raise InputError(
            f"{path}, key kind", repr(kind), expected=" or ".join(_KINDS), cure="Correct it."
        )
    return read_document(path, _KINDS[kind], InputError, missing=missing)


def recipe_of(values: dict[str, Any]) -> AnyRecipe:
    """A recipe as a checkpoint keeps it."""
    return _KINDS[values.get("kind", "cyclegan")].model_validate(values)
