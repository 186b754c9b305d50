"""The effects of a preset where there is no stage: for a file that is rendered, and `doctor`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from engine.config.rig import Rig
from engine.dsp.settings import Settings
from engine.dsp.stft import STFT
from engine.dsp.tempo import Tempo
from engine.effects.chain import Chain
from engine.effects.specs import SlotStrip
from engine.plugins.admission import admit
from engine.plugins.chains import ChainBuilder, RigChains
from engine.plugins.pool import pooled
from engine.plugins.remote import OFFLINE_S


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
    config = rig.config("cpu", Tempo(120.0), settings)
    if config.strips[0] == SlotStrip():
        yield None, None
        return
    hop = STFT.low_delay(rate, settings.synthesis).hop
    with pooled(admit(config, (rate,)), note) as pooled_config:
        built = RigChains(pooled_config, ChainBuilder(rate, channels, hop, OFFLINE_S))
        for number, place in enumerate(rig.starts().values()):
            built.macros.turn(number, place)
        for chain in (built.before[0], built.after[0]):
            for fault in chain.faults if chain else ():
                note(fault)
        yield built.before[0], built.after[0]
