"""Genres: their features, what is learnt of them, a classifier's file, and ``classify``."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import onnx
import pytest
import soundfile as sf
from onnx import helper, numpy_helper

import engine.machine_code  # noqa: F401  (librosa keeps some too)
from engine.control.genre_calls import GenreCalls, GenreRule
from engine.errors import InputError, PresetError, UsageError
from engine.genres import features
from engine.genres.classifier import Classifier
from engine.genres.hearing import call, hear_file, stream_frames
from engine.genres.model_file import FILE
from engine.genres.watch import Named
from export.genres import classifier_bytes
from tests.program import doubledrop
from train.cli.classifying import BY_ARTIST, LEAKY, train_classifier
from train.genres import augment, clips
from train.genres.corpus import find_pieces
from train.genres.fitting import Settings, fit
from train.genres.networks import KINDS, SIMPLE
from train.genres.protocols import artist_folds, augment_then_split, by_artist
from train.genres.table import Table, build_table

RATE = features.RATE
QUICK = Settings(epochs=8, kinds=(SIMPLE,))


def music(rng, seconds=4.0):
    """Something of everything: a chord that moves, hits, noise."""
    t = np.arange(round(seconds * RATE)) / RATE
    chord = sum(np.sin(2 * np.pi * hz * t * (1 + 0.01 * np.sin(t))) for hz in (196, 247, 330))
    hits = np.sign(np.sin(2 * np.pi * 1234 * t)) * (np.sin(2 * np.pi * 2 * t) > 0.5)
    return (0.1 * chord + 0.1 * hits + 0.02 * rng.normal(size=len(t))).astype(np.float32)


def test_features_are_those_of_librosa(rng):
    import librosa

    sound = music(rng)
    heard = features.frames(sound)
    ours = features.summary(heard)
    levelled = sound / np.sqrt(features.level_of(heard))
    form = {"n_fft": features.WINDOW, "hop_length": features.HOP, "center": False}
    theirs = librosa.feature.mfcc(y=levelled, sr=RATE, n_mfcc=39, **form).mean(axis=1)
    np.testing.assert_allclose(ours[:39], theirs, atol=1e-3)
    named = dict(zip(features.AGGREGATES, ours[39:], strict=True))
    of, at = librosa.feature, {"y": sound, "sr": RATE, **form}
    crossings = of.zero_crossing_rate(sound, frame_length=2048, hop_length=512, center=False)
    assert named["zero-crossing rate"] == pytest.approx(crossings.mean(), rel=1e-5)
    assert named["centroid"] == pytest.approx(of.spectral_centroid(**at).mean(), rel=1e-5)
    assert named["bandwidth"] == pytest.approx(of.spectral_bandwidth(**at).mean(), rel=1e-5)
    assert named["roll-off"] == pytest.approx(of.spectral_rolloff(**at).mean(), rel=1e-5)
    assert named["chroma"] == pytest.approx(of.chroma_stft(tuning=0.0, **at).mean(), rel=1e-5)
    assert len(ours) == features.N_FEATURES == len(features.NAMES) == 44


def test_features_do_not_change_with_level_and_pauses(rng):
    sound = music(rng)
    ours = features.summary(features.frames(sound))
    softer = features.summary(features.frames(0.03 * sound))
    np.testing.assert_allclose(softer, ours, rtol=1e-3, atol=1e-2)
    pause = np.zeros(8 * features.WINDOW, np.float32)
    paused = features.summary(features.frames(np.concatenate([sound, pause])))
    np.testing.assert_allclose(paused[:39], ours[:39], atol=3.0)  # the frame in which it ends
    assert features.summary(features.frames(pause)) is None
    assert features.summary(features.frames(pause[:100])) is None


@pytest.mark.parametrize("block", [1, 511, 512, 2049, 30000])
def test_frames_of_parts_are_those_of_the_whole(rng, block):
    sound = music(rng, 0.4 if block == 1 else 2.0)
    parts = (sound[at : at + block] for at in range(0, len(sound), block))
    heard, whole = stream_frames(parts), features.frames(sound)
    for name in ("db", "power", "aggregates"):
        np.testing.assert_allclose(getattr(heard, name), getattr(whole, name), rtol=1e-4, atol=1e-3)


def test_a_clip_becomes_seven(rng):
    clip = music(rng)
    made = dict(zip(augment.VERSIONS, augment.sevenfold(clip, rng), strict=True))
    assert len(made) == 7
    assert made["as it is"] is clip
    for name, db in (("noise 30", -30), ("noise 20", -20)):
        noise = made[name] - clip
        level = 10 * np.log10(np.mean(noise**2) / np.mean(clip**2))
        assert level == pytest.approx(db, abs=0.2)
    for name, part in (("early", -0.2), ("late", 0.2)):
        assert np.array_equal(np.roll(made[name], -round(part * len(clip))), clip)
    assert len(made["stretched"]) == pytest.approx(len(clip) / 0.85, rel=0.02)
    assert len(made["squeezed"]) == pytest.approx(len(clip) / 1.15, rel=0.02)
    tone = np.sin(2 * np.pi * 440 * np.arange(4 * RATE) / RATE).astype(np.float32)
    for sound in augment.sevenfold(tone, rng):  # the pitch stays
        loudest = np.abs(np.fft.rfft(sound)).argmax() * RATE / len(sound)
        assert loudest == pytest.approx(440, abs=2.0)


def test_clips_lie_apart_all_over_a_piece(tmp_path, rng):
    assert clips.spread(320, 100, 4) == [5, 110, 215]
    assert clips.spread(1000, 100, 1) == [450]
    assert clips.spread(50, 100, 4) == [0]
    path, seconds = tmp_path / "ramp.flac", 70
    sf.write(path, np.linspace(0.0, 0.9, seconds * RATE), RATE)
    found = clips.read_clips(path, 2)
    assert [len(clip) for clip in found] == [round(30 * RATE)] * 2
    middles = [float(clip.mean()) / 0.9 * seconds for clip in found]
    assert middles == pytest.approx([3.3 + 15, 36.7 + 15], abs=0.1)
    sf.write(path, np.zeros(9 * RATE), RATE)
    assert clips.read_clips(path) == []


def write_music(folder, rng, seconds=10.5):
    """Two genres of two artists each: hiss, and hums; and a file that is no sound."""
    t = np.arange(round(seconds * RATE)) / RATE
    for number, artist in enumerate(("ann", "bob")):
        hum = 0.2 * np.sin(2 * np.pi * (110 + 30 * number) * t)
        sounds = {"hiss": 0.1 * rng.normal(size=len(t)), "hum": hum}
        for genre, sound in sounds.items():
            place = folder / genre / artist
            place.mkdir(parents=True)
            sf.write(place / "one.wav", sound, RATE)
    (folder / "hum" / "bob" / "broken.wav").write_bytes(b"RIFF and nothing else")
    return folder


def test_artists_are_folders_or_tags_or_the_piece(tmp_path, rng):
    music_of = write_music(tmp_path / "music", rng)
    for name, artist in (("tagged", "cleo"), ("bare", "")):
        with sf.SoundFile(music_of / "hum" / f"{name}.flac", "w", RATE, 1) as file:
            if artist:
                file.artist = artist
            file.write(np.zeros(RATE))
    split = music_of / "hiss" / "train"
    split.mkdir()
    (music_of / "hiss" / "ann").rename(split / "ann")
    found = {f"{p.genre}/{p.path.stem}/{p.artist}" for p in find_pieces([music_of])}
    assert found >= {"hum/tagged/cleo", "hum/bare/bare", "hiss/one/ann", "hum/one/bob"}
    assert find_pieces([music_of / "hum", music_of / "hiss"])[0].genre == "hum"
    with pytest.raises(UsageError, match="two genres or more"):
        find_pieces([split])
    with pytest.raises(UsageError, match="two folders called hum"):
        find_pieces([music_of / "hum", music_of / "hum"])


def clusters(rng, spread=0.3, artists=4, own=0.0, genres=3):
    """A table of genres that lie apart, artists that lie ``own`` apart, and seven versions of each
    clip that lie beside each other."""
    middles = rng.normal(size=(genres, 44))
    rows, keys, piece = [], [], 0
    for genre in range(genres):
        for artist in range(artists):
            centre = middles[genre] + own * rng.normal(size=44)
            for _ in range(4):
                clip = centre + spread * rng.normal(size=44)
                for version in range(7):
                    rows.append(clip + 0.05 * rng.normal(size=44))
                    keys.append((genre, piece, piece, version, genre * artists + artist))
                piece += 1
    names = tuple(f"artist {n}" for n in range(genres * artists))
    marks = np.array(keys).T
    return Table(
        tuple(f"genre {n}" for n in range(genres)), np.array(rows, np.float32), *marks, names=names
    )


def test_no_artist_is_learnt_from_and_tested(rng):
    table = clusters(rng)
    side = artist_folds(table, 3)
    for artist in np.unique(table.artists):
        assert len(np.unique(side[table.artists == artist])) == 1
    for genre in range(3):  # every genre is tested in every fold, and never whole in one
        assert set(side[table.labels == genre]) == {0, 1, 2}
    lonely = table.rows((table.labels != 0) | (table.artists == 0))
    assert set(artist_folds(lonely, 3)[lonely.labels == 0]) == {-1}


def test_the_leak_is_seen(rng):
    """Artists that have nothing of a genre in common: known again, and never recognised."""
    table = clusters(rng, artists=6, own=6.0)
    leaky, honest = augment_then_split(table, QUICK), by_artist(table, QUICK, folds=3)
    assert leaky.recall(SIMPLE).mean() > 0.95
    assert honest.recall(SIMPLE).mean() < 0.7
    assert len(honest.labels) == len(np.unique(table.pieces))
    low, high = honest.interval(SIMPLE)
    assert low <= honest.recall(SIMPLE).mean() <= high
    assert honest.confusion(SIMPLE).sum() == len(honest.labels)


def test_training_is_repeated_exactly_and_all_networks_learn(rng):
    table = clusters(rng)
    far = 0.3 * table.features + table.labels[:, None]  # so that few steps are enough for all
    table = replace(table, features=far.astype(np.float32))
    once, again = (fit(table, Settings(epochs=8)) for _ in range(2))
    shares = once.all_shares(table.features)
    assert set(shares) == {*KINDS, "ensemble"}
    for kind, said in again.all_shares(table.features).items():
        np.testing.assert_array_equal(said, shares[kind])
        np.testing.assert_allclose(said.sum(axis=1), 1.0, atol=1e-5)
        assert np.mean(said.argmax(axis=1) == table.labels) > 0.6, kind
    other = fit(table, replace(QUICK, seed=1)).shares(table.features, SIMPLE)
    assert not np.array_equal(other, shares[SIMPLE])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    rng = np.random.default_rng(3)
    table = clusters(rng)
    folder = tmp_path_factory.mktemp("trained") / "mine"
    return table, train_classifier(table, folder, QUICK, "made up", "CC0-1.0", compare=True)


def test_a_classifier_says_what_its_network_says(trained):
    table, done = trained
    engine = Classifier(done.folder)
    called = np.array(engine.genres)[engine(table.features).argmax(axis=1)]
    assert np.mean(called == np.array(table.genres)[table.labels]) > 0.95
    assert engine.facts["sources"] == "made up"
    card = (done.folder / "card.md").read_text()
    assert "| mean |" in card
    assert "CC0-1.0" in card
    assert BY_ARTIST in card
    assert LEAKY in card
    assert (done.folder / "confusion.png").stat().st_size > 5000


def test_playing_needs_no_torch(trained):
    _, done = trained
    code = (
        "import sys; sys.modules['torch'] = sys.modules['onnx'] = None\n"
        "import numpy as np, pathlib\n"
        "from engine.genres.classifier import Classifier\n"
        "import engine.genres.genre_process, engine.genres.hearing, train.cli.classify\n"
        f"print(Classifier(pathlib.Path({str(done.folder)!r}))(np.zeros((1, 44))).sum())"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert float(ran.stdout) == pytest.approx(1.0), ran.stderr


def changed(trained, tmp_path, change):
    """The classifier's file, changed."""
    model = onnx.load(trained[1].folder / FILE)
    change(model)
    path = tmp_path / FILE
    onnx.save(model, path)
    return path


def _set(key, value):
    def change(model):
        [entry] = [e for e in model.metadata_props if e.key == f"doubledrop.genres.{key}"]
        entry.value = value

    return change


def _another_node(model):
    model.graph.node.insert(2, helper.make_node("Relu", ["n1"], ["extra"]))


def _wide(model):
    """A column where a row should be: each would be added to each."""
    tensor = model.graph.initializer[0]
    values = numpy_helper.to_array(tensor)
    tensor.CopyFrom(numpy_helper.from_array(values[:, None], tensor.name))


def _looping(model):
    model.graph.node[3].op_type = "Loop"


def _swapped(model):
    nodes = model.graph.node
    nodes[-1].input[0] = nodes[-3].output[0]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_set("format", "9"), "format 9"),
        (_set("features", "[]"), "other features"),
        (_set("genres", '["one"]'), "1 genres"),
        (_set("genres", '["a", "b\\u001b[2J", "c"]'), "cannot be shown"),
        (_set("genres", "[1, 2, 3]"), "genres that are no list"),
        (_set("example", "[1.0]"), "another size"),
        (_set("said", "[0.9, 0.05, 0.05]"), "something else of its example"),
        (_set("facts", "NaN"), "cannot be read"),
        (_another_node, "a graph of"),
        (_wide, "do not fit"),
        (_looping, "control flow"),
        (_swapped, "not in a row"),
    ],
)
def test_a_strange_file_is_refused(trained, tmp_path, change, says):
    with pytest.raises(PresetError, match=says):
        Classifier(changed(trained, tmp_path, change))


def test_generators_and_damaged_files_are_no_classifiers(model_path, tmp_path):
    with pytest.raises(PresetError, match="no classifier"):
        Classifier(model_path("identity"))
    (tmp_path / FILE).write_bytes(b"\x08\x07nothing")
    with pytest.raises(PresetError):
        Classifier(tmp_path)
    with pytest.raises(PresetError, match="cannot be read"):
        Classifier(tmp_path / "nowhere")


def test_a_file_that_differs_from_its_network_is_not_written(rng):
    table = clusters(rng)
    fitted = fit(table, QUICK)
    layers, scaler = fitted.networks[SIMPLE], fitted.scaler
    layers.append(__import__("torch").nn.Tanh())
    with pytest.raises(ValueError, match="Tanh"):
        classifier_bytes(layers, scaler.mean, scaler.scale, table.genres, {})


def test_genres_over_time(trained):
    _table, done = trained
    engine = Classifier(done.folder)
    quiet = features.frames(np.zeros(40 * RATE, np.float32))
    heard = call(quiet, engine, 40.0)
    assert heard.mean is None
    assert heard.genre == ""
    assert np.isnan(heard.shares).all()
    assert heard.to_json() == {"genre": None, "shares": {}, "seconds": 40.0, "over_time": []}
    loud = features.frames(music(np.random.default_rng(0), 61.0))
    heard = call(features.Frames.join(quiet, loud), engine, 101.0)
    assert np.isnan(heard.shares[0]).all()
    assert not np.isnan(heard.shares[-1]).any()
    np.testing.assert_allclose(np.diff(heard.times_s), 5.0, atol=0.03)
    assert sum(heard.mean) == pytest.approx(1.0)


def test_classify_learns_and_calls(tmp_path, rng):
    music_of = write_music(tmp_path / "music", rng)
    out = tmp_path / "mine"
    how = ("--out", out, "--epochs", 10, "--jobs", 1, "--licence", "CC0-1.0", "--json")
    done = doubledrop("classify", "--train", music_of, *how)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["recall"][BY_ARTIST] == {"hiss": 1.0, "hum": 1.0}
    assert "broken.wav" in done.stderr
    for name in (FILE, "card.md", "confusion.png"):
        assert (out / name).stat().st_size > 500
    pictures = tmp_path / "pictures"
    asked = ("classify", music_of, tmp_path / "none.wav", "--classifier", out)
    done = doubledrop(*asked, "--report", pictures, "--json")
    assert done.returncode == 2
    said = json.loads(done.stdout)
    assert len(said["unreadable"]) == 2
    assert "none.wav" in done.stderr
    for entry in said["files"]:
        assert f"/{entry['genre']}/" in entry["file"].replace("\\", "/")
        assert sum(entry["shares"].values()) == pytest.approx(1.0, abs=1e-3)
    assert len(list(pictures.glob("*.png"))) == 4
    shown = doubledrop("classify", music_of / "hum" / "ann", "--classifier", out)
    assert shown.returncode == 0
    assert "hum" in shown.stdout
    assert doubledrop("classify", music_of, "--epochs", 3).returncode == 2
    short = tmp_path / "short.wav"
    sf.write(short, np.zeros(RATE), RATE)
    with pytest.raises(InputError, match="3 s or more"):
        hear_file(short, Classifier(out))


def test_what_cannot_be_read_is_named_in_the_table(tmp_path, rng):
    pieces = find_pieces([write_music(tmp_path, rng)])
    table = build_table(pieces, augment=False)
    assert len(table) == 4
    assert len(table.unread) == 1
    assert "broken.wav" in table.unread[0]
    table.save(tmp_path / "table.npz")
    again = Table.load(tmp_path / "table.npz")
    np.testing.assert_array_equal(again.features, table.features)
    assert (again.genres, again.names, again.unread) == (table.genres, table.names, table.unread)


def test_a_genre_calls_its_slot_once_and_not_at_its_edge():
    calls = GenreCalls([GenreRule(1, "liquid", 8.0), GenreRule(2, "techno", 4.0)])
    said = [calls.hear({"liquid": share}, bar) for bar, share in enumerate([0.5, 0.7, 0.5, 0.45])]
    assert said == [None] * 4  # it has begun at bar 1, and stays while it is above the lower edge
    assert calls.hear({"liquid": 0.45}, 8.5) is None
    assert calls.hear({"liquid": 0.45}, 9.0).slot == 1
    assert calls.hear({"liquid": 0.9}, 40.0) is None  # whoever has gone elsewhere is left there
    assert calls.hear({"liquid": 0.3}, 41.0) is None
    assert calls.hear({"liquid": 0.9}, 42.0) is None
    assert calls.hear({"liquid": 0.9, "techno": 0.95}, 50.0).slot == 1
    assert calls.hear({"techno": 0.95}, 54.0).slot == 2
    calls.hear({}, 55.0)  # silence
    assert calls.hear({"techno": 0.95}, 56.0) is None
    assert calls.hear({"techno": 0.95}, 12.0) is None  # the tempo was found anew
    assert calls.hear({"techno": 0.95}, 15.0) is None
    assert calls.hear({"techno": 0.95}, 16.0).slot == 2


def test_words_of_the_screen():
    assert Named().words == ""
    both = Named({"liquid": 0.82, "metal": 0.18}, {"dancefloor": 0.91})
    assert both.words == "in: liquid 82 %, out: dancefloor 91 %"
    assert Named({}, {"metal": 1.0}).words == "out: metal 100 %"


def test_the_programs_own_classifier_is_there():
    own = Classifier()
    assert own.genres == ("dancefloor", "electronic", "liquid", "orchestral")
    assert own.facts["licence"] == "GPL-3.0-or-later"
    card = (own.path.parent / "card.md").read_text(encoding="utf-8")
    for name in own.genres:
        assert f"| {name} |" in card
    assert "CC-BY-SA" not in card
