"""A gig once more: device, network and effects led by what they decided then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.dsp.arrays import Audio
from engine.io.files import SoundReader, SoundWriter
from engine.models.loading import load_slots
from engine.offline.render import Progress
from engine.offline.replayer import Replayer
from engine.offline.unpaced import offline_board
from engine.plugins.pool import CHANCES, pooled
from engine.state import shared_state as b
from engine.takes.take import Take, hash_of

_SAME = 1e-4  # samples this near to what was recorded are what was recorded: -80 dB


@dataclass(frozen=True)
class Replay:
    """What became of a take that was played again.

    Attributes:
        seconds: of sound.
        same_share: samples that are within -80 dB of what was recorded, 0 … 1; without the last
            ones, as many as the latency, which were made of a line-in that is not in the take.
        error_db: power of the difference to what was recorded, dB of it; of the whole take.
        changed: networks that are not those of the take.
        faults: what went wrong this time.
    """

    seconds: float
    same_share: float
    error_db: float
    changed: list[str]
    faults: list[str]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return dict(vars(self))


def replay(
    take: Take,
    sink: Path,
    provider: str,
    progress: Progress | None = None,
    force: bool = False,
) -> Replay:
    """Play a take again, decision by decision, and compare it with what went out.

    Args:
        take: the take.
        sink: sound file to write.
        provider: where inference runs.
        progress: told samples done and samples in all.
        force: whether the sink may be a file that is not ours.

    Raises:
        InputError: a file is damaged.
        OutputError: the sink cannot be written.
        PresetError: the file of a network is gone.
    """
    loaded = load_slots(take.config.models, provider)
    before = take.hashes
    changed = [
        m for m, known in zip(take.config.models, before, strict=True) if hash_of(m) != known
    ]
    faults = loaded.said
    with (
        SoundReader(take.folder / "dry.wav") as dry,
        SoundReader(take.folder / "out.wav") as out,
        pooled(take.config, faults.append, CHANCES) as config,
        offline_board(config) as shared,
    ):
        take = replace(take, config=config)
        frames = min(dry.frames, out.frames)
        player = Replayer(shared, take, loaded.generators, faults)
        off = power = same = 0.0
        form = take.rate, b.CHANNELS
        with SoundWriter(sink, *form, inputs=take.files, force=force) as writer:
            done = 0
            for played in player.play(lambda n: _read(dry, n)):
                sound = played[:, : frames - done]
                wanted = _read(out, sound.shape[-1])
                known = max(0, frames - shared.device.behind - done)
                error = np.abs(sound - wanted)[:, :known]
                off += float(np.vdot(error, error))
                power += float(np.vdot(wanted[:, :known], wanted[:, :known]))
                same += float(np.count_nonzero(error.max(axis=0, initial=0.0) <= _SAME))
                writer.write(sound)
                done += sound.shape[-1]
                if progress is not None:
                    progress(done, frames)
                if done >= frames:
                    break
            writer.keep()
        player.close()
    return Replay(
        seconds=frames / take.rate,
        same_share=same / max(1, frames - shared.device.behind),
        error_db=float(10 * np.log10(max(off, 1e-30) / max(power, 1e-30))),
        changed=changed,
        faults=faults,
    )


def _read(file: SoundReader, n: int) -> Audio:
    """The next samples, (2, n); silence after the end."""
    sound = file.read(n)
    return np.pad(sound, ((0, 0), (0, n - sound.shape[-1])))
