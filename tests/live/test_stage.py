"""The stage on a real audio server: what a second client hears, also when things go wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.diagnostics.bench import music
from engine.dsp.frontend import FrontEnd
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.io import jack
from engine.io.jack import delay_of
from engine.models.generator import OnnxGenerator
from engine.offline.render import render
from engine.takes.recorder import Recorder
from export import handmade
from tests.live.stage import (
    BLOCK,
    Listener,
    Stage,
    StoppedThread,
    busy,
    is_never_silent,
    not_a_number,
    preset,
    raising,
    slow,
    stage,
    wrong_places,
)
from tests.program import started

RATE = 48000
PHRASE_S = 5.0  # four bars at 240 BPM and a little: what was heard then is known a phrase later


def counted(status, left_out):
    """What may be heard as a gap, and was counted: by the server, the device or the host."""
    return left_out + status.flags + status.gaps


@pytest.mark.parametrize(
    ("interpreted", "synthesis", "block", "most"),
    [(False, 512, 128, 704), (False, 256, 128, 448), (False, 256, 64, 384), (True, 512, 128, 704)],
)
def test_line_in_is_line_out_at_the_declared_latency(
    server, noise, tmp_path, figure, interpreted, synthesis, block, most
):
    if block != BLOCK:
        server.stop()
        server.start(block=block)
    settings = Settings(wet=0.0, synthesis=synthesis)
    with stage(preset(tmp_path), settings=settings, interpreted=interpreted, block=block) as it:
        flags = it.look().flags
        sound, left_out = Listener(tmp_path, noise, block=block).result()
        status = it.look()
    delay = delay_of(sound, noise)
    kind = f"{'interpreted' if interpreted else 'compiled'}, synthesis {synthesis}, {block} frames"
    figure(f"line-in to line-out, {kind}", f"{delay} samples, declared {status.latency['total']}")
    assert status.latency["total"] <= most
    assert delay == status.latency["total"]
    assert is_never_silent(sound, noise, delay)
    assert wrong_places(sound, noise, delay) <= left_out + status.flags - flags


def test_input_and_output_may_be_two_devices(server, noise, tmp_path, figure):
    """Another client of the server is a device to PortAudio, and states no latency."""
    job = jack.Job("mixer", None, None, [], [])
    mixer = subprocess.Popen(
        [sys.executable, "-m", "engine.io.jack", jack.asked(job)], stdout=subprocess.PIPE
    )
    try:
        assert b"ready" in mixer.stdout.readline()
        with stage(preset(tmp_path), devices=("mixer", "system")) as it:
            before = it.look()
            sound, left_out = Listener(tmp_path, noise).result()
            status = it.look()
            assert it.supervisor.device["input"] == "mixer"
            assert it.supervisor.device["output"] == "system"
    finally:
        mixer.kill()
    delay = delay_of(sound, noise)
    figure("two devices", f"{delay} samples, declared {status.latency['total']}")
    assert delay == status.latency["total"] <= 704
    assert is_never_silent(sound, noise, delay)
    assert wrong_places(sound, noise, delay) <= counted(status, left_out) - counted(before, 0)


def test_half_wet_does_not_comb(server, noise, tmp_path, figure):
    with stage(preset(tmp_path), settings=Settings(wet=0.5)) as it:
        before = it.look()
        sound, left_out = Listener(tmp_path, noise).result()
        status = it.look()
        delay = status.latency["total"]
    error = sound[:2, delay:] - noise[:, :-delay]
    blocks = error[:, : error.shape[-1] // 2048 * 2048].reshape(2, -1, 2048)
    rms = np.sqrt(np.mean(blocks**2, axis=(0, 2)))
    db = 20 * np.log10(np.median(rms) / np.sqrt(np.mean(noise**2)) + 1e-12)
    figure("identity, half wet, live", f"{db:.1f} dB")
    assert db <= -100
    assert status.gain_share["predicted"] + status.gain_share["fresh"] > 0.9
    assert is_never_silent(sound, noise, delay)
    assert wrong_places(sound, noise, delay) <= counted(status, left_out) - counted(before, 0)


def test_live_is_what_render_makes_of_the_same_feed(server, tmp_path, figure):
    """A filter that moves with the bars: the clock counts from the beginning of the session.

    What went out is compared with what is rendered of the line-in as it arrived, so that blocks
    which the server left out are left out of both.
    """
    feed, bpm = music(np.random.default_rng(7), 8.0), 240.0
    model = preset(tmp_path, handmade.downbeat_filter)
    with stage(model, bpm=bpm) as it:
        supervisor = it.supervisor
        made = Recorder(it.shared, tmp_path / "takes", {}, supervisor.events, supervisor.note)
        made.start()
        before = it.look()
        Listener(tmp_path, feed).result()
        status = it.look()
        supervisor.end_device()
        made.stop()
    dry, out = (
        soundfile.read(made.take / f"{name}.wav", dtype="float32", always_2d=True)[0].T
        for name in ("dry", "out")
    )
    sounding = np.flatnonzero(np.abs(dry).max(axis=0) > 1e-4)
    piece = slice(sounding[0], sounding[-1])
    soundfile.write(tmp_path / "feed.wav", dry[:, piece].T, RATE, subtype="FLOAT")
    began_s = (made.first + piece.start) / RATE
    tempo = Tempo(bpm, -began_s % (60 / bpm * 16))
    done = tmp_path / "rendered.wav"
    generator = OnnxGenerator(model, "cpu")
    render(tmp_path / "feed.wav", done, generator, tempo, Settings(), inference_ms=20.0)
    rendered = soundfile.read(done, dtype="float32", always_2d=True)[0].T
    analyser = FrontEnd().at(RATE)
    after_s = slice(4 * RATE, None)  # a phrase has been heard
    live, again, fed = (
        analyser.log_mel(sound[:, after_s]) for sound in (out[:, piece], rendered, dry[:, piece])
    )
    distance = np.mean(np.abs(live - again), axis=1)
    effect = float(np.mean(np.abs(fed - again)))
    figure("live against render, phrase", f"{np.median(distance):.2f} dB of {effect:.1f} dB")
    assert effect > 3.0
    assert np.median(distance) <= 1.0
    gaps = status.gaps - before.gaps
    assert np.mean(distance > 3.0) <= 0.01 + 0.05 * gaps


def test_two_slots_change_places_while_the_music_plays(server, noise, tmp_path, figure):
    """From the identity to 6 dB more and back, by crossfades of half a second."""
    models = [preset(tmp_path / "same"), preset(tmp_path / "more", handmade.flat(6.0))]
    with stage(*models) as it:
        it.shared.call(fade_s=0.5)
        before = it.look()
        listener = Listener(tmp_path, noise)
        for slot in (1, 0):
            time.sleep(1.5)
            it.shared.call(slot=slot)
        sound, left_out = listener.result()
        status = it.look()
    delay = status.latency["total"]
    n = (sound.shape[-1] - delay) // 4800 * 4800
    power = [
        np.mean(x[:2, :n].reshape(2, -1, 4800) ** 2, axis=(0, 2)) for x in (sound[:, delay:], noise)
    ]
    level = 10 * np.log10(power[0] / power[1])
    events = counted(status, left_out) - counted(before, 0)
    assert np.median(level[:8]) == pytest.approx(0.0, abs=0.1)
    assert level.max() == pytest.approx(6.0, abs=0.2)
    assert np.median(level[-8:]) == pytest.approx(0.0, abs=0.1)
    assert np.sum(np.abs(np.diff(level)) > 2.5) <= 2 * events
    assert status.switches == before.switches + 2


def test_the_engine_is_killed(server, noise, tmp_path, figure):
    """No missing sample, and none without the effect: the gains of a phrase ago are still there."""
    with stage(preset(tmp_path)) as it:
        it.until(lambda: it.look().seconds > PHRASE_S)
        before = it.look()
        listener = Listener(tmp_path, noise)
        time.sleep(1.0)
        pid = it.supervisor.engine_pid
        os.kill(pid, signal.SIGKILL)
        events = it.supervisor.events
        took = it.until(lambda: any(event.text == "engine back" for event in events))
        sound, left_out = listener.result()
        status = it.look()
    figure("engine killed: it is back after", f"{took:.1f} s")
    delay = delay_of(sound, noise)
    assert delay == status.latency["total"]
    assert status.restarts == before.restarts + 1
    assert status.dry_s == before.dry_s
    spare = left_out + status.flags - before.flags
    assert is_never_silent(sound, noise, delay)
    assert wrong_places(sound, noise, delay) <= spare


def test_the_engine_stands_still(server, noise, tmp_path):
    with stage(preset(tmp_path)) as it:
        it.until(lambda: it.look().seconds > PHRASE_S)
        before = it.look()
        listener = Listener(tmp_path, noise)
        pid = it.supervisor.engine_pid
        os.kill(pid, signal.SIGSTOP)
        time.sleep(1.5)
        os.kill(pid, signal.SIGCONT)
        sound, left_out = listener.result()
        status = it.look()
    delay = delay_of(sound, noise)
    assert delay == status.latency["total"]
    assert status.restarts == before.restarts
    assert status.dry_s == before.dry_s
    assert is_never_silent(sound, noise, delay)
    assert wrong_places(sound, noise, delay) <= left_out + status.flags - before.flags


def test_the_inference_stands_still_for_three_seconds(server, noise, tmp_path, figure):
    """A model that takes most of a core, so that its thread can be told from the others."""
    with stage(preset(tmp_path, busy)) as it:
        listener = Listener(tmp_path, noise)
        before = it.look()
        thread = StoppedThread(it.supervisor.engine_pid, lambda: it.shared.network.at)
        done = it.look().inferences
        time.sleep(3.0)
        held = it.look()
        assert held.inferences <= done + 1
        assert held.age_ms["p99"] > 1000
        thread.go_on()
        took = it.until(lambda: it.look().inferences > done + 20)
        sound, left_out = listener.result()
        status = it.look()
    figure("inference stopped for 3 s: twenty more after", f"{took:.1f} s")
    delay = delay_of(sound, noise)
    assert delay == status.latency["total"]
    assert status.restarts == before.restarts
    assert is_never_silent(sound, noise, delay)
    assert wrong_places(sound, noise, delay) <= counted(status, left_out) - counted(before, 0)


def test_an_inference_that_never_ends_costs_its_slot_alone(server, noise, tmp_path, figure):
    """It cannot be ended: the slot is out, the engine goes on, and the next slot is wet."""
    with stage(preset(tmp_path / "busy", busy), preset(tmp_path / "other")) as it:
        before = it.look()
        thread = StoppedThread(it.supervisor.engine_pid, lambda: it.shared.network.at)
        try:
            took = it.until(lambda: 0 in it.supervisor.broken)
            assert "cannot be ended" in it.supervisor.broken[0]
            assert any("slot 1 plays dry" in event.text for event in list(it.supervisor.events))
            it.shared.call(slot=1)
            it.until(lambda: it.look().slot == 1 and it.is_wet())
            sound, left_out = Listener(tmp_path, noise).result()
            status = it.look()
        finally:
            thread.go_on()
    figure("inference hung: its slot out after", f"{took:.1f} s")
    delay = delay_of(sound, noise)
    assert delay == status.latency["total"]
    assert status.restarts == before.restarts
    assert is_never_silent(sound, noise, delay)
    assert wrong_places(sound, noise, delay) <= counted(status, left_out) - counted(before, 0)


@pytest.mark.parametrize("rate", [48000, 44100])
def test_the_server_is_killed_and_comes_back(server, noise, tmp_path, figure, rate):
    with stage(preset(tmp_path)) as it:
        first = it.supervisor.device_pid
        server.kill()
        it.until(lambda: it.look().lost == 1)
        it.until(lambda: it.look().wet == 0.0)
        time.sleep(1.0)
        began = time.monotonic()
        server.start(rate)
        it.until(lambda: it.shared.device.level_now == 1.0 and it.is_wet())
        took = time.monotonic() - began
        figure(f"server started again at {rate} Hz: wet after", f"{took:.1f} s")
        assert it.supervisor.device_pid != first
        before = it.look()
        sound, left_out = Listener(tmp_path, noise).result()
        status = it.look()
    delay = delay_of(sound, noise)
    assert delay == status.latency["total"]
    assert is_never_silent(sound, noise, delay)
    assert wrong_places(sound, noise, delay) <= counted(status, left_out) - counted(before, 0)
    assert np.abs(sound).max() <= 1.0


def test_both_cores_are_busy(server, noise, tmp_path, figure):
    busy = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(os.cpu_count() or 2)
    ]
    try:
        with stage(preset(tmp_path)) as it:
            before = it.look()
            sound, left_out = Listener(tmp_path, noise).result()
            status = it.look()
    finally:
        for process in busy:
            process.kill()
    delay = delay_of(sound, noise)
    assert delay == status.latency["total"]
    assert is_never_silent(sound, noise, delay)
    assert wrong_places(sound, noise, delay) <= counted(status, left_out) - counted(before, 0)
    figure("both cores busy: flags, gaps of the server", f"{status.flags}, {left_out}")


@pytest.mark.parametrize("model", [not_a_number, raising, slow], ids=lambda model: model.__name__)
def test_the_network_fails(server, noise, tmp_path, figure, model):
    """All three are the identity where they work, and dry where they do not: nothing is heard."""
    with stage(preset(tmp_path, model)) as it:
        before = it.look()
        sound, left_out = Listener(tmp_path, noise).result()
        status = it.look()
    delay = delay_of(sound, noise)
    share = ", ".join(f"{name} {part:.0%}" for name, part in status.gain_share.items())
    figure(f"network: {model.__name__}", f"{status.faults} faults, {share}")
    assert delay == status.latency["total"]
    assert is_never_silent(sound, noise, delay)
    assert wrong_places(sound, noise, delay) <= counted(status, left_out) - counted(before, 0)
    assert status.restarts == 0
    if model is slow:
        assert status.inferences > before.inferences
        assert status.age_ms["p99"] > 2 * 87  # of those that are shipped
    else:
        assert status.faults > 0
        # Since the music began: until then it worked.
        gains = {name: n - before.gain_hops[name] for name, n in status.gain_hops.items()}
        assert gains["held"] > 0
        assert gains["dry"] > 0.05 * sum(gains.values())
        assert any("generator" in event.text for event in it.supervisor.events)


def test_a_thread_hogs_the_interpreters(server, noise, tmp_path, figure, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "hog"), prepend=os.pathsep)
    it = Stage([preset(tmp_path)], Settings(), 240.0, False)
    it.supervisor.start()
    monkeypatch.undo()
    try:
        it.until(lambda: sum(it.look().gain_hops.values()) > 500)
        before = it.look()
        sound, left_out = Listener(tmp_path, noise).result()
        status = it.look()
    finally:
        it.supervisor.stop()
    delay = delay_of(sound, noise)
    late = status.late_gains - before.late_gains
    figure("interpreters hogged: gaps, late gains", f"{status.gaps}, {late}")
    assert status.gaps == before.gaps
    assert delay == status.latency["total"]
    assert is_never_silent(sound, noise, delay)
    assert wrong_places(sound, noise, delay) <= left_out + status.flags - before.flags


def test_nothing_is_louder_than_full_scale(server, tmp_path):
    rng = np.random.default_rng(6)
    loud = (3.0 * rng.normal(size=(2, 3 * RATE))).astype(np.float32)
    loud[:, RATE] = np.nan
    loud[:, 2 * RATE] = np.inf
    with stage(preset(tmp_path)) as it:
        sound, _ = Listener(tmp_path, loud).result()
        assert it.look().repaired == 4
    assert np.isfinite(sound).all()
    assert 0.5 < np.abs(sound).max() <= 10 ** (-1 / 20)


@pytest.mark.parametrize("cable", [True, False])
def test_doctor_measures_the_device_through_a_cable(server, cable, figure):
    """The cable is a client that passes on what it hears, one block later."""
    client = None
    if cable:
        job = jack.Job("cable", None, None, ["doubledrop:in_0"], ["doubledrop:out_0"])
        client = subprocess.Popen(
            [sys.executable, "-m", "engine.io.jack", jack.asked(job)], stdout=subprocess.DEVNULL
        )
        while "cable:out_1" not in server.ports():  # it has been compiled, and looks for ours
            assert client.poll() is None
            time.sleep(0.05)
    command = "doctor --loopback --preset downbeat-filter --seconds 1 --json"
    done = started(*command.split())
    if client is not None:
        client.kill()
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    figure(f"doctor: loopback{'' if cable else ', no cable'}", f"{found['loopback']} samples")
    if cable:
        assert found["loopback"] == found["round_trip"]["device"]
        assert found["loopback"] % BLOCK == 0
        assert 2 * BLOCK <= found["loopback"] <= 6 * BLOCK
    else:
        assert found["loopback"] is None


def test_a_short_soak_counts_what_drops_out(server, tmp_path):
    rig = tmp_path / "rig.toml"
    rig.write_text(
        '[[slots]]\npreset = "downbeat-filter"\n[[slots.chain]]\neffect = "Reverb"\n'
        '[[slots]]\npreset = "downbeat-filter"\n'
    )
    done = started("soak", rig, "--minutes", 0.2, "--json", "--report", tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["seconds"] == pytest.approx(12.0, abs=0.1)
    assert found["switches"] >= 1
    assert found["dropouts"]["host"] <= found["left_out"] + found["flags"]
    assert found["gain_share"]["predicted"] + found["gain_share"]["fresh"] > 0.9
    assert found["memory_mib"]["end"] > 50
    assert (tmp_path / "soak.png").stat().st_size > 20000
