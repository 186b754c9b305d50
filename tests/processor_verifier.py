"""One verifier for all processors: what ``engine.effects.processor`` promises.

A processor is given as a factory, because each check needs a fresh one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.dsp.arrays import Audio
from engine.effects.processor import Processor

Factory = Callable[[], Processor]
BLOCKS = (1, 64, 65, 128, 512, 8191)
TOLERANCE = 2e-6  # transforms of one frame and of many round differently


def through(processor: Processor, feed: Audio, blocks: tuple[int, ...]) -> Audio:
    """The feed through a processor, in blocks of these sizes in turn."""
    out, at, i = [], 0, 0
    while at < feed.shape[-1]:
        n = min(blocks[i % len(blocks)], feed.shape[-1] - at)
        done = processor.process(feed[:, at : at + n].copy())
        assert done.shape == (feed.shape[0], n)
        assert done.dtype == np.float32
        out.append(done)
        at, i = at + n, i + 1
    return np.concatenate(out, axis=-1)


def verify_blocks(make: Factory, feed: Audio) -> None:
    """Blocks of any size, also of none, give what the whole gives."""
    whole = through(make(), feed, (feed.shape[-1],))
    assert make().process(feed[:, :0]).shape == (feed.shape[0], 0)
    for blocks in [(n,) for n in BLOCKS if n > 1] + [(1, 64, 65, 1, 1, 511), BLOCKS]:
        worst = float(np.max(np.abs(through(make(), feed, blocks) - whole)))
        assert worst <= TOLERANCE, f"blocks of {blocks}: {worst:.2g} off"
    start = feed[:, :600]
    assert np.max(np.abs(through(make(), start, (1,)) - whole[:, :600])) <= TOLERANCE


def verify_latency(make: Factory, channels: int, length: int) -> None:
    """An impulse is heard exactly ``latency`` samples later."""
    processor = make()
    feed = np.zeros((channels, processor.latency + length), np.float32)
    at = length // 2
    feed[:, at] = 0.5
    out = through(processor, feed, (512,))
    found = int(np.argmax(np.abs(out[0])))
    assert found - at == processor.latency, (
        f"impulse after {found - at}, declared {processor.latency}"
    )


def verify_causality(make: Factory, feed: Audio) -> None:
    """A longer input never changes earlier output."""
    half = feed.shape[-1] // 2
    longer = through(make(), feed, (512,))
    shorter = through(make(), feed[:, :half], (512,))
    assert np.array_equal(longer[:, :half], shorter)


def verify_nan(make: Factory, feed: Audio, finite_always: bool) -> None:
    """A NaN does not outlive its window; where input is sanitised it is never heard at all."""
    processor = make()
    bad = feed.copy()
    at = 5000
    bad[:, at] = np.nan
    bad[:, at + 7] = np.inf
    with np.errstate(invalid="ignore"):
        out = through(processor, bad, (512,))
    gone = at + 8 + processor.latency + processor.tail
    assert np.isfinite(out[:, gone:]).all()
    assert out[:, gone:].any()
    if finite_always:
        assert np.isfinite(out).all()


def verify_silence(make: Factory, feed: Audio) -> None:
    """Silence in is silence out, from the start and after the sound."""
    processor = make()
    silence = np.zeros((feed.shape[0], processor.latency + processor.tail + 20000), np.float32)
    assert not through(processor, silence[:, :30000], (512,)).any()
    end = feed.shape[-1] + processor.latency + processor.tail
    out = through(make(), np.concatenate([feed, silence], axis=-1), (512,))
    assert float(np.abs(out[:, end:]).max()) < 1e-6
