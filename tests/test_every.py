"""How often a window is restyled: a dial between load and age."""

from __future__ import annotations

import numpy as np
import pytest

from engine.config.rig import read_rig
from engine.dsp.frontend import FrontEnd
from engine.dsp.published import Publisher, published
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo, bucket
from engine.errors import RigError
from engine.inference.window_inference import WindowInference
from engine.models.executors import Scheduled

RATE, HOP = 24000, 128


@pytest.mark.parametrize(
    ("every", "a_second"), [("column", 86.1), ("eighth", 8.0), ("quarter", 4.0)]
)
def test_a_window_is_restyled_so_often(generator, every, a_second):
    tempo, runner = Tempo(240.0), Scheduled(0)
    analyser = FrontEnd().at(RATE)
    width = bucket(tempo.phrase_s / FrontEnd().hop_s)
    publisher = Publisher(published(1, 128, 0, width), 0)
    it = WindowInference(
        generator("identity"),
        runner,
        publisher,
        analyser,
        tempo,
        2,
        "phrase",
        tempo.phrase_s,
        True,
        every,
    )
    seconds, silence = 6, np.zeros((2, HOP), np.float32)
    for _ in range(seconds * RATE // HOP):
        it.hear(silence, True)
    runner.close()
    assert publisher.images / seconds == pytest.approx(a_second, rel=0.05)
    it.follow(Tempo(120.0), True)  # notes are twice as long
    before, more = publisher.images, 4
    for _ in range(more * RATE // HOP):
        it.hear(silence, True)
    wanted = a_second if every == "column" else a_second / 2
    assert (publisher.images - before) / more == pytest.approx(wanted, rel=0.15)


def test_a_rig_says_how_often(tmp_path):
    path = tmp_path / "rig.toml"
    path.write_text('inference = { every = "quarter" }\n[[slots]]\npreset = "downbeat-filter"\n')
    rig = read_rig(path)
    assert rig.config("cpu", rig.clock.tempo(), Settings()).settings.every == "quarter"
    path.write_text('inference = { every = "bar" }\n[[slots]]\npreset = "downbeat-filter"\n')
    with pytest.raises(RigError, match="every"):
        read_rig(path)
