"""The effects of a preset where there is no stage: for a file that is rendered, and `doctor`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from engine.dsp.stft import STFT
from engine.dsp.tempo import Tempo
from engine.live.admission import admit
from engine.live.chains import Built, Workshop
from engine.live.external import OFFLINE_S
from engine.live.rack import racked
from engine.live.rig import Rig
from engine.stages.chain import Chain
from engine.stages.host import Settings


@contextmanager
def effects_of(
    preset: str, settings: Settings, rate: int, channels: int, note: Callable[[str], None]
) -> Iterator[tuple[Chain | None, Chain | None]]:
    """A preset's effects, before and behind its generator, its knobs where they begin.

    Args:
        preset: name or folder.
        settings: how it renders.
        rate: hertz.
        channels: number of channels.
        note: told which effects are left out, and what goes wrong with the others.
    """
    rig = Rig.of_preset(preset, 120.0, 1.0)
    asked = rig.asked("cpu", Tempo(120.0), settings)
    if not any(asked.lanes[0].values()):
        yield None, None
        return
    hop = STFT.low_delay(rate, settings.synthesis).hop
    with racked(admit(asked, (rate,)), note) as wired:
        built = Built(wired, Workshop(rate, channels, hop, OFFLINE_S))
        for number, place in enumerate(rig.starts().values()):
            built.macros.turn(number, place)
        for chain in (built.before[0], built.after[0]):
            for fault in chain.faults if chain else ():
                note(fault)
        yield built.before[0], built.after[0]
