"""What the stage says of itself: counters of the shared state, in words and units."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from engine.dsp.gain import Quality
from engine.dsp.latency import budget
from engine.dsp.limiter import LOOKAHEAD, reduction_db, take_reduction_db
from engine.dsp.meters import peak_db
from engine.host.percentiles import percentiles_ms
from engine.host.supervisor import Supervisor
from engine.plugins.chains import trips_of
from engine.state import shared_state as b


@dataclass(frozen=True)
class Status:
    """The stage at one moment; counters are over all sessions so far.

    Attributes:
        seconds: of sound.
        gaps: times the effects' sound was not there in time and the one without took its place.
        dry_s: how long nothing was known of what was heard, and it went through as it is.
        flags: callbacks that the device called with an underflow or overflow.
        repaired, refused: samples from the line-in, and of the effects, that were no numbers.
        gain_hops, gain_share: those that were heard, by where their gain came from.
        age_ms: how old the gains are that are heard, 50th and 99th percentile of the last seconds.
        callback_ms: how long the callback takes, 50th, 99th and 99.9th percentile.
        inferences, late_gains, faults: done; images and columns that came too late; failed.
        peak_in_db, peak_out_db: since they were taken last (:func:`take_peaks`), dBFS.
        limited_db: the limiter's deepest gain since then.
        wet: share of the effect that is heard.
        broken: why slots play dry, by their number from 1.
        slot, switches: the one that is heard, and crossfades so far.
        lost, restarts, stalls: of the device, of the engine, and those for its silence.
        latency: samples by part; ``total`` is what is declared.
    """

    seconds: float
    gaps: int
    dry_s: float
    flags: int
    repaired: int
    refused: int
    gain_hops: dict[str, int]
    gain_share: dict[str, float]
    age_ms: dict[str, float]
    callback_ms: dict[str, float]
    inferences: int
    late_gains: int
    faults: int
    broken: dict[str, str]
    peak_in_db: float
    peak_out_db: float
    limited_db: float
    wet: float
    slot: int
    switches: int
    lost: int
    restarts: int
    stalls: int
    latency: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def gain_hops(shared: b.SharedState) -> dict[str, int]:
    """Hops that were heard, by where their gain came from."""
    hops = shared.slots["hops"].sum(axis=0).tolist()
    return {quality.value: count for quality, count in zip(Quality, hops, strict=True)}


@dataclass(frozen=True)
class Peaks:
    """Loudest samples of line-in and line-out, dBFS, and the limiter's deepest gain, dB."""

    in_db: float
    out_db: float
    limited_db: float


def take_peaks(shared: b.SharedState) -> Peaks:
    """The peaks since the last call, which begin anew; for whoever publishes them, and nobody else:
    what one reader takes, another does not see."""
    device = shared.device
    into, out = device.peak_in, device.peak_out
    device.peak_in = device.peak_out = 0.0
    return Peaks(peak_db(into), peak_db(out), take_reduction_db(shared.ceiling))


def look(stage: Supervisor, peaks: Peaks | None = None) -> Status:
    """The stage now. Nothing is changed by it: anybody may look.

    Args:
        stage: to look at.
        peaks: those that were taken; by default those that have come since.
    """
    shared, device, network = stage.shared, stage.shared.device, stage.shared.network
    rate = max(1, device.rate)
    hops = gain_hops(shared)
    total = max(1, sum(hops.values()))
    if peaks is None:
        into, out = peak_db(device.peak_in), peak_db(device.peak_out)
        peaks = Peaks(into, out, reduction_db(shared.ceiling))
    wet = float(shared.slots["wet"][shared.active])
    ages, times = map(percentiles_ms, shared.latest()[:, :2].T)
    return Status(
        seconds=device.heard / rate,
        gaps=device.gaps,
        dry_s=device.dry_samples / rate,
        flags=device.flags,
        repaired=device.repaired,
        refused=device.refused,
        gain_hops=hops,
        gain_share={name: count / total for name, count in hops.items()},
        age_ms={name: ages[name] for name in ("p50", "p99")},
        callback_ms=times,
        inferences=network.inferences,
        late_gains=int(shared.slots["late_gains"].sum()),
        faults=network.faults,
        broken={str(slot + 1): why for slot, why in sorted(stage.broken.items())},
        peak_in_db=peaks.in_db,
        peak_out_db=peaks.out_db,
        limited_db=peaks.limited_db,
        wet=device.wet_now * wet if device.level_now > 0.0 else 0.0,
        slot=shared.active,
        switches=int(shared.state["switches"][0]),
        lost=stage.lost,
        restarts=stage.restarts,
        stalls=stage.stalls,
        latency=latency(stage),
    )


def latency(stage: Supervisor) -> dict[str, int]:
    """Samples from line-in to line-out by part, ``device`` as PortAudio states it, and in all."""
    device, config = stage.device, stage.wanted.config
    rate, block = int(str(device["rate"])), int(str(device["block"]))
    parts = {"device": int(str(device["device_samples"]))}
    parts |= budget(rate, block, config.settings, trips_of(config, rate))
    declared = parts["device"] + stage.shared.device.behind + LOOKAHEAD
    return parts | {"total": declared}
