"""Feeds for tests and the way through a host."""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Audio
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.models.executors import Scheduled
from engine.models.generator import OnnxGenerator
from engine.offline.signal_chain import SignalChain

BPM = 175.0


def noise(rng: np.random.Generator, seconds: float, rate: int, channels: int = 2) -> Audio:
    """Broadband noise with a 30 Hz sine below it, peak under full scale."""
    t = np.arange(round(seconds * rate)) / rate
    sine = 0.2 * np.sin(2 * np.pi * 30 * t)
    return (rng.normal(0, 0.08, (channels, len(t))) + sine).astype(np.float32)


def sine(hz: float, seconds: float, rate: int, amplitude: float = 0.25) -> Audio:
    """A sine, mono."""
    t = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * hz * t))[None].astype(np.float32)


def run(
    generator: OnnxGenerator,
    feed: Audio,
    rate: int,
    settings: Settings,
    *,
    tempo: Tempo | None = None,
    inference_ms: float = 0.0,
    block: int = 8192,
) -> tuple[Audio, SignalChain]:
    """The feed through a host, the output laid on the input; and the host."""
    inference = Scheduled(round(inference_ms / 1000 * rate))
    host = SignalChain(generator, inference, rate, len(feed), tempo or Tempo(BPM), settings)
    fed = np.concatenate([feed, np.zeros((len(feed), host.latency), np.float32)], axis=-1)
    blocks = [host.process(fed[:, i : i + block]) for i in range(0, fed.shape[-1], block)]
    inference.close()
    return np.concatenate(blocks, axis=-1)[:, host.latency :], host


GAIN_STEP = 32


def gain_of(out, feed):
    """Short-time gain in dB, one value every :data:`GAIN_STEP` samples."""
    window = np.hanning(513)
    power = [
        np.convolve(x[0].astype(np.float64) ** 2, window, "same")[::GAIN_STEP] for x in (out, feed)
    ]
    return 10 * np.log10((power[0] + 1e-12) / (power[1] + 1e-12))


def gain_peaks(out, feed, hop):
    """Samples at which the gain of a steady feed peaks, one per neighbourhood."""
    gain, peaks, reach = gain_of(out, feed), [], int(4 * hop / GAIN_STEP)
    while gain.max() >= 6.0:
        at = int(np.argmax(gain))
        peaks.append(at * GAIN_STEP)
        gain[max(0, at - reach) : at + reach] = 0.0
    return sorted(peaks)


def db(ratio: float) -> float:
    """A ratio of powers in dB."""
    return float(10 * np.log10(max(ratio, 1e-30)))
