"""Playing without an audio device: the same engine, in real time, into a file."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import time
from contextlib import contextmanager

import mido
import numpy as np
import pytest
import soundfile as sf

from engine.beat.file_tracker import track
from engine.config.request import DeviceConfig, EngineConfig
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.errors import DeviceError, OutputError
from engine.host.status import look
from engine.host.supervisor import Supervisor
from engine.io import devices
from engine.io.sources import FileSource, demo_feed
from engine.models.executors import Background
from export import handmade
from tests.feeds import sine
from tests.live.stage import raising
from tests.program import START, doubledrop, started


def test_demo_feed_says_what_it_is():
    path, tempo = demo_feed()
    info = sf.info(path)
    assert path.stat().st_size <= 3_000_000
    assert 40 <= info.duration <= 50
    assert (tempo.bpm, tempo.downbeat_s) == (175.0, 0.25)


def test_tempo_and_downbeat_of_the_demo_feed_are_found(figure):
    path, truth = demo_feed()
    heard = track(path, 175.0)
    bar = (heard.downbeat_s - truth.downbeat_s) / truth.bar_s
    off = abs(bar - round(bar)) * truth.bar_s * 1000
    figure("tracker on the demo feed", f"{heard.bpm:.2f} BPM, downbeat {off:.0f} ms off")
    assert heard.bpm == pytest.approx(175.0, rel=1e-3)
    assert off <= 30


def test_nothing_to_track_in_silence(tmp_path):
    sf.write(tmp_path / "silence.wav", np.zeros(48000), 48000)
    assert track(tmp_path / "silence.wav", 175.0) is None


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_a_file_plays_at_the_rate_of_the_device(rate, tmp_path):
    t = np.arange(44100) / 44100
    sf.write(tmp_path / "sine.wav", 0.5 * np.sin(2 * np.pi * 1000 * t), 44100, subtype="FLOAT")
    source = FileSource(tmp_path / "sine.wav", rate)
    blocks = []
    while (block := source.read(128)) is not None:
        assert block.shape == (1, 128)
        blocks.append(block[0])
    sound = np.concatenate(blocks)[: source.frames]
    assert len(sound) == rate
    middle = slice(rate // 4, rate // 2)
    wanted = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(rate) / rate)
    assert np.abs(sound[middle] - wanted[middle]).max() <= 1e-3


@contextmanager
def rehearsal(folder, model, feed, tempo=None, **changed):
    """The stage with files at both ends, until it is stopped."""
    tempo = tempo or Tempo(174.0)
    form = {"feed": str(feed), "kept": str(folder / "out.wav")} | changed
    config = EngineConfig([str(model)], "cpu", tempo.bpm, tempo.downbeat_s, Settings())
    stage = Supervisor(DeviceConfig("in", "out", None, 128, True, config, **form))
    try:
        stage.start()
        yield stage
    finally:
        stage.stop()


def test_a_file_is_recorded_sample_for_sample_in_real_time(tmp_path, model_path):
    path, tempo = demo_feed()
    with rehearsal(tmp_path, model_path("identity"), path, tempo, seconds=1.5) as stage:
        begun = time.monotonic()
        assert stage.over.wait(60)
        assert time.monotonic() - begun >= 1.2  # in real time, not faster
        assert stage.fault is None
        status = look(stage)
        assert status.gaps == 0
        assert status.latency["total"] == 448
    dry, rate = sf.read(path, always_2d=True, dtype="float32")
    wet, _ = sf.read(tmp_path / "out.wav", always_2d=True, dtype="float32")
    assert wet.shape == (1.5 * rate, 2)
    assert np.abs(wet - dry[: len(wet)]).max() <= 1e-5


def test_a_file_ends_with_its_last_sample_and_stays_below_the_ceiling(tmp_path, model_path):
    path = tmp_path / "loud.wav"
    sf.write(path, sine(997.0, 1.0, 44100, 0.99).T, 44100, subtype="FLOAT")
    with rehearsal(tmp_path, model_path("flat"), path) as stage:
        assert stage.over.wait(60)
    sound, _ = sf.read(tmp_path / "out.wav")
    assert sound.shape == (44100,)
    assert 0.7 < np.abs(sound).max() < 10 ** (-1.0 / 20)
    assert np.abs(sound[-100:]).max() > 0.5


def test_a_fault_of_the_generator_is_counted_and_the_sound_goes_on(tmp_path):
    path, tempo = demo_feed()
    model = handmade.write(raising, tmp_path / "generator.onnx")
    with rehearsal(tmp_path, model, path, tempo, seconds=3.0) as stage:
        assert stage.over.wait(60)
        status = look(stage)
        assert any("generator" in event.text for event in stage.events)
    assert status.faults > 0
    sound, rate = sf.read(tmp_path / "out.wav")
    assert np.abs(sound[-rate // 2 :]).max() > 0.05


def test_a_full_disk_keeps_what_was_recorded(tmp_path, model_path):
    path, tempo = demo_feed()
    most = 800_000
    with rehearsal(tmp_path, model_path("identity"), path, tempo, seconds=30.0) as stage:
        resource.prlimit(stage.device_pid, resource.RLIMIT_FSIZE, (most, most))
        assert stage.over.wait(60)
        assert isinstance(stage.fault, OutputError)
        assert str(stage.fault).startswith(f"{tmp_path / 'out.wav'}: cannot be written")
        assert stage.fault.exit_status == 1
    assert [path.name for path in tmp_path.iterdir()] == ["out.wav"]
    sound, rate = sf.read(tmp_path / "out.wav")
    assert most / 6 / rate - 0.2 < len(sound) / rate <= most / 6 / rate  # of 24 bits
    assert np.abs(sound[rate:]).max() > 0.1


def test_a_process_of_the_files_that_is_killed_ends_the_playing(tmp_path, model_path):
    path, tempo = demo_feed()
    with rehearsal(tmp_path, model_path("identity"), path, tempo, kept="") as stage:
        os.kill(stage.device_pid, signal.SIGKILL)
        assert stage.over.wait(60)
        assert "ended with status -9" in str(stage.fault)
        assert not stage.lost


RIG = """
[clock]
bpm = 120.0
sources = ["fixed"]
[[slots]]
preset = "downbeat-filter"
[[slots]]
preset = "downbeat-filter"
program = 7
[[slots.chain]]
effect = "Gain"
gain_db = -6.0
[[macros]]
moves = [{ slot = 2, effect = "Gain", parameter = "gain_db", low = -6.0, high = 0.0 }]
[switch]
quantise = "beat"
"""


def test_a_rig_without_devices_rehearses_with_everything_it_has(tmp_path):
    """Slots, controls, clock, effects, macros and a take, on a file, where there is no device."""
    (tmp_path / "rig.toml").write_text(RIG, encoding="utf-8")
    track = mido.MidiTrack(
        [mido.Message("program_change", program=7, time=500)]
        + [mido.Message("control_change", control=18, value=v, time=20) for v in range(0, 128, 9)]
        + [mido.Message("control_change", control=20, value=0, time=20)]
    )
    mido.MidiFile(tracks=[track], ticks_per_beat=500).save(tmp_path / "set.mid")  # 1 ms a tick
    sf.write(tmp_path / "short.wav", sine(997.0, 1.0, 44100, 0.25).T, 44100)
    files = ["--input", "short.wav", "--loop", "--output", "out.wav", "--seconds", "4"]
    options = ["--record", "takes", "--midi", "set.mid", "--json"]
    done = started("play", "rig.toml", *files, *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["device"]["input"], said["device"]["output"]) == ("short.wav", "out.wav")
    assert (said["gaps"], said["slot"], said["switches"]) == (0, 1, 1)
    sound, rate = sf.read(tmp_path / said["recording"])
    assert len(sound) == 4 * rate
    assert np.abs(sound[-1000:]).max() > 0.05  # it has begun again at its end
    take = tmp_path / said["take"]
    lengths = {sf.info(take / f"{name}.wav").frames for name in ("dry", "wet", "out")}
    assert len(lengths) == 1
    assert 3.9 <= lengths.pop() / said["device"]["rate"] <= 4.2
    decisions = [json.loads(line) for line in (take / "decisions.jsonl").open(encoding="utf-8")]
    assert any(x["what"] == "macro" and x["place"] > 0.9 for x in decisions)
    state = json.loads((tmp_path / "rig.state.json").read_text())
    assert state["slot"] == 1
    assert state["macro1"] > 0.9
    again = started("render", "--take", said["take"], "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["same_share"] == 1.0  # from its first sample on


def test_play_without_a_device_plays_the_demo_into_a_file(tmp_path):
    options = ["--seconds", "2", "--input", "demo", "--output", "out.wav"]
    done = started("play", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "recording: out.wav" in done.stdout
    assert "picture:   out.png" in done.stdout
    assert sf.info(tmp_path / "out.wav").duration == 2.0
    assert (tmp_path / "out.png").stat().st_size > 10_000


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_what_was_recorded_is_kept_whatever_ends_it(how, tmp_path):
    """Ctrl-C says where it is; a program that is killed leaves it complete."""
    process = subprocess.Popen(
        [*START, "play", "--preset", "downbeat-filter", "--input", "demo", "--output", "out.wav"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60.0
    while not any(path.stat().st_size > 500_000 for path in tmp_path.iterdir()):
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(how)
    out, err = process.communicate(timeout=60)  # until its children have closed these, too
    if how is signal.SIGINT:
        assert process.returncode in (0, 130), err
        assert "recording: out.wav" in out
    sound, rate = sf.read(tmp_path / "out.wav")
    assert 500_000 / 6 - 0.2 * rate < len(sound)
    assert np.abs(sound[rate:]).max() > 0.1
    assert sf.info(tmp_path / "out.wav").frames == len(sound)


def test_a_file_that_is_cut_is_played_and_told(tmp_path):
    """Its header promises twice as much as there is."""
    sf.write(tmp_path / "whole.wav", np.full((44100, 2), 0.1), 44100)
    whole = (tmp_path / "whole.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[: len(whole) // 2])
    ends = "--input", tmp_path / "cut.wav", "--output", "none"
    done = doubledrop("play", *ends, "--preset", "downbeat-filter", "--bpm", "174")
    assert done.returncode == 0, done.stderr
    assert "promises 1.00 s, 0.50 s could be read" in done.stderr


def test_an_unknown_device_is_named_with_the_cure():
    with pytest.raises(DeviceError, match=r"no such card.*doubledrop devices"):
        devices.find("no such card", "input")


def test_without_portaudio_the_cure_is_named(monkeypatch):
    def missing():
        raise DeviceError("PortAudio", "not found", cure="Install it: libportaudio2")

    monkeypatch.setattr(devices, "portaudio", missing)
    with pytest.raises(DeviceError, match="libportaudio2"):
        devices.devices()


@pytest.mark.parametrize("direction", ["input", "output"])
def test_a_device_is_found_by_a_part_of_its_name(monkeypatch, direction):
    cards = [
        devices.Device(i, name, 2, 2, 48000.0, "ALSA", i == 1, i == 1)
        for i, name in enumerate(["Scarlett 2i2", "Built-in", "Scarlett 18i8"])
    ]
    monkeypatch.setattr(devices, "devices", lambda: cards)
    assert devices.find("built", direction) is cards[1]
    assert devices.find("Scarlett 2i2", direction) is cards[0]
    assert devices.find(None, direction) is cards[1]
    with pytest.raises(DeviceError, match="several match"):
        devices.find("scarlett", direction)


def test_any_exception_of_an_inference_is_a_fault_of_its_slot_alone():
    inference = Background()

    def job():
        raise ZeroDivisionError

    for fault in (1, 2):
        assert inference.idle()
        inference.submit(job, 0)
        inference.close()  # waits for it
        assert inference.collect(0) is None
        assert (inference.faults, inference.is_out) == (fault, fault == 2)
    assert "ZeroDivisionError" in inference.fault
