"""What an effect does, tried before it may play: length, latency, harm, tail and cost.

Runs in a process of its own (:mod:`engine.plugins.admission` starts it), for a plugin may crash or
hang.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from typing import Protocol

import numpy as np

from engine.dsp.arrays import Array, Audio
from engine.effects.catalogue import EFFECTS, Hosted
from engine.effects.sanitise import CEILING
from engine.effects.specs import BuiltinSpec, PluginSpec
from engine.errors import DoubledropError
from engine.plugins.plugin import Plugin
from engine.processes.messages import Verdict

RATES = (44100, 48000, 88200, 96000, 176400, 192000)
"""Hertz: an effect may be late by another number of samples at each."""
_RATE, _HOP = 48000, 128
_BLOCKS = (64, 128, 256)
_TIMES = 400  # blocks, of which the cost is taken
_MOST_COST = 0.5  # of a block
_QUIET = 1e-4  # -80 dBFS
_LONGEST_TAIL_S = 10.0
_AT_S, _LISTEN_S = 0.05, 0.5  # when the impulse comes, and how long its answer is listened to
_LATEST_S = 0.1  # later than this, one clear impulse is an echo and no latency
_STRAIGHT, _NEAR = 0.8, 24  # of the energy, within so many samples of the peak
_DENORMAL = 1e-39


class Subject(Protocol):
    """What can be tried."""

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n)."""
        ...


class Harm(Exception):
    """An effect may not play, and why."""


def probe(
    spec: BuiltinSpec | PluginSpec, rates: Sequence[int] = RATES, granted: Collection[str] = ()
) -> Verdict:
    """Try an effect.

    Args:
        spec: as a rig has it, a plugin by its path.
        rates: hertz.
        granted: hashes of plugins that the user has named on the command line.
    """
    path = spec.plugin if isinstance(spec, PluginSpec) else ""
    called = spec.effect if isinstance(spec, BuiltinSpec) else os.path.basename(path)
    verdict = Verdict(name=called)
    try:
        if isinstance(spec, PluginSpec):
            plugin = Plugin(spec, granted)
            verdict.name, verdict.path = plugin.name, path
            verdict.parameters = {key: asdict(one) for key, one in plugin.parameters.items()}

            def fresh(rate: int, hop: int) -> tuple[Subject, int]:
                plugin.begin(rate, 2, hop)
                return plugin, plugin.reported
        else:
            known = EFFECTS[verdict.name]
            verdict.parameters = {key: asdict(one) for key, one in known.items()}

            def fresh(rate: int, hop: int) -> tuple[Subject, int]:
                return Hosted(spec, rate, 2), 0

        _try(verdict, fresh, rates, bool(path))
    except (Harm, DoubledropError) as harm:
        verdict.fault = str(harm)
        for subject in (path or None, verdict.name):
            verdict.fault = verdict.fault.removeprefix(f"{subject}: ")
    except Exception as fault:
        verdict.fault = f"{type(fault).__name__}: {fault}"
    return verdict


def _try(
    verdict: Verdict,
    fresh: Callable[[int, int], tuple[Subject, int]],
    rates: Sequence[int],
    external: bool,
) -> None:
    rng = np.random.default_rng(0)
    noise = 0.06 * rng.standard_normal((2, _RATE), np.float32)
    ordinary = 0.0
    for block in _BLOCKS:
        subject, _ = fresh(_RATE, block)
        times = _cost(subject, noise, block)
        verdict.cost_ms[str(block)] = [float(x) for x in np.percentile(times, (50, 99))]
        if block == _HOP:
            ordinary = float(np.median(times))
            tiny = np.full((2, _RATE), _DENORMAL, np.float32)
            verdict.denormal = float(np.median(_cost(subject, tiny, block))) / ordinary
        taken = verdict.cost_ms[str(block)][0] / (1000 * block / _RATE)
        if taken > _MOST_COST:
            raise Harm(f"takes {taken:.0%} of the time of {block} frames at 48 kHz")
    if verdict.denormal * ordinary > _MOST_COST * _HOP / _RATE:
        raise Harm(f"takes {verdict.denormal:.0f} times as long for the smallest numbers")
    square = 0.5 * np.sign(np.sin(2 * np.pi * 40 * np.arange(_RATE) / _RATE)) * np.ones((2, 1))
    for feed in (noise, square.astype(np.float32), np.zeros((2, _RATE), np.float32)):
        _through(fresh(_RATE, _HOP)[0], feed, _HOP)
    verdict.tail_s = _tail(fresh(_RATE, _HOP)[0], noise)
    if verdict.tail_s >= _LONGEST_TAIL_S:
        verdict.notes.append("never falls silent")
    for rate in rates:
        subject, reported = fresh(rate, _HOP)
        verdict.reported[str(rate)] = reported
        verdict.latency[str(rate)] = _latency(subject, rate, reported) if external else 0
    found, said = verdict.latency[str(rates[0])], verdict.reported[str(rates[0])]
    if found != said:
        verdict.notes.append(f"says {said} samples of latency and has {found}: {found} are used")


def _cost(subject: Subject, feed: Audio, block: int) -> list[float]:
    times = []
    for n in range(_TIMES):
        at = n * block % (feed.shape[-1] - block)
        given = np.ascontiguousarray(feed[:, at : at + block])
        began = time.perf_counter()
        made = subject.process(given)
        times.append(time.perf_counter() - began)
        _check(given, made)
    return times[_TIMES // 10 :]  # the first ones fill caches


def _through(subject: Subject, feed: Audio, block: int) -> Audio:
    parts = []
    for at in range(0, feed.shape[-1] - block + 1, block):
        given = np.ascontiguousarray(feed[:, at : at + block])
        parts.append(subject.process(given))
        _check(given, parts[-1])
    return np.concatenate(parts, axis=-1)


def _check(given: Audio, made: Audio) -> None:
    if made.shape != given.shape:
        raise Harm(f"gives {made.shape[-1]} samples for {given.shape[-1]}")
    peak = float(np.abs(made).max())
    if not np.isfinite(peak):
        raise Harm("gives what is no number")
    if peak > CEILING:
        raise Harm(f"gives a peak of {20 * np.log10(peak):+.0f} dBFS")


def _tail(subject: Subject, noise: Audio) -> float:
    _through(subject, noise, _HOP)
    heard = np.abs(_through(subject, np.zeros((2, int(_LONGEST_TAIL_S * _RATE)), np.float32), _HOP))
    loud = np.flatnonzero(heard.max(axis=0) > _QUIET)
    return float((loud[-1] + 1 + _HOP) / _RATE) if len(loud) else 0.0


def _latency(subject: Subject, rate: int, reported: int) -> int:
    """Samples by which an impulse is late; what the plugin says where its answer is no impulse."""
    at, n = round(_AT_S * rate), round((_AT_S + _LISTEN_S) * rate)
    feed = np.zeros((2, n), np.float32)
    feed[:, at] = 0.5
    heard: Array = np.abs(_through(subject, feed, _HOP)).max(axis=0)[at:]
    peak = int(np.argmax(heard))
    if not heard[peak]:
        return reported
    if reported < len(heard) and heard[reported] >= 0.5 * heard[peak]:
        return reported
    energy = heard**2
    near = energy[max(0, peak - _NEAR) : peak + _NEAR + 1].sum()
    if near >= _STRAIGHT * energy.sum() and peak <= _LATEST_S * rate:
        return peak
    onset = int(np.argmax(heard >= 0.01 * heard[peak]))
    return min(reported, onset)
