"""Real MIDI ports on the audio server: a controller, a clock, and what is heard of them."""

from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest
import soundfile
import soxr

from engine.config.rig import Clock, Control, FeedbackConfig, Rig, Slot, Switch
from engine.control.clock import TICKS
from engine.host.controller import Controller
from engine.io.jack import delay_of
from engine.io.sources import demo_feed
from engine.state.timeline import Timeline
from engine.takes.recorder import Recorder
from export import handmade
from tests.live.midi_device import MidiDevice
from tests.live.stage import (
    BLOCK,
    Listener,
    counted_since,
    preset,
    stage,
    wrong_places,
)

RATE = 48000
BPM = 174.0


def rig(**parts):
    takeover = [Control(target="wet", control="cc16", takeover="none")]
    return Rig(slots=[Slot(preset="a"), Slot(preset="b")], controls=takeover, **parts)


class Played:
    """The stage with a performer, a take of it, and the time line that both live on."""

    def __init__(self, it, rig, folder):
        self.it, self.controller = it, Controller(it.shared, rig)
        events, note = it.supervisor.events, it.supervisor.note
        self.recorder = Recorder(it.shared, folder / "takes", {}, events, note)
        self._timeline, self._log = Timeline(it.shared), []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self):
        self.recorder.start()
        self.controller.start()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        self.controller.stop()
        self.it.supervisor.end_device()
        self.recorder.stop()

    def _look(self):
        """The server leaves blocks out: the session is late by them from then on."""
        while not self._over.wait(0.002):
            self._timeline.look()
            now = time.monotonic()
            self._log.append((now, self._timeline.session_s(now)))

    def sample(self, time_s):
        """The sample of the session at times of the system."""
        times, session = np.array([entry for entry in self._log if entry[1] is not None]).T
        offset = np.interp(time_s, times, session - times)
        return (np.asarray(time_s) + offset) * RATE

    def take(self):
        """Gain of the take over its dry sound, and the sample of the session it begins with."""
        take = self.recorder.take
        dry, out = (soundfile.read(take / f"{n}.wav", dtype="float32")[0] for n in ("dry", "out"))
        first = self.recorder.first
        return dry, out, first


@contextmanager
def played(folder, rig, models):
    with stage(*models) as it, Played(it, rig, folder) as made:
        yield made


def noise(seconds):
    rng = np.random.default_rng(5)
    return (0.05 * rng.normal(size=(2, round(seconds * RATE)))).astype(np.float32)


def test_a_control_is_heard_within_a_block_and_five_milliseconds(server, tmp_path, figure):
    """Dry and 6 dB more change places: where the ratio leaves either is where it was heard."""
    presses = [(0.2 * i, [0xB0, 16, 0 if i % 2 == 0 else 127]) for i in range(60)]
    with played(tmp_path, rig(), [preset(tmp_path, handmade.flat(6.0))] * 2) as it:
        listener = Listener(tmp_path, noise(18.0))
        controller = MidiDevice(tmp_path, "knobs", presses)
        listener.result()
        sent = it.sample(controller.sent())
        behind = it.it.shared.device.behind + 64
    dry, out, first = it.take()
    ratio = np.ones(len(dry))
    np.divide(out[:, 0], dry[:, 0], out=ratio, where=np.abs(dry[:, 0]) > 1e-3)
    late = []
    for i, at in enumerate(sent):
        # From well before the instant that leaves when the message is sent: where the server has
        # just left blocks out, the two clocks are known to a few milliseconds only.
        begins = round(at) - behind - first - RATE // 50
        was = 10 ** (6 / 20) if i % 2 == 0 else 1.0
        piece = ratio[begins : begins + RATE // 10]
        loud = np.abs(dry[begins : begins + RATE // 10, 0]) > 0.02
        changed = np.flatnonzero(loud & (np.abs(piece - was) > 0.005))
        if len(changed):
            late.append(1000 * (changed[0] - RATE // 50) / RATE)
    p50, p99 = np.percentile(late, (50, 99))
    figure("control change to the first changed sample", f"p50 {p50:.1f}, p99 {p99:.1f} ms")
    # The figure is to be a block and 5 ms; a machine that others use may be away for longer.
    assert len(late) >= 40
    assert 0.0 < np.median(late) <= 4000 * BLOCK / RATE + 20.0


def test_a_switch_falls_on_the_beat_of_a_jittery_clock(server, tmp_path, figure):
    """A clock with 2 ms of jitter; slots are called between its beats and heard on them."""
    beats, every = 96, 4
    rng = np.random.default_rng(2)
    tick_s = 60.0 / (BPM * TICKS)
    true = np.arange(beats * TICKS) * tick_s
    ticks = np.maximum.accumulate(true + rng.uniform(-2e-3, 2e-3, len(true)))
    clock = [(0.0, [0xFA])] + [(float(t) + 0.01, [0xF8]) for t in ticks]
    called = np.arange(32, beats - 8, every)
    beat_s = TICKS * tick_s
    calls = [((n + 0.4) * beat_s, [0xC0, int(i % 2 == 0)]) for i, n in enumerate(called.tolist())]
    asked = rig(clock=Clock(bpm=150.0), switch=Switch(quantise="beat", fade_s=0.05))
    models = [preset(tmp_path / "a"), preset(tmp_path / "b", handmade.flat(6.0))]
    with played(tmp_path, asked, models) as it:
        schedule = sorted(clock + calls)
        listener = Listener(tmp_path, noise(beats * 60 / BPM + 5.0))
        both = MidiDevice(tmp_path, "both", schedule)
        sent = both.sent()
        tempo = it.controller.clocks.tempo
        listener.result()
        offsets = [s - t for s, (t, _) in zip(sent, schedule, strict=True)]
        began = float(np.median(offsets)) + 0.01
        downbeats = it.sample(began + (called + 1) * TICKS * tick_s)
    # A machine that is taken away sends them late: what counts is the tempo that they had.
    ticks_s = np.array([s for s, (_, d) in zip(sent, schedule, strict=True) if d == [0xF8]])
    had = 60.0 / (TICKS * np.median(ticks_s[-384:][96:] - ticks_s[-384:][:-96]) / 96)
    assert tempo.bpm == pytest.approx(had, abs=1.0)
    dry, out, first = it.take()
    ratio = np.ones(len(dry))
    np.divide(out[:, 0], dry[:, 0], out=ratio, where=np.abs(dry[:, 0]) > 1e-3)
    off = []
    for i, at in enumerate(downbeats):
        was = 1.0 if i % 2 == 0 else 10 ** (6 / 20)
        begins = round(at) - first - RATE // 10
        piece, loud = (x[begins : begins + RATE // 4] for x in (ratio, np.abs(dry[:, 0]) > 0.02))
        changed = np.flatnonzero(loud & (np.abs(piece - was) > 0.002 * was))
        if len(changed):
            off.append(1000 * (changed[0] - RATE // 10) / RATE)
    figure(
        "switch against the true beat, 2 ms of jitter",
        f"median {np.median(off):+.2f}, worst {max(off, key=abs):+.2f} ms of {len(off)}",
    )
    # How exact it is, tests/test_perform.py says: a server that leaves blocks out moves the session
    # against the clock, by up to tens of milliseconds while the machine is busy. A beat is 345 ms.
    assert len(off) >= 0.5 * len(downbeats)
    assert abs(np.median(off)) <= 50.0


def test_a_flood_of_messages_is_survived(server, tmp_path, figure):
    """100,000 messages; the last value of a control and the program are not lost."""
    rng = np.random.default_rng(3)
    numbers = rng.integers(0, 128, 100_000)
    flood = [(i / 8000, [0xB0, 16, int(n)]) for i, n in enumerate(numbers)]
    flood += [(100_000 / 8000, [0xB0, 16, 64]), (100_000 / 8000, [0xC0, 1])]
    feed = noise(20.0)
    with played(tmp_path, rig(), [preset(tmp_path)] * 2) as it:
        before = it.it.look()
        listener = Listener(tmp_path, feed)
        controller = MidiDevice(tmp_path, "flood", flood)
        sound, left_out = listener.result()
        controller.sent()
        it.it.until(lambda: it.controller.mapper.wishes.knobs["wet"] == 64 / 127)
        it.it.until(lambda: it.controller.switching.active == 1)
        status = it.it.look()
    events = counted_since(status, before, left_out)
    figure("flood of 100,000 messages: gaps and flags", f"{events}")
    assert np.mean(np.abs(sound[:2, 48000:]).max(axis=0) == 0.0) < 0.02
    assert status.restarts == before.restarts


def test_a_slot_that_cannot_be_loaded_plays_dry(server, tmp_path):
    feed = noise(6.0)
    broken = tmp_path / "broken" / "generator.onnx"
    broken.parent.mkdir()
    broken.write_bytes(b"no model")
    with stage(preset(tmp_path, handmade.flat(6.0)), broken) as it:
        assert it.supervisor.engine["broken"] == [1]
        assert any("slot 2 plays dry" in event.text for event in it.supervisor.events)
        it.shared.call(slot=1)
        it.until(lambda: it.look().switches == 1)
        time.sleep(1.5)
        before = it.look()
        sound, left_out = Listener(tmp_path, feed).result()
        status = it.look()
    delay = delay_of(sound, feed)
    assert delay == status.latency["total"]
    assert wrong_places(sound, feed, delay) <= counted_since(status, before, left_out)


def test_a_controller_is_unplugged_and_comes_back(server, tmp_path):
    """Its values are held, its buttons released, its lights told everything again."""
    asked = Rig(
        slots=[Slot(preset="a"), Slot(preset="b")],
        controls=[
            Control(target="mute", control="note1", port="pads"),
            Control(target="wet", control="cc16", port="pads"),
            Control(target="slot2", control="note2", port="pads"),
        ],
        lights=FeedbackConfig(port="pads-lights"),
        switch=Switch(quantise="now"),
    )
    with played(tmp_path, asked, [preset(tmp_path)] * 2) as it:
        mapper = it.controller.mapper
        sweep = [(0.01 * i, [0xB0, 16, 127 - i]) for i in range(64)]
        presses = [(1.0, [0x90, 2, 99]), (1.1, [0x80, 2, 0]), (1.5, [0x90, 1, 99])]
        first = MidiDevice(tmp_path, "pads", sweep + presses)
        shown = [data for _, data in first.shown()]
        assert [0x90, 1, 0] in shown  # not muted
        assert [0x90, 1, 127] in shown[shown.index([0x90, 1, 0]) :]
        assert [0x90, 2, 127] in shown
        assert [0xB0, 16, 127] in shown
        assert [0xB0, 16, 100] not in shown  # it is being touched
        it.it.until(lambda: not any("pads" in name for name in it.controller.midi.names))
        assert mapper.wishes.mute
        assert mapper.wishes.knobs["wet"] == pytest.approx(64 / 127)
        assert it.controller.switching.active == 1
        again = [(0.2, [0xB0, 16, 10]), (0.3, [0xB0, 16, 11]), (1.0, [0x90, 1, 99])]
        second = MidiDevice(tmp_path, "pads", again)
        shown = [data for _, data in second.shown()]
        assert [0x90, 1, 127] in shown
        assert [0x90, 2, 127] in shown
        assert [0xB0, 16, 64] in shown
        # The button that was held when it went is pressed anew; the knob has to be found again.
        assert not mapper.wishes.mute
        assert mapper.wishes.knobs["wet"] == pytest.approx(64 / 127)


def test_the_tempo_is_heard_on_the_line_in(server, tmp_path, figure):
    """The demo feed, and nobody says its tempo: edge until it is known, then phrase."""
    path, truth = demo_feed()
    sound, rate = soundfile.read(path, start=12 * 44100, frames=26 * 44100, dtype="float32")
    feed = soxr.resample(sound, rate, RATE).T.astype(np.float32)
    asked = Rig(slots=[Slot(preset="a")])
    with played(tmp_path, asked, [preset(tmp_path)]) as it:
        assert it.it.shared.tempo.edge == 0  # as it was started
        it.it.until(lambda: it.it.shared.tempo.edge == 1)
        listener = Listener(tmp_path, 0.5 * feed)
        it.it.until(lambda: it.controller.clocks.lead.known, tries_s=40.0)
        heard_s = it.recorder.seconds
        time.sleep(4.0)
        tempo, known = it.it.shared.wanted_tempo()
        at_s = it.it.shared.device.heard / RATE
        load = it.controller.follower.load
        listener.result()
        assert known
    dry, _, first = it.take()
    begun = first + int(np.argmax(np.abs(dry).max(axis=1) > 0))
    delay = delay_of(np.ascontiguousarray(dry[begun - first :].T), 0.5 * feed)
    downbeat_s = (begun + delay) / RATE + truth.downbeat_s - 12.0
    off = (at_s - downbeat_s) / truth.bar_s - (at_s - tempo.downbeat_s) / tempo.bar_s
    off_ms = 1000 * (off - round(off)) * truth.bar_s
    after_s = heard_s - (begun - first) / RATE
    figure(
        "follower on the demo feed",
        f"{tempo.bpm:.2f} BPM, {off_ms:+.1f} ms, after {after_s:.1f} s, {load:.1%} of a core",
    )
    assert tempo.bpm == pytest.approx(truth.bpm, rel=0.01)
    assert abs(off_ms) < 100.0  # of a beat of 343; a server that leaves blocks out moves it


def test_midi_returns_with_the_audio_server(server, tmp_path, figure):
    """Killed and started again: no dead port is listed, and what was said is heard within 3 s."""
    with played(tmp_path, rig(), [preset(tmp_path)] * 2) as it:
        midi = it.controller.midi
        first = MidiDevice(tmp_path, "pads", [(0.0, [0xB0, 16, 10])] * 2)
        it.it.until(lambda: it.controller.mapper.wishes.knobs["wet"] == 10 / 127)
        assert any("pads" in name for name in midi.names)
        ports = server.ports()
        assert {"doubledrop:in_0", "doubledrop:in_1", "doubledrop:out_0"} <= set(ports)
        assert any(re.fullmatch(r"doubledrop-midi(-\d+)?:in pads pads", port) for port in ports)
        server.kill()
        it.it.until(lambda: not any("pads" in name for name in midi.names), tries_s=3.0)
        first.process.wait(60)
        time.sleep(1.0)
        assert not any("pads" in name for name in [*midi.names, *midi.outputs])
        server.start()
        again = MidiDevice(tmp_path, "pads", [(0.0, [0xB0, 16, 20])])
        it.it.until(lambda: any("pads" in name for name in midi.names), tries_s=10.0)
        returned_s = time.monotonic() - again.ready()
        it.it.until(lambda: it.controller.mapper.wishes.knobs["wet"] == 20 / 127)
        again.sent()
    figure("MIDI back after the audio server", f"{returned_s:.1f} s")
