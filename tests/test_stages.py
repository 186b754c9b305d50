"""Every stage is held to the stage contract, and the verifier finds stages that break it."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dsp.settings import Settings
from engine.dsp.stft import STFT, STFTStream
from engine.dsp.tempo import Tempo
from engine.effects.delay import Delay
from engine.effects.graph import DryWet, Series
from engine.effects.sanitise import Sanitise
from engine.models.executors import Scheduled
from engine.offline.paper_renderer import PaperRenderer
from engine.offline.restyle import RestyleProcessor
from engine.offline.signal_chain import SignalChain
from tests import processor_verifier as verifier
from tests.feeds import noise

RATE = 24000  # the lengths scale with the rate: this one is quick
TEMPO = Tempo(240.0, downbeat_s=0.2)


def restyle(use, name="flat", lookahead=0, paper=False):
    def factory(generator):
        model = generator(name)
        analyser = model.front_end.at(RATE)

        def make():
            way = STFT.low_delay(RATE)
            if paper:
                way = PaperRenderer(analyser, STFTStream(STFT.symmetric(analyser), 2))
            stage = RestyleProcessor(
                model, Scheduled(1000), analyser, way, TEMPO, 2, use, lookahead
            )
            return Series(Sanitise(), stage)

        return make

    return factory


def host(name, **settings):
    return lambda generator: (
        lambda: SignalChain(generator(name), Scheduled(1000), RATE, 2, TEMPO, Settings(**settings))
    )


STAGES = {
    "delay": lambda _: lambda: Delay(777, 2),
    "no delay": lambda _: lambda: Delay(0, 2),
    "sanitise": lambda _: Sanitise,
    "series": lambda _: lambda: Series(Delay(10, 2), Sanitise(), Delay(200, 2)),
    "dry/wet": lambda _: lambda: DryWet(Delay(300, 2), 2, 0.4),
    "restyle late": restyle("late"),
    "restyle phrase": restyle("phrase"),
    "restyle edge": restyle("edge"),
    "restyle look-ahead": restyle("phrase", lookahead=93),
    "restyle paper": restyle("late", "identity", paper=True),
    "host snare": host("snare"),
    "host filter": host("downbeat-filter", lookahead_ms=23, wet=0.5),
    "host 256": host("identity", synthesis=256, use="edge"),
}


@pytest.fixture(params=STAGES)
def stage(request, generator):
    return request.param, STAGES[request.param](generator)


def test_blocks(stage, rng):
    verifier.verify_blocks(stage[1], noise(rng, 3.0, RATE))


def test_latency(stage):
    verifier.verify_latency(stage[1], 2, 20000)


def test_causality(stage, rng):
    verifier.verify_causality(stage[1], noise(rng, 3.0, RATE))


def test_nan(stage, rng):
    name, make = stage
    sanitised = name.startswith(("restyle", "host", "sanitise"))
    seconds = (make().latency + make().tail) / RATE + 1.0
    verifier.verify_nan(make, noise(rng, seconds, RATE), sanitised)


def test_silence(stage, rng):
    verifier.verify_silence(stage[1], noise(rng, 1.0, RATE))


class Broken(Delay):
    """A delay with one fault."""

    def __init__(self, fault):
        super().__init__(100, 2)
        self._fault, self._held = fault, 0.0

    def process(self, block):
        out = super().process(block)
        if self._fault == "blocks" and block.shape[-1]:
            out = out.copy()
            out[:, 0] *= 0.5
        if self._fault == "nan" and block.size:
            self._held += float(block.sum())
            out = out + np.float32(0.0 * self._held)
        if self._fault == "silence":
            out = out + np.float32(1e-3)
        if self._fault == "future" and block.shape[-1] < 512:
            out = out * np.float32(0.9)
        return out


class Late(Delay):
    """Says 100 samples and takes 101."""

    def __init__(self):
        super().__init__(101, 2)
        self._true = Delay(101, 2)
        self.latency = 100

    def process(self, block):
        return self._true.process(block)


@pytest.mark.parametrize("fault", ["blocks", "latency", "nan", "silence", "future"])
def test_the_verifier_finds_a_broken_stage(fault, rng):
    feed = noise(rng, 1.0, RATE)[:, :23900]
    checks = {
        "blocks": lambda: verifier.verify_blocks(lambda: Broken(fault), feed),
        "latency": lambda: verifier.verify_latency(Late, 2, 2000),
        "nan": lambda: verifier.verify_nan(lambda: Broken(fault), feed, False),
        "silence": lambda: verifier.verify_silence(lambda: Broken(fault), feed),
        "future": lambda: verifier.verify_causality(lambda: Broken(fault), feed),
    }
    with np.errstate(invalid="ignore"), pytest.raises(AssertionError):
        checks[fault]()
