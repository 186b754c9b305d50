"""Small streaming generators for tests: random ones that do something, and one that does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from engine.dsp.frontend import FrontEnd
from engine.dsp.streaming import input_size
from export.streaming import export_streaming
from train.models.streaming_network import StreamingGenerator

DILATIONS = (1, 2, 4)


def network(seed: int = 0, noise: bool = True) -> StreamingGenerator:
    """Gains of some decibels that depend on all that it is told."""
    torch.manual_seed(seed)
    net = StreamingGenerator(24, DILATIONS)
    with torch.no_grad():
        for block in net.blocks:
            block.mix.weight.normal_(0.0, 0.2)
        net.leave.weight.normal_(0.0, 0.05)
        if noise:
            net.leave.bias.view(2, -1)[1] = 0.0
    return net


def write(path: Path, seed: int = 0, noise: bool = True) -> Path:
    """A preset's file of such a network."""
    columns = np.random.default_rng(1).uniform(-1, 1, (20, input_size(128)))
    facts = {"made": "at random"}
    export_streaming(
        network(seed, noise), path, columns, front_end=FrontEnd(), level_db=-18.0, facts=facts
    )
    return path
