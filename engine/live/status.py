"""What the stage says of itself: counters of the shared board, in words and units."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from engine.dsp.limiter import LOOKAHEAD, take_reduction_db
from engine.dsp.meters import peak_db
from engine.live import board as b
from engine.live.budget import budget
from engine.live.supervisor import Supervisor
from engine.stages.host import Settings


@dataclass(frozen=True)
class Status:
    """The stage at one moment; counters are over all sessions so far.

    Attributes:
        seconds: of sound.
        gaps: times the effect was not there in time and the dry sound took its place.
        dry_s: how long in all, with the time before the engine was there.
        flags: callbacks that the device called with an underflow or overflow.
        late_hops: hops that were done after the device had needed them.
        repaired, refused: samples from the line-in, and from the engine, that were no numbers.
        hops: that the engine has made.
        gain_hops, gain_share: those that were heard, by where their gain came from.
        age_ms: how old the gains are, 50th and 99th percentile.
        hop_ms: time of a hop in the engine, 50th, 99th and 99.9th percentile.
        inferences, late_inferences, faults: done, come too late, failed.
        peak_in_db, peak_out_db: since the last look, dBFS.
        limited_db: the limiter's deepest gain since the last look.
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
    late_hops: int
    repaired: int
    refused: int
    hops: int
    gain_hops: dict[str, int]
    gain_share: dict[str, float]
    age_ms: dict[str, float]
    hop_ms: dict[str, float]
    inferences: int
    late_inferences: int
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


def look(stage: Supervisor, settings: Settings) -> Status:
    """The stage now; peaks begin anew."""
    n, levels = stage.board.numbers, stage.board.levels
    rate = max(1, int(n[b.RATE]))
    hops = {name: int(n[place]) for name, place in b.SHARES.items()}
    total = max(1, sum(hops.values()))
    _, (age_p50, age_p99, *hop_ms) = stage.board.readings.read()
    peaks = [peak_db(float(levels[place])) for place in (b.PEAK_IN, b.PEAK_OUT)]
    levels[b.PEAK_IN] = levels[b.PEAK_OUT] = 0.0
    return Status(
        seconds=int(n[b.HEARD]) / rate,
        gaps=int(n[b.GAPS]),
        dry_s=int(n[b.DRY_SAMPLES]) / rate,
        flags=int(n[b.FLAGS]),
        late_hops=int(n[b.LATE_HOPS]),
        repaired=int(n[b.REPAIRED]),
        refused=int(n[b.REFUSED]),
        hops=int(n[b.HOPS]),
        gain_hops=hops,
        gain_share={name: count / total for name, count in hops.items()},
        age_ms={"p50": 1e3 * age_p50, "p99": 1e3 * age_p99},
        hop_ms=dict(zip(("p50", "p99", "p999"), hop_ms, strict=True)),
        inferences=int(n[b.INFERENCES]),
        late_inferences=int(n[b.LATE_INFERENCES]),
        faults=int(n[b.FAULTS]),
        broken={str(slot + 1): why for slot, why in sorted(stage.broken.items())},
        peak_in_db=peaks[0],
        peak_out_db=peaks[1],
        limited_db=take_reduction_db(stage.board.ceiling),
        wet=float(levels[b.AVAILABLE] * levels[b.WET_NOW] * levels[b.ENGINE_WET]),
        slot=int(n[b.SLOT]),
        switches=int(n[b.SWITCHES]),
        lost=stage.lost,
        restarts=stage.restarts,
        stalls=stage.stalls,
        latency=latency(stage, settings),
    )


def latency(stage: Supervisor, settings: Settings) -> dict[str, int]:
    """Samples from line-in to line-out by part, ``device`` as PortAudio states it, and in all."""
    device = stage.device
    rate, block = int(str(device["rate"])), int(str(device["block"]))
    chains = stage.wanted.chains.get(str(rate), 0)
    parts = {"device": int(str(device["device_samples"]))}
    parts |= budget(rate, block, settings, chains)
    declared = parts["device"] + int(stage.board.numbers[b.BEHIND]) + LOOKAHEAD
    return parts | {"total": declared}
