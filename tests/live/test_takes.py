"""What a take holds, and what becomes of it when the disk is full or everything is killed."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import soundfile

from engine.io.jack import delay_of
from engine.takes.recorder import NAMES, Recorder
from tests.live.stage import (
    Listener,
    is_never_silent,
    kept_share,
    played_twice,
    preset,
    stage,
    wrong_places,
)
from tests.program import START

RATE = 48000


def recorder(it, folder):
    made = Recorder(it.shared, folder, {"preset": "x"}, it.supervisor.events, it.supervisor.note)
    made.start()
    return made


def sounds(take):
    return {name: soundfile.read(take / f"{name}.wav", dtype="float32")[0].T for name in NAMES}


def test_a_take_is_what_was_heard_and_played(server, noise, tmp_path, figure):
    with stage(preset(tmp_path)) as it:
        before = it.look()
        made = recorder(it, tmp_path / "takes")
        time.sleep(0.5)
        it.supervisor.note("something happened")
        sound, _ = Listener(tmp_path, noise).result()
        delay = it.look().latency["total"]
        it.supervisor.end_device()
        made.stop()
        status = it.look()
    heard = sounds(made.take)
    assert len({x.shape for x in heard.values()}) == 1
    assert made.lost == 0
    assert not made.error
    begun = int(np.argmax(np.abs(heard["dry"][0]) > 0))
    # The dry take is the feed that was sent, and the others lie on it: the network is the identity.
    at = begun + delay_of(heard["dry"][:, begun:], noise)
    flags = status.flags - before.flags
    n = min(noise.shape[-1], heard["dry"].shape[-1] - at)
    assert n > 4 * RATE
    assert wrong_places(heard["dry"][:, at:], noise[:, :n], 0) <= flags
    for name in ("wet", "out"):
        assert wrong_places(heard[name], heard["dry"], 0) <= flags + status.gaps, name
        assert kept_share(heard[name], heard["dry"], most=0) > 0.95, name
    # And what went out is what the second client recorded.
    went, came = heard["out"][:, at : at + n], sound[:2, delay : delay + n]
    assert wrong_places(came, went, 0) <= flags + 1
    assert kept_share(came, went) > 0.95
    facts = json.loads((made.take / "take.json").read_text())
    assert facts["rate"] == RATE
    lines = (made.take / "events.jsonl").read_text().splitlines()
    assert "something happened" in [json.loads(line)["text"] for line in lines]
    figure("take, dry against the feed that was sent", f"{n / RATE:.1f} s")


def test_a_full_disk_ends_the_take_and_not_the_music(server, noise, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with stage(preset(tmp_path)) as it:
        listener = Listener(tmp_path, noise)
        before = it.look()
        made = recorder(it, tmp_path / "takes")
        it.until(lambda: made.seconds > 0.5)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, hard))
            it.until(lambda: bool(made.error))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        sound, left_out = listener.result()
        status = it.look()
        assert it.is_wet()
    assert any("recording stopped" in event.text for event in it.supervisor.events)
    delay = delay_of(sound, noise)
    assert delay == status.latency["total"]
    assert is_never_silent(sound, noise, delay)
    spare = left_out + status.flags + status.gaps - before.flags - before.gaps
    assert wrong_places(sound, noise, delay) <= spare
    assert soundfile.info(made.take / "dry.wav").frames > 0.5 * RATE  # and what there was is kept


def test_a_take_survives_the_death_of_everything(server, tmp_path):
    options = ["--preset", "downbeat-filter", "--bpm", "175", "--record", str(tmp_path / "takes")]
    process = subprocess.Popen([*START, "play", *options], start_new_session=True)
    files, began = [], time.monotonic()
    while not (files and soundfile.info(files[0]).frames > 3 * RATE):
        assert time.monotonic() - began < 60
        time.sleep(0.05)
        files = list((tmp_path / "takes").glob("*/dry.wav"))
    running = time.monotonic()
    frames = soundfile.info(files[0]).frames
    time.sleep(2.0)
    lived_s = time.monotonic() - running
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for name in NAMES:
        kept = soundfile.info(files[0].with_name(f"{name}.wav")).frames
        assert kept > frames + (lived_s - 1.0) * RATE
        sound, _ = soundfile.read(files[0].with_name(f"{name}.wav"))
        assert len(sound) == kept
    facts = json.loads(Path(files[0].with_name("take.json")).read_text())
    assert facts["presets"] == ["downbeat-filter"]


def test_a_take_is_played_again(server, tmp_path, figure):
    """Slots, crossfader and kill by MIDI, the engine killed in between: the same output."""
    gestures = [
        (3.0, [0xC0, 1]),
        (6.0, [0xB0, 17, 127]),
        *((6.0 + 0.02 * i, [0xB0, 17, 127 - i]) for i in range(1, 80)),
        (8.0, [0xB0, 107, 127]),
        (8.5, [0xB0, 107, 0]),
        (8.6, [0xB0, 107, 127]),
        (9.0, [0xB0, 21, 127]),
        *((9.0 + 0.02 * i, [0xB0, 21, 127 - i]) for i in range(1, 80)),
    ]
    rig = (
        '[[slots]]\npreset = "downbeat-filter"\n[[slots]]\npreset = "liquid-to-dancefloor"\n'
        '[[slots.chain]]\neffect = "Reverb"\nwet_level = 0.2\ndry_level = 0.8\n'
        '[clock]\nbpm = 174.0\n[switch]\nquantise = "beat"\n'
    )

    def kill_the_engine(pid):
        time.sleep(6.0)
        command = ["pgrep", "-P", str(pid), "-f", "network_process"]
        engine = subprocess.run(command, capture_output=True, text=True, check=True)
        os.kill(int(engine.stdout), signal.SIGKILL)

    take, done = played_twice(tmp_path, rig, gestures, kill_the_engine)
    figure(
        "a take with an engine killed, played again",
        f"{done['same_share']:.2%} the same, {done['error_db']:.0f} dB",
    )
    entries = [json.loads(x) for x in (take / "decisions.jsonl").read_text().splitlines()]
    assert sum(entry["what"] == "began" for entry in entries) == 2
    assert {"switch", "cross", "amount", "tempo", "published", "taken"} <= {
        x["what"] for x in entries
    }
    assert done["same_share"] > 0.99
    assert done["error_db"] < -60.0
    assert not done["changed"]
    assert (take / "midi.jsonl").read_text().count("\n") == len(gestures)
