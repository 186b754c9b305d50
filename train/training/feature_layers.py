"""What a training after Johnson takes content and style from, as its recipe says."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from engine.dsp.frontend import FrontEnd
from engine.errors import InputError
from engine.text import printable
from train.style.features import Layers, VggFeatures
from train.style.random_bands import RandomBands
from train.style.vgg_file import fingerprint, read_vgg, shipped_vgg
from train.training.johnson_recipe import JohnsonRecipe


@dataclass(frozen=True)
class FeatureLayers:
    """Layers that stay as they are.

    Attributes:
        layers: they.
        mark: what tells them from others.
        words: what a card says of them.
    """

    layers: Layers
    mark: str
    words: str


def feature_layers(recipe: JohnsonRecipe, device: torch.device) -> FeatureLayers:
    """The layers of a recipe.

    Args:
        recipe: that names them.
        device: where they look at images.

    Raises:
        InputError: its file is no audio-VGG that looks at log-mel images.
    """
    if recipe.features == "random":
        layers = RandomBands(FrontEnd().n_mels, device)
        return FeatureLayers(layers, "random", "one random convolution along time")
    words = "relu1_2, relu2_2, relu3_3 and relu4_3 of audio-VGG"
    if recipe.network is None:
        network = shipped_vgg("log-mel").network
    else:
        found = read_vgg(recipe.network)
        if found.image != "log-mel":
            raise InputError(
                str(recipe.network),
                f"an audio-VGG that looks at {found.image} images",
                expected="log-mel",
                cure="Train one: doubledrop train-vgg NOTES FILE --image log-mel",
            )
        network, words = found.network, f"{words} ({printable(recipe.network.name)})"
    return FeatureLayers(VggFeatures(network.to(device)), fingerprint(network), words)
