"""Train three steps and print the losses of each: run alone and by torchrun, see test_train."""

import json
import sys
from pathlib import Path

import torch

from train.data.dataset import Dataset
from train.training.recipe import read_recipe
from train.training.trainer import train

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)  # or Adam makes steps of rounding where nothing is learnt
recipe, data, folder = (Path(argument) for argument in sys.argv[1:4])
seen = []
train(
    read_recipe(recipe),
    Dataset(data),
    folder,
    progress=lambda *step: seen.append(step[2]),
    device="cpu",
)
if seen:  # the first process alone tells
    print(json.dumps(seen))
