"""Files through the signal path."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile as sf

from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.io.sources import demo_feed
from engine.models.executors import Scheduled
from engine.offline.constant_q import constant_q_db, loudest_phrase
from engine.offline.render import render
from engine.offline.signal_chain import SignalChain
from tests.feeds import db, noise, run

RATE = 24000
TEMPO = Tempo(240.0, 0.1)


@pytest.fixture
def feed(tmp_path, rng):
    path = tmp_path / "feed.wav"
    sf.write(path, noise(rng, 9.0, RATE).T, RATE, subtype="FLOAT")
    return path


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Ten seconds of the demo feed's drop."""
    path, tempo = demo_feed()
    sound, rate = sf.read(path, start=12 * 44100, frames=10 * 44100)
    feed = tmp_path_factory.mktemp("music") / "feed.wav"
    sf.write(feed, sound, rate, subtype="FLOAT")
    return feed, Tempo(tempo.bpm, tempo.downbeat_s - 12.0)


@pytest.mark.parametrize("use", ["late", "phrase", "edge"])
@pytest.mark.parametrize("renderer", ["gain", "paper"])
def test_output_lies_on_the_input(use, renderer, music, tmp_path, generator, figure):
    feed, tempo = music
    done = render(
        feed,
        tmp_path / "out.wav",
        generator("identity"),
        tempo,
        Settings(use=use, renderer=renderer),
        inference_ms=None if use == "late" else 5.0,
    )
    dry, rate = sf.read(feed, always_2d=True)
    wet, _ = sf.read(tmp_path / "out.wav", always_2d=True)
    assert (len(wet), rate) == (len(dry), 44100)
    error = db(np.mean((wet - dry) ** 2) / np.mean(dry**2))
    figure(f"identity, {renderer}, {use}, file against file", f"{error:.1f} dB")
    # The paper's way loses detail even on identity, and lives on guesses where it predicts.
    at_most = {"late": -15.0, "phrase": -3.0, "edge": -8.0}[use] if renderer == "paper" else -125.0
    assert error <= at_most
    assert sum(done.gain_share.values()) == pytest.approx(1.0)
    assert done.late == 0


def test_late_is_whole_from_the_first_sample(feed, tmp_path, generator):
    done = render(feed, tmp_path / "out.wav", generator("flat"), TEMPO, Settings(use="late"))
    dry, _ = sf.read(feed)
    wet, _ = sf.read(tmp_path / "out.wav")
    assert db(np.mean((wet - dry * 10**0.3) ** 2) / np.mean(dry**2)) <= -100
    assert done.gain_share["fresh"] > 0.99


def test_time_of_inference_is_simulated_and_repeats(feed, tmp_path, generator):
    outs = []
    for ms in (0.0, 400.0, 400.0):
        render(
            feed,
            tmp_path / "out.wav",
            generator("downbeat-filter"),
            TEMPO,
            Settings(use="phrase"),
            inference_ms=ms,
        )
        outs.append(sf.read(tmp_path / "out.wav")[0])
    assert np.array_equal(outs[1], outs[2])
    assert not np.array_equal(outs[0], outs[1])


def test_slow_inference_falls_back_and_is_counted(rng, generator):
    """One result in two phrases: predicted, then held, then dry; late ones are counted."""
    feed = noise(rng, 16.0, RATE)
    phrase_ms = TEMPO.phrase_s * 1000
    model = generator("flat")
    _, host = run(
        model, feed, RATE, Settings(use="phrase"), tempo=TEMPO, inference_ms=1.5 * phrase_ms
    )
    assert host.restyle.late >= 2
    assert host.restyle.share["dry"] > 0.9


def test_a_generator_that_fails_ends_the_render(feed, tmp_path, generator):
    model = generator("identity")

    class Faulty:
        front_end, level_db, view = model.front_end, model.level_db, 0

        def __call__(self, image, period):
            return np.full_like(image, np.nan)

    inference = Scheduled(100)
    host = SignalChain(Faulty(), inference, RATE, 2, TEMPO, Settings(use="phrase"))
    with pytest.raises(RuntimeError, match="not finite"):
        host.process(np.full((2, RATE), 0.1, np.float32))
    inference.close()


def test_report_draws_pictures(feed, tmp_path, generator):
    done = render(
        feed,
        tmp_path / "out.wav",
        generator("downbeat-filter"),
        TEMPO,
        Settings(use="late"),
        report=tmp_path / "pictures",
    )
    from matplotlib import image

    picture, constant_q = (image.imread(path) for path in done.pictures)
    assert picture.shape[0] > 500
    for half in np.array_split(constant_q[60:-60, 100:-150, :3], 2, axis=1):
        assert half.std() > 0.02
    # All four images hold something: no quarter of the picture is of one colour.
    for quarter in np.array_split(picture[60:-60, 100:-150, :3], 4):
        assert quarter.std() > 0.02


def test_the_loudest_phrase_is_found(rng, tmp_path):
    feed = noise(rng, 30.0, 24000)
    feed *= 0.2
    feed[:, 24000 * 14 : 24000 * 17] *= 4
    path = tmp_path / "loud.wav"
    sf.write(path, feed.T, 24000)
    tempo = Tempo(120.0, downbeat_s=4.5)  # phrases of 8 s begin at 4.5 and 12.5 s
    assert loudest_phrase(path, tempo) == (300000, 192000)
    assert loudest_phrase(path, Tempo(20.0)) == (0, 720000)  # shorter than one phrase: all of it


def test_constant_q_shows_a_tone_where_it_is(rng):
    image = constant_q_db(np.sin(2 * np.pi * 440 * np.arange(48000) / 48000).astype("f4"), 48000)
    assert np.argmax(image.mean(axis=1)) == round(36 * np.log2(440 / 32.7))
    assert constant_q_db(np.zeros(8000, np.float32), 8000).shape[0] == 6 * 36


def test_wet_is_mixed_with_aligned_dry(rng, generator, figure):
    feed = noise(rng, 6.0, 48000)
    out, _ = run(generator("identity"), feed, 48000, Settings(wet=0.5, lookahead_ms=46))
    null = db(np.mean((out - feed).astype(np.float64) ** 2) / np.mean(feed**2))
    figure("identity, wet 0.5", f"{null:.1f} dB")
    assert null <= -100


def test_demo_feed_is_restyled_in_time(tmp_path, generator, figure):
    """The filter that ships is closed after each downbeat of bars 1–3 and open before the next."""
    path, tempo = demo_feed()
    model = generator("downbeat-filter")
    render(path, tmp_path / "out.wav", model, tempo, Settings(use="phrase"), inference_ms=5.0)
    dry, rate = sf.read(path, always_2d=True, dtype="float32")
    wet, _ = sf.read(tmp_path / "out.wav", always_2d=True, dtype="float32")
    analyser = model.front_end.at(rate)
    images = [analyser.log_mel(np.ascontiguousarray(x.T)) for x in (dry, wet)]
    bar = tempo.bar_s / analyser.spec.hop_s
    first = tempo.downbeat_s / analyser.spec.hop_s
    cut = {"after": [], "before": []}
    for n in range(12, 23):  # the drop
        if n % 4 == 3:
            continue
        for name, part in (("after", (0.02, 0.15)), ("before", (0.9, 0.98))):
            rows = np.arange(int(first + (n + part[0]) * bar), int(first + (n + part[1]) * bar))
            loud = images[0][rows][:, 70:100] > 10.0
            cut[name] += (images[0] - images[1])[rows][:, 70:100][loud].tolist()
    after, before = float(np.mean(cut["after"])), float(np.mean(cut["before"]))
    value = f"-{after:.1f} / -{before:.1f} dB"
    figure("downbeat-filter, 2–6 kHz, after / before a downbeat", value)
    assert after > 12.0
    assert before < 4.0


def test_memory_does_not_grow_with_the_file(tmp_path, model_path, rng, figure):
    """Resident memory at its peak, of whole processes: ten times the file, the same memory."""
    model_path("identity")
    code = (
        "import sys; from pathlib import Path; from engine.diagnostics.bench import peak_rss_mib\n"
        "from engine.offline.render import render\n"
        "from engine.models.generator import OnnxGenerator\n"
        "from engine.dsp.tempo import Tempo; from engine.dsp.settings import Settings\n"
        "model = OnnxGenerator(Path(sys.argv[1]), 'cpu', threads=1)\n"
        "render(Path(sys.argv[2]), Path(sys.argv[3]), model, Tempo(240.0), Settings(use='late'))\n"
        "print(peak_rss_mib())\n"
    )
    peaks = []
    for seconds in (30, 300):
        path = tmp_path / f"{seconds}.wav"
        sf.write(path, noise(rng, seconds, 16000, 1).T, 16000)
        arguments = [str(model_path("identity")), str(path), str(tmp_path / "out.wav")]
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
        )
        peaks.append(float(done.stdout))
    figure("memory of render, 30 s / 300 s", f"{peaks[0]:.0f} / {peaks[1]:.0f} MiB")
    assert peaks[1] <= 1.1 * peaks[0]


def test_json_holds_the_contract_s_keys(feed, tmp_path, generator):
    done = render(feed, tmp_path / "out.wav", generator("flat"), TEMPO, Settings(use="late"))
    assert {
        "seconds",
        "realtime_factor",
        "provider",
        "latency_samples",
        "latency_ms",
        "window",
        "renderer",
        "inferences",
        "late",
        "gain_share",
    } <= json.loads(json.dumps(done.to_json())).keys()
    assert set(done.gain_share) == {"fresh", "predicted", "held", "dry"}
