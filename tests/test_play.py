"""Playing without an audio device: the same engine, in real time, into a file."""

from __future__ import annotations

import resource
import signal
import subprocess
import time

import numpy as np
import pytest
import soundfile as sf

from engine.dsp.tempo import Tempo
from engine.errors import DeviceError, GeneratorError
from engine.live import devices
from engine.live.inference import Background
from engine.live.play import Player
from engine.live.sources import FileSink, FileSource, NoSink, demo_feed
from engine.live.tracker import track
from engine.stages.host import Settings
from tests.feeds import sine
from tests.program import START, started


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


def test_player_records_every_sample_and_the_latency(tmp_path, generator):
    path, tempo = demo_feed()
    source = FileSource(path)
    sink = FileSink(tmp_path / "out.wav", source.rate, source.channels)
    player = Player(source, sink, False, generator("identity"), tempo, Settings(), seconds=1.0)
    begun = time.monotonic()
    player.start()
    assert player.join(60)
    assert player.error is None
    assert time.monotonic() - begun >= 0.95  # in real time, not faster
    dry, rate = sf.read(path, always_2d=True, dtype="float32")
    wet, _ = sf.read(tmp_path / "out.wav", always_2d=True, dtype="float32")
    late = player.meters.latency
    assert len(wet) >= rate + late
    assert np.abs(wet[late : rate + late] - dry[:rate]).max() <= 1e-5
    assert player.meters.peak_out > 0


def test_what_is_recorded_stays_below_the_ceiling(tmp_path, generator):
    path = tmp_path / "loud.wav"
    sf.write(path, sine(997.0, 1.0, 44100, 0.99).T, 44100, subtype="FLOAT")
    source, sink = FileSource(path), FileSink(tmp_path / "out.wav", 44100, 1)
    player = Player(source, sink, False, generator("flat"), Tempo(174.0), Settings())
    player.start()
    assert player.join(60)
    sound, _ = sf.read(tmp_path / "out.wav")
    assert 0.7 < np.abs(sound).max() < 10 ** (-1.0 / 20)


def test_a_fault_of_the_generator_is_counted_and_the_sound_goes_on(generator):
    path, tempo = demo_feed()
    model = generator("identity")

    class Faulty:
        front_end, level_db, view = model.front_end, model.level_db, 0
        warm = model.warm

        def __call__(self, image, period):
            raise GeneratorError("generator", "fell over", cure="Stand up.")

    player = Player(FileSource(path), NoSink(), False, Faulty(), tempo, Settings(), seconds=0.5)
    player.start()
    assert player.join(60)
    assert player.error is None
    assert player.meters.faults > 0
    assert "fell over" in player.meters.fault
    assert player.meters.share["dry"] == pytest.approx(1.0)


def test_play_without_a_device_plays_the_demo_into_a_file(tmp_path):
    options = ["--seconds", "2", "--input", "demo", "--output", "out.wav"]
    done = started("play", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "recording: out.wav" in done.stdout
    assert "picture:   out.png" in done.stdout
    assert sf.info(tmp_path / "out.wav").duration >= 2.0
    assert (tmp_path / "out.png").stat().st_size > 10_000


def test_ctrl_c_keeps_what_was_recorded(tmp_path):
    process = subprocess.Popen(
        [*START, "play", "--input", "demo", "--output", "out.wav"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    part = tmp_path / "out.wav"
    for _ in range(400):
        if part.exists() and part.stat().st_size > 500_000:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "recording: out.wav" in out
    sound, _ = sf.read(tmp_path / "out.wav")
    assert len(sound) > 30_000


def _full_disk():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))


def test_a_full_disk_keeps_what_was_recorded(tmp_path):
    take = tmp_path / "take.wav"
    options = ["--input", "demo", "--output", take, "--seconds", "15"]
    done = started("play", *options, preexec_fn=_full_disk)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"doubledrop: {take}: cannot be written")
    assert str(take) in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["take.wav"]
    sound, rate = sf.read(take)
    assert 1_500_000 / 8 / rate - 0.2 < len(sound) / rate < 1_500_000 / 8 / rate
    assert np.abs(sound[rate:]).max() > 0.1


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
