"""Takes of sound beyond full scale: what 24 bits do not hold is limited, or clipped and said."""

from __future__ import annotations

import threading
import time
from collections import deque

import numpy as np
import soundfile as sf

from engine.config.request import EngineConfig
from engine.dsp.limiter import LOOKAHEAD
from engine.dsp.settings import Settings
from engine.host.session import begin_session
from engine.io import disk
from engine.state import shared_state as b
from engine.state.events import Events
from engine.takes.recorder import Recorder

RATE, N = 48000, 96000
ASKED = EngineConfig([""], "cpu", 120.0, 0.0, Settings())


def test_a_wet_sound_beyond_full_scale_is_limited_and_a_dry_one_said(tmp_path, rng):
    shared, said = b.create(), []
    try:
        made = Recorder(shared, tmp_path, {}, Events(), said.append, deque())
        made.start()
        begin_session(shared, RATE, 128, (2, 2), ASKED, 0)
        began = shared.device.played
        wet = rng.normal(0, 0.1, (2, N + LOOKAHEAD)).astype(np.float32)
        wet[:, N // 2 : N // 2 + 500] *= 20.0  # peaks far above 1 in the middle
        dry = 0.5 * wet[:, :N]
        for first in range(0, N, 2400):
            upto = first + 2400
            shared.write(shared.sound, began + first, wet[:, first : upto + LOOKAHEAD])
            shared.write(shared.feed, began + first, dry[:, first:upto])
            shared.device.made = began + upto + LOOKAHEAD
            shared.device.played = began + upto
            time.sleep(0.02)
        made.stop()
    finally:
        shared.path.unlink(missing_ok=True)
    sound = {name: sf.read(made.take / f"{name}.wav")[0].T for name in ("dry", "wet")}
    found, sent = sound["wet"][:, -N:], wet[:, :N]
    assert np.abs(found).max() < 0.9
    assert np.abs(sent).max() > 1.5
    quiet = slice(0, N // 2 - 200)
    assert np.abs(found[:, quiet] - sent[:, quiet]).max() < 1e-6  # in its place, unchanged
    after = slice(-N // 20, None)  # its gain is released slowly
    assert np.abs(found[:, after] - sent[:, after]).max() < 2e-5
    assert np.abs(sound["dry"]).max() <= 1.0
    assert [text for text in said if "clipped in dry.wav" in text]
    assert made.lost == 0


def test_a_slow_disk_keeps_nothing_from_being_written(tmp_path, monkeypatch):
    """What has been played is in the file soon, though the disk takes long over what it was asked
    to keep: only the power's going needs that."""
    config, done = threading.Event(), threading.Event()

    def slow(_):
        config.set()
        done.wait(30.0)

    monkeypatch.setattr(disk.os, "fsync", slow)
    shared = b.create()
    made = Recorder(shared, tmp_path, {}, Events(), lambda _: None, deque())
    try:
        made.start()
        begin_session(shared, RATE, 128, (2, 2), ASKED, 0)
        began = shared.device.played
        assert config.wait(30.0)
        before = made.seconds
        shared.device.made = began + N + LOOKAHEAD
        shared.device.played = began + N
        deadline = time.monotonic() + 30.0
        while made.seconds < before + N / RATE - 0.01 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert sf.info(made.take / "dry.wav").frames >= N
        assert not done.is_set()
    finally:
        done.set()
        made.stop()
        shared.path.unlink(missing_ok=True)
