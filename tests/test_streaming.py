"""Streaming generators in the engine: answers in time, late, after a restart."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import soundfile
import torch

from engine.config.request import EngineConfig
from engine.dsp.frontend import FrontEnd
from engine.dsp.gain import Quality
from engine.dsp.level import GATE
from engine.dsp.path_state import NOTHING, PHRASE_AGO
from engine.dsp.settings import Settings
from engine.dsp.stream_columns import StreamColumns
from engine.dsp.streaming import (
    LEADS,
    StreamLevel,
    columns_needed,
    input_size,
    stream_gains_db,
)
from engine.dsp.tempo import Tempo
from engine.errors import GeneratorError, PresetError, UsageError
from engine.host.live_path import shape_of
from engine.host.network import NetworkSession
from engine.host.session import begin_session
from engine.models.executors import Eager, Scheduled
from engine.models.generator import OnnxGenerator, StreamingOnnx, open_generator
from engine.offline.signal_chain import SignalChain
from engine.state import shared_state as b
from tests.program import doubledrop
from tests.streaming import network, write
from train.data.dataset import RATE
from train.models.sound_rendering import Renderer
from train.models.streaming_network import due
from train.training.tracks import Piece, Pieces
from train.training.versions import Version, Versions

TEMPO = Tempo(175.0, 0.2)


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp("streaming") / "generator.onnx")


@pytest.fixture(scope="module")
def quiet(tmp_path_factory) -> Path:
    """Without noise."""
    return write(tmp_path_factory.mktemp("streaming") / "generator.onnx", noise=False)


def stream(path):
    return StreamingOnnx(path, "cpu", threads=1)


def feed_of(seconds, rate=RATE, channels=2):
    rng = np.random.default_rng(3)
    n = round(seconds * rate) // 128 * 128
    beat = np.exp(-8.0 * ((np.arange(n) / rate) % (60 / 175)))
    return (0.1 * rng.normal(0, 1, (channels, n)) * beat).astype(np.float32)


def played(host, feed, block=2048):
    parts = [host.process(feed[:, at : at + block]) for at in range(0, feed.shape[-1], block)]
    return np.concatenate(parts, axis=-1)


def hosted(path, duration=0, tempo=TEMPO, rate=RATE, settings=None, **more):
    settings = settings or Settings()
    return SignalChain(stream(path), Scheduled(duration), rate, 2, tempo, settings, **more)


@pytest.mark.parametrize("clock", [True, False])
def test_the_engine_plays_what_training_hears(quiet, clock):
    """The same network, sound and clock: gains, level, memory and place mean the same in both."""
    feed = feed_of(9.0, channels=1)
    settings = Settings(use="phrase" if clock else "edge")
    host = SignalChain(stream(quiet), Scheduled(0), RATE, 1, TEMPO, settings)
    out = played(host, feed)[:, host.latency :]
    made = Versions(FrontEnd(), RATE, -18.0, torch.device("cpu"))
    version: Version = made.of(feed)
    pieces = Pieces.__new__(Pieces)
    pieces.rate, pieces.hop, pieces._device = RATE, made.hop, torch.device("cpu")
    pieces._of = {False: [Piece(version, None, TEMPO)]}
    with torch.inference_mode():
        answers = due(network(noise=False)(pieces.given(False, clock)[None]))
        trained = Renderer(FrontEnd(), RATE)(torch.from_numpy(feed), answers, None).numpy()
    n = out.shape[-1]
    inner = slice(RATE // 2, n - RATE // 2)
    change = np.abs(out[:, inner] - feed[:, :n][:, inner]).mean()
    off = np.abs(out[:, inner] - trained[:, :n][:, inner]).mean()
    assert change > 0.02
    assert off < 0.03 * change  # weights and training images are kept in half precision


def test_the_file_says_how_far_back_an_answer_depends(path):
    assert stream(path).receptive == network().receptive == 14
    assert stream(path).begin().shape == (1, 14, 24)


def test_when_answers_come_changes_nothing_until_they_are_late(path):
    feed = feed_of(4.0)
    at_once, later, late = (hosted(path, duration) for duration in (0, 500, 2500))
    wanted = played(at_once, feed)
    assert np.array_equal(played(later, feed, 128), wanted)
    assert at_once.restyle.late == later.restyle.late == 0
    assert at_once.restyle.share["fresh"] > 0.97
    worse = played(late, feed)
    assert late.restyle.late > 100
    assert late.restyle.share["predicted"] > 0.7  # by answers from farther back
    assert not np.array_equal(worse, wanted)


@pytest.mark.parametrize("block", [128, 1000, 30000])
def test_a_file_gets_its_answers_as_fast_as_they_come(path, block):
    """While one stretch is made the next is answered for; to the bit what comes one by one."""
    feed = feed_of(5.0)
    wanted = played(hosted(path), feed, 2048)
    runner = Eager()
    host = SignalChain(stream(path), runner, RATE, 2, TEMPO, Settings())
    found = played(host, feed, block)
    runner.close()
    assert np.array_equal(found, wanted)
    assert host.restyle.late == 0


def test_an_answer_that_fails_ends_a_file(path):
    generator, runner = stream(path), Eager()
    generator.answer = lambda column, state: (_ for _ in ()).throw(ValueError("no such luck"))
    host = SignalChain(generator, runner, RATE, 2, TEMPO, Settings())
    with pytest.raises(GeneratorError, match="no such luck"):
        played(host, feed_of(1.0))
    runner.close()


@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize("known", [True, False])
def test_after_a_restart_the_same_bits_come_out(path, rate, known):
    """An engine that begins in the middle of the feed, from what the ring still holds of it."""
    feed = feed_of(17.0, rate)
    settings = Settings(use="phrase" if known else "edge")
    whole = played(hosted(path, rate=rate, settings=settings), feed)
    first = 2 * rate // 128 * 128
    needed = round(
        (1.1 * TEMPO.phrase_s + columns_needed(stream(path).receptive, 512 / 44100) * 512 / 44100)
        * rate
    )
    own = TEMPO.later(-first / rate)
    again = hosted(path, tempo=own, rate=rate, settings=settings, origin=first)
    rest = played(again, feed[:, first:])
    assert first + needed < 15 * rate
    assert np.array_equal(rest[:, needed:], whole[:, first + needed :])


def test_a_tempo_that_changes_is_followed_and_survives_a_restart(path):
    feed, other = feed_of(24.0), Tempo(160.0, 1.0)
    change, first = (round(s * RATE) // 128 * 128 for s in (8.0, 10.0))

    def through(host, first, later):
        head = played(host, feed[:, first:change]) if first < change else feed[:, :0]
        host.restyle.follow(other.later(-later / RATE), True)
        return np.concatenate([head, played(host, feed[:, max(first, change) :])], axis=-1)

    whole = through(hosted(path), 0, 0)
    plain = played(hosted(path), feed)
    assert not np.array_equal(whole, plain)
    again = hosted(path, tempo=other.later(-first / RATE), origin=first)
    rest = through(again, first, first)
    settled = 22 * RATE
    assert np.array_equal(rest[:, settled - first :], whole[:, settled:])


def test_without_a_clock_it_plays_on_and_finds_its_memory_again(path):
    feed, host = feed_of(16.0), hosted(path)
    third = feed.shape[-1] // 384 * 128
    parts = [played(host, feed[:, :third])]
    host.restyle.follow(TEMPO, False)
    parts.append(played(host, feed[:, third : 2 * third]))
    host.restyle.follow(TEMPO, True)
    parts.append(played(host, feed[:, 2 * third :]))
    lost = np.concatenate(parts, axis=-1)
    whole = played(hosted(path), feed)
    edge = played(hosted(path, settings=Settings(use="edge")), feed)
    second = slice(third + RATE, 2 * third)
    assert np.array_equal(lost[:, :third], whole[:, :third])
    assert np.array_equal(lost[:, second], edge[:, second])
    assert np.array_equal(lost[:, 2 * third + RATE :], whole[:, 2 * third + RATE :])
    assert host.restyle.late == 0


def test_a_slot_that_was_not_heard_is_there_again_at_once(path):
    """Its state is made anew from the columns that it went on hearing."""
    feed, host = feed_of(8.0), hosted(path)
    away = slice(2 * RATE // 128 * 128, 5 * RATE // 128 * 128)
    played(host, feed[:, : away.start])
    for at in range(away.start, away.stop, 128):
        host.restyle.listen(feed[:, at : at + 128])
    rest = played(host, feed[:, away.stop :])
    whole = played(hosted(path), feed)
    settled = RATE // 2
    assert np.array_equal(rest[:, settled:], whole[:, away.stop + settled :])


class Stopping(Scheduled):
    """Runs nothing between two samples of the feed."""

    def __init__(self, away):
        super().__init__(0)
        self.away = away

    def collect(self, now):
        return None if now in self.away else super().collect(now)

    def idle(self):
        return super().idle()


def test_where_no_answer_comes_a_phrase_ago_is_heard_and_then_nothing(path):
    feed = feed_of(16.0)
    away = range(8 * RATE, 15 * RATE)
    host = SignalChain(stream(path), Stopping(away), RATE, 2, TEMPO, Settings())
    heard = []
    for at in range(0, feed.shape[-1], 128):
        host.process(feed[:, at : at + 128])
        heard.append(host.restyle.quality)
    at_s = lambda s: heard[round(s * RATE / 128)]  # noqa: E731
    assert at_s(7.9) is Quality.FRESH
    assert at_s(8.0 + 0.1) is Quality.PREDICTED
    assert at_s(12.0) is Quality.PREDICTED
    assert at_s(8.0 + TEMPO.phrase_s + 0.3) is Quality.HELD
    assert at_s(8.0 + TEMPO.phrase_s + 0.9) is Quality.DRY
    assert at_s(15.9) is Quality.FRESH
    told = host.restyle.decisions()
    codes = [by for _, by in told]
    assert {PHRASE_AGO, NOTHING} < set(codes)
    assert codes[-1] == 0
    # Led by what was told, one that is never late does the same.
    led = hosted(path, decided=told)
    first = SignalChain(stream(path), Stopping(away), RATE, 2, TEMPO, Settings())
    assert np.array_equal(played(led, feed), played(first, feed))


def test_an_identity_is_the_feed(tmp_path):
    from engine.dsp.streaming import input_size
    from export.streaming import export_streaming
    from train.models.streaming_network import StreamingGenerator

    file = tmp_path / "generator.onnx"
    net = StreamingGenerator(8, (1,))
    torch.nn.init.zeros_(net.leave.weight)
    columns = np.zeros((20, input_size(128)))
    export_streaming(net, file, columns, front_end=FrontEnd(), level_db=-18.0, facts={})
    feed, host = feed_of(2.0), hosted(file)
    out = played(host, feed)[:, host.latency :]
    off = np.mean((out - feed[:, : out.shape[-1]]) ** 2) / np.mean(feed**2)
    assert 10 * np.log10(off) < -125


def test_silence_stays_silent_and_a_cut_feed_ends(path):
    feed = feed_of(3.0)
    feed[:, 2 * RATE :] = 0.0
    out = played(hosted(path), feed)
    assert np.abs(out[:, RATE : 2 * RATE]).max() > 0.01
    assert np.abs(out[:, 2 * RATE + RATE // 10 + 512 :]).max() < 1e-3
    silence = np.zeros((2, RATE // 128 * 128), np.float32)
    assert not played(hosted(path), silence).any()


def test_kinds_are_told_apart(path, model_path):
    assert isinstance(open_generator(path, "cpu"), StreamingOnnx)
    assert isinstance(open_generator(model_path("flat"), "cpu"), OnnxGenerator)
    with pytest.raises(PresetError, match="kind streaming"):
        OnnxGenerator(path, "cpu")
    for settings in (Settings(use="late"), Settings(renderer="paper")):
        with pytest.raises(UsageError, match="column by column"):
            SignalChain(stream(path), Scheduled(0), RATE, 2, TEMPO, settings)
    assert LEADS[0] == 4


def _renamed(model):
    model.graph.output[1].name = "next"


def _free_state(model):
    for value in (model.graph.input[1], model.graph.output[1]):
        value.type.tensor_type.shape.dim[2].dim_param = "any"


def _large_state(model):
    for value in (model.graph.input[1], model.graph.output[1]):
        value.type.tensor_type.shape.dim[2].dim_value = 1 << 22


def _other_column(model):
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 12


def _of_doubles(model):
    model.graph.input[1].type.tensor_type.elem_type = onnx.TensorProto.DOUBLE


def _unlike_states(model):
    model.graph.output[1].type.tensor_type.shape.dim[2].dim_value = 3


def _of_no_kind(model):
    entry = next(x for x in model.metadata_props if x.key == "doubledrop.kind")
    entry.value = "wishes"


def _of_the_other_kind(model):
    entry = next(x for x in model.metadata_props if x.key == "doubledrop.kind")
    entry.value = "window"


def _not_a_number(model):
    last = next(x for x in model.graph.initializer if "leave.weight" in x.name)
    values = np.full_like(onnx.numpy_helper.to_array(last), np.nan)
    last.CopyFrom(onnx.numpy_helper.from_array(values, last.name))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_renamed, "outputs answers, next"),
        (_free_state, "a state of shape"),
        (_large_state, "a state of shape"),
        (_other_column, "columns of shape 1 × 12 × 1"),
        (_of_doubles, "32-bit float"),
        (_unlike_states, "the same shape"),
        (_of_no_kind, "kind 'wishes'"),
        (_of_the_other_kind, "inputs column, past"),
        (_not_a_number, "not finite"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_strangers_file_is_refused_by_what_is_wrong_with_it(path, tmp_path, change, says):
    model = onnx.load(str(path))
    change(model)
    file = tmp_path / "generator.onnx"
    onnx.save(model, str(file))
    with pytest.raises(PresetError, match=says):
        open_generator(file, "cpu")


def test_a_file_is_rendered_with_its_picture(path, tmp_path):
    """Input, output and gain: there is no generated image to be drawn."""
    feed, out = tmp_path / "feed.wav", tmp_path / "out.wav"
    soundfile.write(feed, feed_of(6.0).T, RATE, subtype="FLOAT")
    preset = tmp_path / "preset"
    preset.mkdir()
    shutil.copy(path, preset / "generator.onnx")
    text = 'format = 1\ndescription = "x"\nlicence = "CC0-1.0"\n'
    (preset / "preset.toml").write_text(text, encoding="utf-8")
    options = ["--preset", str(preset), "--report", str(tmp_path / "pictures"), "--json"]
    done = doubledrop("render", feed, out, *options, "--bpm", "175")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["window"], said["late"]) == ("phrase", 0)
    assert said["gain_share"]["fresh"] > 0.97
    assert len(said["pictures"]) == 2
    for picture in said["pictures"]:
        assert Path(picture).stat().st_size > 10_000
    refused = doubledrop("render", feed, out, *options[:2], "--window", "late", "--force")
    assert refused.returncode == 2
    assert "column by column" in refused.stderr


def test_slots_that_hear_one_feed_hear_it_once(path, tmp_path, monkeypatch):
    """Two slots publish what each would alone, and the feed becomes columns once."""
    feed, heard = feed_of(3.0, 48000), []
    columns = StreamColumns._hear
    monkeypatch.setattr(StreamColumns, "_hear", lambda it, x: heard.append(it) or columns(it, x))

    def published(*paths):
        heard.clear()
        models = [str(one) for one in paths]
        config = EngineConfig(models, "cpu", 175.0, 0.2, Settings())
        shared = b.private(shape_of(config))
        shared.want_tempo(config.tempo)
        begin_session(shared, 48000, 128, (2, 2), config, 0)
        shared.slots["runs"] = 1
        shared.write(shared.feed, 0, feed)
        generators = [stream(one) for one in paths]
        it = NetworkSession(shared, generators, config, lambda slot, at: Scheduled(0), heard=0)
        while it.at + it.hop <= feed.shape[-1]:
            it.hear(1)
        it.close()
        columns_, gains = shared.published.answer["column"], shared.published.answer_gain
        return [(columns_[slot].copy(), gains[slot].copy()) for slot in range(len(paths))]

    other = write(tmp_path / "generator.onnx", seed=5)
    alone = [published(path)[0], published(other)[0]]
    calls = len(heard)
    together = published(path, other)
    assert len(heard) == calls
    assert len(set(map(id, heard))) == 1
    assert (alone[0][0] >= 0).sum() > 200
    assert np.abs(alone[0][1] - alone[1][1]).max() > 1.0
    for one, both in zip(alone, together, strict=True):
        assert (one[0] == both[0]).all()
        assert (one[1] == both[1]).all()


def test_weights_of_eight_bits_are_multiplied_as_they_are(path, tmp_path, figure):
    """The engine's products round their activations too, which is a twentieth of a decibel and not
    nothing; and a file whose weights have changed is refused for its example."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    exact = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    it, columns = stream(path), np.random.default_rng(2).uniform(-1, 1, (30, input_size(128)))
    state, other, wrong = it.begin(), it.begin(), []
    for column in columns.astype(np.float32):
        answers, state = it.answer(column, state)
        wanted, other = exact.run(
            ["answers", "next_past"], {"column": column[None, :, None], "past": other}
        )
        wrong.append(answers - wanted[0, ..., 0])
    rms = float(np.sqrt(np.mean(np.square(wrong))))
    figure("streaming, 8-bit products against exact ones, rms", f"{rms:.3f} dB")
    assert 1e-4 < rms < 0.25
    model = onnx.load(path)
    kept = {tensor.name: tensor for tensor in model.graph.initializer}
    scales = kept["enter.weight.scales"]
    scales.raw_data = (np.frombuffer(scales.raw_data, np.float32) * 2).tobytes()
    onnx.save(model, tmp_path / "generator.onnx")
    with pytest.raises(PresetError, match="its example comes out"):
        stream(tmp_path / "generator.onnx")


@pytest.mark.parametrize("seed", range(6))
def test_training_and_engine_hear_the_same_level(seed):
    """Column by column, through silence, from the first one on, and within its limits."""
    rng, hop_s, target = np.random.default_rng(seed), 512 / 44100, -18.0
    levels = 10 ** rng.uniform(-9, 1, 2000)
    levels[rng.integers(0, 2000, 50)] = GATE
    levels[300:900] = 0.0  # longer than the window
    levels[: 10 * seed] = 0.0
    level = StreamLevel(target, hop_s)
    wanted = np.array([level.push(float(one)) for one in levels])
    found = stream_gains_db(levels, target, hop_s)
    assert found.shape == levels.shape
    assert np.abs(found - wanted).max() < 1e-6
    assert found[: 10 * seed].tolist() == [0.0] * (10 * seed)
    assert found[850] == 0.0  # nothing but silence for longer than is remembered


@pytest.mark.parametrize(("power", "gain"), [(1e-3, 12.0), (2e-6, 24.0), (1e3, -24.0)])
def test_a_level_is_corrected_within_limits(power, gain):
    """A single column, and many."""
    for count in (1, 3):
        found = stream_gains_db(np.full(count, power), -18.0, 512 / 44100)
        assert found == pytest.approx([gain] * count)


def test_the_end_of_a_column_is_when_it_can_be_described(path):
    """Counted from where the stream was heard first."""
    for rate in (44100, 48000):
        for origin in (0, 12345):
            columns = StreamColumns(FrontEnd().at(rate), 1, -18.0, origin)
            ends, heard, at = [], [], 0
            while at < rate // 4:
                if columns.hear(np.zeros((1, 1), np.float32)):
                    heard.append(at + 1)
                at += 1
            now = 0
            while (now := columns.end_of_column(now)) <= heard[-1]:
                ends.append(now)
            assert ends == heard
