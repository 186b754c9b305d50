"""A streaming generator on a real audio server: live is what is rendered."""

from __future__ import annotations

import json
import os
import signal

import numpy as np
import soundfile

from engine.diagnostics.bench import music
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.models.executors import Scheduled
from engine.models.generator import StreamingOnnx
from engine.offline.signal_chain import SignalChain
from engine.takes.recorder import Recorder
from tests.live.stage import Listener, stage
from tests.streaming import write

RATE, BPM, HOP = 48000, 240.0, 128
SETTLED_S = 11.0  # level, phrase and state of an engine that began anew


def test_live_is_what_is_rendered_after_the_engine_was_killed_too(server, tmp_path, figure):
    """Within -120 dB, as the recording has them: what a second engine plays is what the first would
    have played. Which answers were late is the machine's own share, and in the take."""
    model = write(tmp_path / "preset" / "generator.onnx")
    feed = 0.1 * music(np.random.default_rng(7), 32.0)  # so that the ceiling has nothing to do
    with stage(model, bpm=BPM) as it:
        supervisor = it.supervisor
        made = Recorder(it.shared, tmp_path / "takes", {}, supervisor.events, supervisor.note)
        made.start()
        listener = Listener(tmp_path, feed)
        it.until(lambda: made.seconds > 14.0)
        killed = it.shared.device.heard - made.first
        os.kill(supervisor.engine_pid, signal.SIGKILL)
        listener.result()
        status = it.look()
        supervisor.end_device()
        made.stop()
    dry, wet = (
        soundfile.read(made.take / f"{name}.wav", dtype="float32", always_2d=True)[0].T
        for name in ("dry", "wet")
    )
    skip = -made.first % HOP  # hops are counted from the beginning of the device
    origin = made.first + skip
    whole = (dry.shape[-1] - skip) // HOP * HOP
    feed = np.ascontiguousarray(dry[:, skip : skip + whole])

    def shares(decided):
        """Of the samples before and after the engine was killed that are what is rendered."""
        tempo = Tempo(BPM, -origin / RATE)
        generator = StreamingOnnx(model, "cpu", threads=1)
        form = generator, Scheduled(0), RATE, 2, tempo, Settings()
        host = SignalChain(*form, origin=origin, decided=decided)
        rendered = host.process(feed)[:, host.latency :]
        assert np.abs(rendered - feed[:, : rendered.shape[-1]]).mean() > 1e-3
        # Recordings are kept in 24 bits, behind a ceiling that multiplies by 1.
        live = wet[:, skip : skip + rendered.shape[-1]]
        same = (np.abs(live - rendered) <= 2.0**-20).all(axis=0).reshape(-1)
        before = same[round(SETTLED_S * RATE) : killed - RATE]
        after = same[killed + round(4.0 * RATE) :]  # wet again, from what the ring still held
        return float(before.mean()), float(after.mean())

    lines = (made.take / "decisions.jsonl").read_text().splitlines()
    rows = [row for row in map(json.loads, lines) if row["what"] == "heard_by"]
    plain, told = shares(None), shares([(int(row["column"]), int(row["by"])) for row in rows])
    figure("streaming, live against render: samples that are the same", f"{plain[0]:.2%}")
    figure("the same, after the engine was killed", f"{plain[1]:.2%}")
    figure("the same, told which answers were late", f"{told[0]:.2%}, {told[1]:.2%}")
    figure("streaming: answers that were late", f"{status.late_gains}")
    figure("streaming: age of gains, p50, p99", f"{status.age_ms}")
    assert min(told) > 0.99
    assert min(plain) > 0.5
