"""Tries a generator: ``engine.models.trial_process FILE SHA256``; see :mod:`engine.models.trial`
and :mod:`engine.processes.child`."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from engine.dsp.arrays import Array
from engine.errors import DoubledropError
from engine.models.executors import reason_of
from engine.models.generator import OnnxGenerator, StreamingOnnx, open_generator
from engine.models.trial import ENOUGH_S, MEMORY, RUN_S
from engine.processes.speech import hush, say

_LIBRARIES = 128 << 20  # resident, and no private allocation: code of ONNX Runtime and NumPy
_WIDTHS = (280, 480, 984)  # columns of a phrase at 300, 174 and 84 BPM
_COLUMNS = 20


def run(path: Path, digest: str) -> str:
    """What is wrong with a generator, empty for nothing."""
    began = time.monotonic()
    try:
        generator = open_generator(path, "cpu", tried=True)
        if generator.digest != digest:
            return "the file has changed meanwhile"
        rng = np.random.default_rng(0)
        if isinstance(generator, StreamingOnnx):
            state = generator.begin()
            for _ in range(_COLUMNS):
                size = generator.info.example.source.shape[1:]
                _, state = generator.answer(rng.normal(0, 1, size).astype(np.float32), state)
            return ""
        for image in _images(generator, rng):
            width = len(image)
            if width > _WIDTHS[0] and time.monotonic() - began > ENOUGH_S:
                break
            if not np.isfinite(generator(image, float(width))).all():
                return f"values that are not finite at a width of {width} columns"
    except DoubledropError as fault:
        return fault.found
    except Exception as fault:
        return reason_of(fault)
    return ""


def _images(generator: OnnxGenerator, rng: np.random.Generator) -> Iterator[Array]:
    """Silence and noise, of all widths, the narrowest first."""
    bands = generator.front_end.n_mels
    for width in sorted({*_WIDTHS, generator.view or _WIDTHS[0]}):
        yield np.zeros((width, bands), np.float32)
        yield rng.random((width, bands)).astype(np.float32)


def _limit() -> None:
    """Bounds that hold even where the parent does not look."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's, which ends this process
    if sys.platform == "win32":
        return
    import resource

    signal.alarm(round(2 * RUN_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY - _LIBRARIES, MEMORY - _LIBRARIES))


if __name__ == "__main__":
    hush()
    _limit()
    say(ready=True)
    say(fault=run(Path(sys.argv[1]), sys.argv[2]))
    sys.stdout.flush()
    os._exit(0)
