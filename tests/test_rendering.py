"""What the engine makes of a generated image, in the training as in the engine."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.dsp.frontend import FrontEnd
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.models.executors import Scheduled
from engine.offline.signal_chain import SignalChain
from tests.feeds import noise
from train.models.rendering import ImageRendering

RATE = 44100
BPM = 240.0
FRONT_END = FrontEnd()


class Comb:
    """Digs valleys between bands and steps in time, as a network draws them."""

    front_end, level_db, view = FRONT_END, -18.0, 0

    def __init__(self):
        self.pairs = []

    def __call__(self, image, period):
        bands, columns = np.arange(128), np.arange(len(image))
        dig = (bands % 8 < 4)[None] & (columns // 8 % 2 == 0)[:, None]
        generated = np.clip(image - 0.3 * dig, 0.0, 1.0).astype(np.float32)
        self.pairs.append((image.copy(), generated))
        return generated


@pytest.fixture
def layer():
    return ImageRendering(FRONT_END).float()


def test_nothing_and_a_flat_gain_are_rendered_as_they_are(layer):
    image = torch.rand(2, 1, 128, 64) * 1.5 - 0.9
    assert torch.allclose(layer(image, image), image, atol=1e-5)
    assert torch.allclose(layer(image, image + 0.1), image + 0.1, atol=1e-4)


def test_gradients_reach_what_was_generated(layer):
    image = torch.rand(1, 1, 128, 64) * 2 - 1
    generated = (image * 0.9).requires_grad_()
    layer(image, generated).sum().backward()
    assert torch.isfinite(generated.grad).all()
    assert (generated.grad != 0).float().mean() > 0.9


def test_it_says_what_the_engine_will_do(layer, rng, figure):
    """Closer to a re-analysed render than the image that was drawn."""
    feed = 0.3 * noise(rng, 8.0, RATE)
    comb, inference = Comb(), Scheduled(100)
    tempo = Tempo(BPM)
    host = SignalChain(comb, inference, RATE, 2, tempo, Settings(use="late"))
    out = host.process(np.pad(feed, ((0, 0), (0, host.latency))))[:, host.latency :]
    inference.close()
    first, last = (round(k * tempo.phrase_s * RATE) for k in (1, 2))
    source, generated = comb.pairs[1]
    analyser = FRONT_END.at(RATE)
    before, after = (analyser.log_mel(x[:, first:last]) for x in (feed, out))
    columns = min(len(before), len(source))
    change_db = (after - before)[:columns].T
    drawn = 2 * torch.from_numpy(np.stack([source, generated])[:, :columns].transpose(0, 2, 1)) - 1
    rendered = layer(drawn[0][None, None], drawn[1][None, None])[0, 0]
    scale = (FRONT_END.ceil_db - FRONT_END.floor_db) / 2
    promised = scale * (drawn[1] - drawn[0]).numpy()
    expected = scale * (rendered - drawn[0]).numpy()
    inner = (slice(8, 120), slice(8, columns - 8))
    errors = [float(np.abs(x - change_db)[inner].mean()) for x in (promised, expected)]
    figure(
        "change by the engine: error of the image, of the layer",
        f"{errors[0]:.2f}, {errors[1]:.2f} dB",
    )
    assert errors[1] < 0.6 * errors[0]
