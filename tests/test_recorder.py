"""Takes of sound beyond full scale: what 24 bits do not hold is limited, or clipped and said."""

from __future__ import annotations

import threading
import time
from collections import deque

import numpy as np
import soundfile as sf

from engine.dsp.limiter import LOOKAHEAD
from engine.live import board as b
from engine.live import disk
from engine.live.asked import Asked
from engine.live.events import Events
from engine.live.opening import begin_session
from engine.live.recorder import Recorder
from engine.stages.host import Settings

RATE, N = 48000, 96000
ASKED = Asked([""], "cpu", 120.0, 0.0, Settings())


def test_a_wet_sound_beyond_full_scale_is_limited_and_a_dry_one_said(tmp_path, rng):
    board, said = b.create(), []
    try:
        made = Recorder(board, tmp_path, {}, Events(), said.append, deque())
        made.start()
        begin_session(board, RATE, 128, (2, 2), ASKED, 0)
        began = board.device.played
        wet = rng.normal(0, 0.1, (2, N + LOOKAHEAD)).astype(np.float32)
        wet[:, N // 2 : N // 2 + 500] *= 20.0  # peaks far above 1 in the middle
        dry = 0.5 * wet[:, :N]
        for first in range(0, N, 2400):
            upto = first + 2400
            board.write(board.sound, began + first, wet[:, first : upto + LOOKAHEAD])
            board.write(board.feed, began + first, dry[:, first:upto])
            board.device.made = began + upto + LOOKAHEAD
            board.device.played = began + upto
            time.sleep(0.02)
        made.stop()
    finally:
        board.path.unlink(missing_ok=True)
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
    asked, done = threading.Event(), threading.Event()

    def slow(_):
        asked.set()
        done.wait(30.0)

    monkeypatch.setattr(disk.os, "fsync", slow)
    board = b.create()
    made = Recorder(board, tmp_path, {}, Events(), lambda _: None, deque())
    try:
        made.start()
        begin_session(board, RATE, 128, (2, 2), ASKED, 0)
        began = board.device.played
        assert asked.wait(30.0)
        before = made.seconds
        board.device.made = began + N + LOOKAHEAD
        board.device.played = began + N
        deadline = time.monotonic() + 30.0
        while made.seconds < before + N / RATE - 0.01 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert sf.info(made.take / "dry.wav").frames >= N
        assert not done.is_set()
    finally:
        done.set()
        made.stop()
        board.path.unlink(missing_ok=True)
