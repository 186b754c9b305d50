"""Pipes in and out of ``render``, its ceiling, and what a pipe is to other commands."""

from __future__ import annotations

import io
import json
import os
import subprocess
import threading
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from scipy.signal import resample_poly

from engine.cli import pipes
from engine.dsp.limiter import CEILING_DB
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.errors import UsageError
from engine.offline.render import render
from tests.feeds import noise
from tests.program import START, doubledrop

RATE = 24000
GOOD = ("--preset", "downbeat-filter", "--bpm", "240", "--downbeat", "0")


@pytest.fixture
def feed(tmp_path, rng):
    sf.write(tmp_path / "feed.wav", noise(rng, 2.0, RATE).T, RATE, subtype="FLOAT")
    return tmp_path / "feed.wav"


def piped(*words, given: bytes):
    return subprocess.run(
        [*START, "render", *map(str, words), *GOOD], input=given, capture_output=True, check=False
    )


def test_from_stdin_to_stdout(feed, tmp_path):
    """The same sound as by names; nothing but sound on stdout, messages on stderr."""
    done = piped("-", "-", given=feed.read_bytes())
    assert done.returncode == 0, done.stderr
    assert doubledrop("render", feed, tmp_path / "out.wav", *GOOD).returncode == 0
    assert done.stdout == (tmp_path / "out.wav").read_bytes()
    assert b"real time" in done.stderr
    sound, rate = sf.read(io.BytesIO(done.stdout))
    assert (len(sound), rate) == (2 * RATE, RATE)


def test_a_named_pipe_is_read_and_one_without_a_writer_refused(feed, tmp_path, monkeypatch):
    monkeypatch.setattr(pipes, "_PATIENCE_S", 0.5)
    fifo = tmp_path / "feed.fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: fifo.write_bytes(feed.read_bytes()))
    writer.start()
    done = doubledrop("render", fifo, tmp_path / "out.wav", *GOOD)
    writer.join()
    assert done.returncode == 0, done.stderr
    assert sf.info(tmp_path / "out.wav").frames == 2 * RATE
    done = doubledrop("render", fifo, tmp_path / "none.wav", *GOOD)
    assert done.returncode == 2
    assert "nobody writes" in done.stderr
    os.close(os.open(fifo, os.O_RDWR | os.O_NONBLOCK))  # lets the thread go that waits for it


@pytest.mark.parametrize(
    ("source", "says"), [("/dev/null", "a pipe or a device"), ("/dev/zero", "a pipe or a device")]
)
def test_devices_are_refused(source, says, tmp_path):
    done = doubledrop("render", source, tmp_path / "out.wav", *GOOD)
    assert done.returncode == 2
    assert says in done.stderr


def test_a_pipe_is_no_feed_of_play(tmp_path):
    os.mkfifo(tmp_path / "feed.wav")
    done = doubledrop("play", "--input", tmp_path / "feed.wav", "--output", "none", "--bpm", "240")
    assert done.returncode == 2
    assert "a pipe or a device" in done.stderr


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_stdout_is_for_one_thing(feed):
    done = doubledrop("render", feed, "-", *GOOD, "--json")
    assert done.returncode == 2
    assert "--json" in done.stderr
    with redirect_stdout(Terminal()), pytest.raises(UsageError, match="a terminal"):
        pipes.output_file(Path("-"), as_json=False).__enter__()


def test_stdin_that_is_a_device_is_named(tmp_path):
    with open(os.devnull, "rb") as nothing:
        words = [*START, "render", "-", str(tmp_path / "out.wav"), *GOOD]
        done = subprocess.run(words, stdin=nothing, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"stdin" in done.stderr


def test_whoever_reads_may_have_enough(feed):
    process = subprocess.Popen(
        [*START, "render", str(feed), "-", *GOOD], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate()
    assert process.returncode in (0, 1)
    assert b"Traceback" not in said
    assert b"Errno" not in said


def true_peak_db(sound):
    """At 8 times the rate."""
    return 20 * np.log10(np.abs(resample_poly(sound, 8, 1, axis=0)).max())


@pytest.mark.parametrize("use", ["late", "phrase"])
def test_the_ceiling_holds_and_moves_nothing(use, rng, tmp_path, generator):
    sound = 4.0 * noise(rng, 4.0, RATE)
    sound[:, : 2 * RATE] *= 0.05  # half of it needs no limiter
    sf.write(tmp_path / "loud.wav", sound.T, RATE, subtype="FLOAT")
    given = generator("identity"), Tempo(240.0, 0.1), Settings(use=use)
    found = {}
    for ceiling in (False, True):
        out = tmp_path / f"{ceiling}.wav"
        done = render(tmp_path / "loud.wav", out, *given, ceiling=ceiling, inference_ms=5.0)
        found[ceiling], _ = sf.read(out)
        assert len(found[ceiling]) == 4 * RATE
        assert done.ceiling_dbtp == (CEILING_DB if ceiling else None)
        assert (done.reduction_db or 0.0) < -3.0 if ceiling else done.reduction_db is None
    assert true_peak_db(found[False]) > 2.0
    assert true_peak_db(found[True]) <= -0.9
    # Where nothing is above it the sound is the same, at the same place.
    quiet = slice(0, 2 * RATE - 100)
    assert np.abs(found[True][quiet] - found[False][quiet]).max() < 1e-6


def test_render_has_the_ceiling_unless_told_otherwise(rng, tmp_path):
    sf.write(tmp_path / "loud.wav", 4.0 * noise(rng, 2.0, RATE).T, RATE, subtype="FLOAT")
    peaks = {}
    for options in ((), ("--no-ceiling",)):
        out = tmp_path / f"out{len(options)}.wav"
        done = doubledrop("render", tmp_path / "loud.wav", out, *GOOD, *options, "--json")
        peaks[options] = json.loads(done.stdout)
    assert peaks[()]["peak_dbfs"] <= -0.9
    assert peaks[()]["ceiling_dbtp"] == -1.0
    assert peaks[()]["reduction_db"] < -1.0
    assert peaks[("--no-ceiling",)]["peak_dbfs"] > 0.0
    assert peaks[("--no-ceiling",)]["reduction_db"] is None
    for option in (("--rig", tmp_path / "r.toml"), ("--midi", tmp_path / "x.mid")):
        done = doubledrop("render", tmp_path / "loud.wav", out, *option, "--no-ceiling")
        assert done.returncode == 2
        assert "stage has its ceiling always" in done.stderr
