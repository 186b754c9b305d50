"""A server for each test, and six seconds of noise to send through it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.live.stage import Server

RATE = 48000


@pytest.fixture
def server():
    it = Server()
    it.start()
    yield it
    it.stop()


@pytest.fixture
def noise():
    rng = np.random.default_rng(5)
    return (0.05 * rng.normal(size=(2, 6 * RATE))).astype(np.float32)
