"""``prepare``: folders of music to a dataset that is what it says; and ``fetch``."""

from __future__ import annotations

import json
import shutil
import zipfile
from ctypes.util import find_library
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile as sf
import soxr

import train.data.fetch
import train.prepare.run
from engine.dsp.frontend import FrontEnd
from engine.dsp.tempo import Tempo
from engine.errors import InputError, OutputError, UsageError
from engine.models.model_format import DEFAULT_LEVEL_DB
from tests.program import doubledrop
from tests.test_tracker import RATE as MADE_AT
from tests.test_tracker import drums
from train.data.dataset import HEADROOM_DB, RATE, TAIL_S, Dataset, read_audio
from train.data.modules import ModulePlayer
from train.data.packages import MODULES
from train.prepare.cutting import Equaliser, lateness, stretch
from train.prepare.listening import bandwidth, listen
from train.prepare.outcome import PrepareSettings
from train.prepare.run import prepare_dataset
from train.prepare.sections import choose_bars, phrase_bar
from train.prepare.sources import find_sources, split, unique
from train.prepare.work import nearest_octave

FORM = "i4 d12"  # 22 s at 175 BPM
SETTINGS = PrepareSettings(175.0)


def save(path: Path, sound: np.ndarray, rate: int = RATE, channels: int = 2, **tags: str) -> Path:
    """A piece made at the tracker's rate, in the format that the name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    out = soxr.resample(sound, MADE_AT, rate) if rate != MADE_AT else sound
    container = {".opus": ("OGG", "OPUS"), ".ogg": ("OGG", "VORBIS"), ".mp3": ("MP3", None)}
    format_, subtype = container.get(path.suffix, (None, None))
    with sf.SoundFile(path, "w", rate, channels, subtype, format=format_) as file:
        for name, value in tags.items():
            setattr(file, name, value)
        file.write(np.tile(out[:, None], (1, channels)))
    return path


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Two genres: one as it comes, one split by hand, one file a format and rate."""
    folder = tmp_path_factory.mktemp("music")
    soft, loud = folder / "soft", folder / "loud"
    save(soft / "same.flac", drums("two-step", 175.0, 0.5, FORM))
    save(soft / "album" / "slow.wav", drums("break", 155.0, 1.2, FORM, 1), 48000)
    save(soft / "album" / "fast.ogg", drums("two-step", 181.3, 0.2, FORM, 2))
    save(soft / "tagged.flac", drums("half time", 172.5, 0.9, FORM, 3), artist="Somebody")
    (soft / "cover.jpg").write_bytes(b"no music")
    save(loud / "train" / "eight.wav", drums("two-step", 170.0, 0.3, FORM, 4), 8000, 1)
    save(loud / "train" / "high.wav", drums("break", 177.0, 0.8, FORM, 5), 96000)
    save(loud / "held-out" / "web.opus", drums("two-step", 174.0, 0.1, FORM, 6), 48000)
    save(loud / "held-out" / "old.mp3", drums("two-step", 168.0, 0.7, FORM, 7), 44100, 1)
    return folder


@pytest.fixture(scope="module")
def prepared(music, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dataset") / "set"
    prepare_dataset(folder, [music / "soft", music / "loud"], SETTINGS, held_out=0.25)
    return Dataset(folder)


def test_every_format_becomes_segments(prepared):
    assert prepared.genres == ("soft", "loud")
    assert [t.name for t in prepared.tracks("soft")] == [
        "album-fast",
        "album-slow",
        "same",
        "tagged",
    ]
    assert [t.name for t in prepared.tracks("loud", "train")] == ["eight", "high"]
    assert [t.name for t in prepared.tracks("loud", "held-out")] == ["old", "web"]
    phrase = Tempo(175.0).phrase_s * RATE
    for segment in prepared.segments("soft") + prepared.segments("loud"):
        channels = 1 if segment.track.name in {"eight", "old"} else 2
        assert segment.audio().shape == (channels, round(2 * phrase) + round(TAIL_S * RATE))
        assert segment.image().shape == (2, int(np.ceil(phrase / 512)), 128)
    assert {len(t.starts_s) for g in prepared.genres for t in prepared.tracks(g)} <= {2, 3}


def test_what_a_file_was_is_kept(prepared):
    tracks = {t.name: t for genre in prepared.genres for t in prepared.tracks(genre)}
    assert [(tracks[n].rate, tracks[n].channels) for n in ("eight", "high")] == [
        (8000, 1),
        (96000, 2),
    ]
    assert tracks["eight"].bandwidth_hz <= 4000
    assert tracks["same"].bandwidth_hz > 10000
    assert (tracks["tagged"].group, tracks["album-slow"].group) == ("Somebody", "album")
    assert tracks["same"].group == "same"
    assert tracks["album-slow"].source == "album/slow.wav"
    assert tracks["album-slow"].bpm == pytest.approx(155.0, rel=1e-4)


def attacks(sound: np.ndarray) -> np.ndarray:
    """How steeply the sound rises at each sample, mono; the same detector for both sides."""
    edge = np.diff(sound.mean(axis=0), prepend=0.0) ** 2
    power = scipy.signal.oaconvolve(edge, np.hanning(133), "same")
    return np.maximum(np.diff(np.log(power + 0.3 * power.mean()), prepend=0.0), 0.0)


def beat_lateness(sound: np.ndarray, start: float, beat: float) -> float:
    """Where the attacks of 16 beats lie on the average, samples from the beats."""
    rises = attacks(sound)
    near = np.arange(-900, 900)
    places = np.rint(start + np.arange(16) * beat)[:, None].astype(int) + near
    mean = rises[np.clip(places, 0, len(rises) - 1)].mean(axis=0)
    return float(near[np.argmax(np.convolve(mean, np.hanning(45), "same"))])


@pytest.mark.parametrize(
    ("name", "bpm", "lead_s"),
    [
        ("same", 175.0, 0.5),
        ("album-slow", 155.0, 1.2),
        ("album-fast", 181.3, 0.2),
        ("high", 177.0, 0.8),
    ],
)
def test_phrases_begin_on_their_downbeats(name, bpm, lead_s, prepared, music, figure):
    """The beats of both phrases lie where those of the source do, relative to the true grid."""
    segments = [s for g in prepared.genres for s in prepared.segments(g) if s.track.name == name]
    source = next(music.rglob(Path(segments[0].track.source).name))
    sound, rate = sf.read(source, always_2d=True)
    sound = soxr.resample(sound, rate, RATE).T
    worst = 0.0
    for segment in segments:
        bar = (segment.track.starts_s[segment.number] - lead_s) * bpm / 240
        assert abs(bar - round(bar)) * 240 / bpm < 0.004
        for phrase in (0, 1):
            began = (lead_s + (round(bar) + 4 * (phrase - 1)) * 240 / bpm) * RATE
            there = beat_lateness(sound, began, 60 / bpm * RATE)
            start = prepared.tempo.phrase_start(phrase) * RATE
            here = beat_lateness(segment.audio(), start, prepared.tempo.beat_s * RATE)
            worst = max(worst, abs(here - there))
    figure(f"prepare, beats of {name}", f"{1000 * worst / RATE:.2f} ms off at most")
    # The stretcher sets attacks off by up to 2.5 ms here; what is left is its wobble.
    assert worst <= 0.0015 * RATE


def test_a_track_at_the_common_tempo_is_only_cut(prepared, music):
    source = read_audio(music / "soft" / "same.flac")
    for segment in (s for s in prepared.segments("soft") if s.track.name == "same"):
        begin = round((segment.track.starts_s[segment.number] - prepared.tempo.phrase_s) * RATE)
        gain = 10 ** (segment.track.gain_db / 20)
        sound = segment.audio()[:, : source.shape[1] - begin]
        np.testing.assert_allclose(
            sound, gain * source[:, begin : begin + sound.shape[1]], rtol=2e-5, atol=2e-6 * gain
        )


def test_level_and_headroom(prepared):
    for genre in prepared.genres:
        for track in prepared.tracks(genre):
            mine = [s for s in prepared.segments(genre) if s.track == track]
            power = np.mean([np.mean(prepared.own_phrase(s.audio()) ** 2) for s in mine])
            assert 10 * np.log10(power) == pytest.approx(DEFAULT_LEVEL_DB, abs=0.2)
            stored = read_audio(mine[0].audio_path)
            assert np.abs(stored).max() < 1.0
            ratio = np.abs(mine[0].audio()).max() / np.abs(stored).max()
            assert 20 * np.log10(ratio) == pytest.approx(HEADROOM_DB, abs=1e-3)


def test_images_are_those_of_the_sound(prepared):
    segment = prepared.segments("soft", "train")[0]
    analyser = FrontEnd().at(RATE)
    columns = segment.image().shape[1]
    for phrase in (0, 1):
        origin = phrase * prepared.tempo.phrase_s * RATE
        again = analyser.log_mel(segment.audio(), origin, columns)
        heard = again > -20  # below lies what 24 bits and 16-bit floats round
        seen = 3 if phrase == 0 else 0  # the first windows reach to what the file no longer has
        difference = np.abs(segment.image()[phrase] - again)[seen:][heard[seen:]]
        assert difference.max() < 0.1


def test_segments_come_from_the_drop(music, tmp_path):
    save(tmp_path / "a" / "x.flac", drums("two-step", 175.0, 0.0, "i9 d16 b8 d16"))
    prepare_dataset(tmp_path / "set", [tmp_path / "a"], SETTINGS)
    [track] = Dataset(tmp_path / "set").tracks("a")
    bars = [round(start / Tempo(175.0).bar_s) for start in track.starts_s]
    assert all(9 <= bar <= 21 or 33 <= bar <= 45 for bar in bars)
    assert {(bar - 9) % 4 for bar in bars} == {0}
    assert min(np.diff(bars)) >= 4
    assert min(bars) <= 21  # spread over both drops
    assert max(bars) >= 33


def test_twins_get_the_same_cuts_at_a_level_of_their_own(music, tmp_path):
    for name, twin in (("album/slow.wav", "slow.flac"), ("same.flac", "same.wav")):
        sound, rate = sf.read(music / "soft" / name)
        (tmp_path / "twins" / "soft").mkdir(parents=True, exist_ok=True)
        sf.write(tmp_path / "twins" / "soft" / twin, -0.1 * sound, rate, subtype="PCM_24")
    prepare_dataset(tmp_path / "set", [music / "soft"], SETTINGS, twins=tmp_path / "twins")
    data = Dataset(tmp_path / "set")
    assert [t.name for t in data.tracks("soft") if t.twin] == ["album-slow", "same"]
    for segment in data.segments("soft"):
        if not segment.track.twin:
            assert segment.twin_path is None
            continue
        there, here = read_audio(segment.twin_path), read_audio(segment.audio_path)
        if segment.track.name == "same":
            np.testing.assert_allclose(there, -here, atol=1e-4)
        # The phases that Rubber Band chooses hang on the last bit: the stretched one sounds alike.
        images = [FrontEnd().at(RATE).log_mel(sound) for sound in (here, there)]
        assert np.abs(np.subtract(*images))[images[0] > 10].mean() < 1.0


def test_equalised_alike(music, tmp_path):
    settings = PrepareSettings(175.0, low_pass_hz=6000.0, mono=True)
    prepare_dataset(tmp_path / "set", [music / "soft"], settings)
    data = Dataset(tmp_path / "set")
    assert (data.manifest.low_pass_hz, data.manifest.mono) == (6000.0, True)
    for segment in data.segments("soft"):
        power = np.abs(np.fft.rfft(segment.audio() * np.hanning(segment.audio().shape[-1]))) ** 2
        hz = np.fft.rfftfreq(segment.audio().shape[-1], 1 / RATE)
        assert power.shape[0] == 1
        above, below = power[0, hz > 6300].sum(), power[0, (hz > 4000) & (hz < 5700)].sum()
        assert 10 * np.log10(above / below) < -50


def test_the_low_pass_has_no_delay(rng):
    noise = rng.normal(0, 0.1, (2, 20000)).astype(np.float32)
    filtered = Equaliser(8000.0).apply(noise, RATE)
    lag = np.argmax(np.correlate(filtered[0], noise[0], "full")) - 19999
    assert (filtered.shape, lag) == (noise.shape, 0)


@pytest.mark.parametrize("factor", [0.8, 0.95, 1.03, 1.2])
def test_stretched_attacks_are_where_they_should_be(factor):
    sound = soxr.resample(drums("two-step", 175.0, 0.0, "d6"), MADE_AT, RATE)[None]
    fast, late = stretch(sound.astype(np.float32), factor)
    assert fast.shape[1] == pytest.approx(sound.shape[1] / factor, abs=2)
    beat = 60 / 175 * RATE
    there = beat_lateness(sound, 4 * beat, beat)
    here = beat_lateness(fast, 4 * beat / factor, beat / factor)
    assert here - there == pytest.approx(late * RATE, abs=0.0011 * RATE)
    assert lateness(np.zeros((1, 9)), np.zeros((1, 9)), 1.0) == 0.0


def test_the_same_input_gives_the_same_bytes(music, prepared, tmp_path):
    prepare_dataset(
        tmp_path / "again", [music / "soft", music / "loud"], SETTINGS, held_out=0.25, jobs=2
    )
    assert everything(tmp_path / "again") == everything(prepared.folder)


def times(folder: Path) -> dict[Path, int]:
    return {p: p.stat().st_mtime_ns for p in folder.rglob("*.flac")}


def test_a_run_goes_on_where_it_was_interrupted(music, tmp_path, monkeypatch):
    genres = [music / "soft"]
    real, calls = train.prepare.run.process, []

    def interrupted(folder, source, settings):
        calls.append(source.name)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(folder, source, settings)

    monkeypatch.setattr(train.prepare.run, "process", interrupted)
    with pytest.raises(KeyboardInterrupt):
        prepare_dataset(tmp_path / "set", genres, SETTINGS)
    assert not (tmp_path / "set" / "dataset.json").exists()
    finished = times(tmp_path / "set")
    done = prepare_dataset(tmp_path / "set", genres, SETTINGS)
    assert sum(outcome.reused for outcome in done.outcomes) == 3
    assert len(calls) == 5
    assert finished.items() <= times(tmp_path / "set").items()
    # Another setting, another file and a lost segment do their tracks again, and no others.
    next((tmp_path / "set" / "images" / "soft").glob("same-0.npy")).unlink()
    again = prepare_dataset(tmp_path / "set", genres, SETTINGS)
    assert [o.source.name for o in again.outcomes if not o.reused] == ["same"]
    # An interrupted change of settings leaves no dataset that is half of each.
    calls.clear()
    with pytest.raises(KeyboardInterrupt):
        prepare_dataset(tmp_path / "set", [*genres, music / "loud"], PrepareSettings(174.0))
    assert not (tmp_path / "set" / "dataset.json").exists()
    shutil.rmtree(tmp_path / "set" / "tracks")
    other = prepare_dataset(tmp_path / "set", genres, PrepareSettings(174.0))
    assert not any(outcome.reused for outcome in other.outcomes)
    assert Dataset(tmp_path / "set").manifest.bpm == 174.0


@pytest.fixture(scope="module")
def broken(music, tmp_path_factory):
    """A genre with one good file and many that are not."""
    folder = tmp_path_factory.mktemp("broken") / "mixed"
    folder.mkdir()
    rng = np.random.default_rng(0)
    shutil.copy(music / "soft" / "same.flac", folder / "good.flac")
    whole = (folder / "good.flac").read_bytes()
    (folder / "half.flac").write_bytes(whole[: len(whole) // 2])
    (folder / "text.mp3").write_text("no sound at all\n" * 50)
    (folder / "empty.wav").write_bytes(b"")
    save(folder / "silence.wav", np.zeros(20 * MADE_AT))
    save(folder / "faint.wav", 1e-4 * drums("two-step", 175.0, 0.0, FORM))
    save(folder / "noise.wav", rng.normal(0, 0.1, 20 * MADE_AT))
    save(folder / "short.wav", drums("two-step", 175.0, 0.0, "d3"))
    save(folder / "tiny.wav", rng.normal(0, 0.1, 100))
    return folder


SAID = {
    "half.flac": "damaged after",
    "text.mp3": "no sound file",
    "empty.wav": "empty (0 bytes)",
    "silence.wav": "silent",
    "faint.wav": "silent",
    "noise.wav": "no beat found",
    "short.wav": "eight bars",
    "tiny.wav": "too short",
}


def test_broken_files_are_named_and_skipped(broken, music, tmp_path):
    """At the real command: a line for each, one object on stdout, the good ones prepared."""
    folders = tmp_path / "set", broken, music / "loud"
    done = doubledrop("prepare", *folders, "--json", "--jobs", "1")
    assert done.returncode == 0, done.stderr
    # The MP3 decoder below libsndfile writes notes of its own to stderr.
    lines = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert len(lines) == len(SAID)
    for name, reason in SAID.items():
        [line] = [text for text in lines if f"/{name}: " in text]
        assert reason in line
    said = json.loads(done.stdout)
    assert {Path(entry["file"]).name for entry in said["skipped"]} == set(SAID)
    assert said["genres"]["mixed"] | {"segments": 0} == {
        "files": 9, "tracks": 1, "segments": 0, "train": 1, "held_out": 0, "groups": 1, "twins": 0,
    }  # fmt: skip
    assert {row["group"] for row in said["groups"]} == {"good", "eight", "high", "old", "web"}
    assert said["realtime_factor"] > 1


def test_a_lossy_file_may_end_a_little_early(music, tmp_path):
    """Its header may promise packets that are not there; a tenth of a second is no damage."""
    heard = listen(music / "soft" / "album" / "fast.ogg")
    raw = (music / "soft" / "album" / "fast.ogg").read_bytes()
    # The last page says how many samples there are: let it say 4410 more.
    at = raw.rindex(b"OggS")
    samples = int.from_bytes(raw[at + 6 : at + 14], "little") + 4410
    page = bytearray(raw[at:])
    page[6:14] = samples.to_bytes(8, "little")
    page[22:26] = bytes(4)
    page[22:26] = _ogg_crc(bytes(page)).to_bytes(4, "little")
    (tmp_path / "early.ogg").write_bytes(raw[:at] + bytes(page))
    assert len(listen(tmp_path / "early.ogg").sound) == pytest.approx(len(heard.sound), abs=2205)


def _ogg_crc(page: bytes) -> int:
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ (0x04C11DB7 if crc & 0x80000000 else 0)
        crc &= 0xFFFFFFFF
    return crc


def test_nothing_prepared_is_an_error(tmp_path):
    for name in ("a", "b"):
        save(tmp_path / name / "x.wav", np.zeros(MADE_AT * 2))
    with pytest.raises(InputError, match="none of 2 files"):
        prepare_dataset(tmp_path / "set", [tmp_path / "a", tmp_path / "b"], SETTINGS)
    assert not (tmp_path / "set" / "dataset.json").exists()


def test_folders_that_cannot_be_used(music, tmp_path):
    soft = music / "soft"
    (tmp_path / "soft").mkdir()
    save(tmp_path / "soft" / "x.wav", np.zeros(9))
    (tmp_path / "bare").mkdir()
    for folders, fault, says in [
        ([soft, soft / "album"], UsageError, "overlap"),
        ([soft, tmp_path / "soft"], UsageError, "two folders called soft"),
        ([soft, tmp_path / "no"], InputError, "no such folder"),
        ([soft, tmp_path / "bare"], InputError, "no music"),
    ]:
        with pytest.raises(fault, match=says):
            prepare_dataset(tmp_path / "set", folders, SETTINGS)
    with pytest.raises(UsageError, match="overlap"):
        prepare_dataset(soft / "set", [soft, music / "loud"], SETTINGS)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be made"):
        prepare_dataset(tmp_path / "file", [soft, music / "loud"], SETTINGS)


def test_the_split_is_by_track_and_alike_in_every_group(music):
    groups = ["a"] * 10 + ["b"] * 20 + [f"single {i}" for i in range(10)]
    sides = split(groups, 0.3, np.random.default_rng(1))
    for group, wanted in (("a", 3), ("b", 6)):
        held = sum(s == "held-out" for s, g in zip(sides, groups, strict=True) if g == group)
        assert held == wanted
    assert sides.count("held-out") == 12
    assert sides == split(groups, 0.3, np.random.default_rng(1))
    assert sides != split(groups, 0.3, np.random.default_rng(2))
    by_hand = find_sources([music / "loud"], 0.9, 0, None)
    assert {s.name: s.split for s in by_hand} == {
        "eight": "train", "high": "train", "old": "held-out", "web": "held-out",
    }  # fmt: skip


def test_small_rules():
    assert unique(["x", "y", "X", "x"]) == ["x", "y", "X-2", "x-3"]
    assert nearest_octave(Tempo(60.0, 1.0), 140.0) == Tempo(120.0, 1.0)
    assert nearest_octave(Tempo(91.0), 140.0) == Tempo(91.0)
    hz = np.linspace(0, 22050, 2049)
    assert bandwidth((hz < 16000) * 1.0, hz) == pytest.approx(16000, abs=100)
    energy = np.array([0.0] * 4 + [1.0] * 8 + [0.0] * 4)
    assert choose_bars(energy, np.ones(16, bool), 0, 2) == [4, 8]
    assert choose_bars(energy[:7], np.ones(7, bool), 0, 2) == []
    tight = choose_bars(np.array([0.0] * 4 + [1.0] * 6 + [0.0] * 7), np.ones(17, bool), 0, 3)
    assert len(tight) == 3
    assert min(np.diff(tight)) >= 4
    steps = np.repeat([0.0, 2.0, -1.0], [6, 8, 8])[:, None]
    assert phrase_bar(steps) == 2


def test_fetch_lays_packages_out(tmp_path, monkeypatch, rng):
    """With an apt-get that is not there to ask: names, artists, licences, and no effects."""
    packages = (
        train.data.fetch.Package(
            "game-data", "GPL-2", "loud", {"b/*": "B", "*": "A"}, 1.0, ("loop*",)
        ),
    )
    monkeypatch.setitem(train.data.fetch.SETS, "pair", packages)
    monkeypatch.setattr(shutil, "which", lambda tool: tool)
    ran = []

    def run(command, folder, cure):
        ran.append(command[:2])
        if command[1] == "download":
            (folder / "game-data_1_all.deb").write_bytes(b"")
        elif command[1] == "-x":
            for name, seconds in (("a/x", 2), ("b/y", 2), ("a/effect", 0.5), ("a/loop_1", 2)):
                save(folder / "tree" / f"{name}.ogg", rng.normal(0, 0.1, round(seconds * MADE_AT)))
        return "1.2-3\n"

    monkeypatch.setattr(train.data.fetch, "_run", run)
    [done] = train.data.fetch.fetch("pair", tmp_path)
    assert (done.version, done.files, done.reused) == ("1.2-3", 2, False)
    found = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.ogg"))
    assert found == ["loud/A/game-data/x.ogg", "loud/B/game-data/y.ogg"]
    assert 'licence = "GPL-2"' in (tmp_path / "SOURCES.toml").read_text()
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
    count = len(ran)
    assert train.data.fetch.fetch("pair", tmp_path)[0].reused
    assert len(ran) == count
    monkeypatch.setattr(shutil, "which", lambda tool: None)
    with pytest.raises(UsageError, match="apt-get is not on this system"):
        train.data.fetch.fetch("pair", tmp_path / "other")
    with pytest.raises(UsageError, match="no set 'par'"):
        train.data.fetch.fetch("par", tmp_path)


def test_fetch_lays_out_what_is_a_soundfont_or_a_midi_file(tmp_path, monkeypatch):
    """With an apt-get that is not there to ask: by ending and by how a file begins."""
    soundfont, smf = b"RIFF\4\0\0\0sfbk", b"MThd\0\0\0\6"
    packages = {
        "soundfonts": {"a.sf2": soundfont, "b.SF3": soundfont, "c.sf2": smf, "d.mid": smf},
        "free-midi": {"a.mid": smf, "b.mid": soundfont, "c.sf2": soundfont, "d.txt": smf},
    }
    monkeypatch.setattr(shutil, "which", lambda tool: tool)
    kept = {"soundfonts": ["a.sf2", "b.SF3"], "free-midi": ["a.mid"]}
    for name, files in packages.items():

        def run(command, folder, cure, files=files):
            if command[1] == "download":
                (folder / "x_1_all.deb").write_bytes(b"")
            elif command[1] == "-x":
                (folder / "tree").mkdir()
                for file, content in files.items():
                    (folder / "tree" / file).write_bytes(content)
            return "1.2-3\n"

        monkeypatch.setattr(train.data.fetch, "_run", run)
        done = train.data.fetch.fetch(name, tmp_path / name)
        assert [f.files for f in done] == [len(kept[name])] * len(done)
        for package in done:
            assert package.licence
            there = sorted(p.name for p in (tmp_path / name / package.package).iterdir())
            assert there == kept[name]
        assert all(f.reused for f in train.data.fetch.fetch(name, tmp_path / name))


def test_fetch_takes_what_is_asked_for_out_of_archives_and_modules(tmp_path, monkeypatch, rng):
    """With an apt-get and a player of modules that are not there to ask."""
    sound = rng.normal(0, 0.1, 2 * MADE_AT)
    form = {"shortest_s": 1.0}
    packages = (
        train.data.fetch.Package(
            "some",
            "MIT",
            artists={"*/a.ogg": "loud/A"},
            only_known=True,
            archives=("*.pk3",),
            **form,
        ),
        train.data.fetch.Package("tagged", "MIT", "soft", by_tag=True, **form),
        train.data.fetch.Package("tracker", "MIT", "8 bit", {"*": "T"}, endings=MODULES, **form),
    )
    monkeypatch.setitem(train.data.fetch.SETS, "parts", packages)
    monkeypatch.setattr(shutil, "which", lambda tool: tool)

    def run(command, folder, cure):
        tree, name = folder / "tree", next(iter(folder.glob("*.deb")), folder).stem
        if command[1] == "download":
            (folder / f"{command[-1]}_1_all.deb").write_bytes(b"")
        elif command[1] == "-x" and name.startswith("some"):
            for file in ("data/a.ogg", "data/b.ogg"):
                save(tree / file, sound)
            with zipfile.ZipFile(tree / "pak.pk3", "w") as archive:
                for file in ("data/a.ogg", "data/b.ogg"):
                    archive.write(tree / file, f"../{file}")  # never beside the tree
                    (tree / file).unlink()
        elif command[1] == "-x" and name.startswith("tagged"):
            save(tree / "plain.ogg", sound)
            with sf.SoundFile(tree / "known.ogg", "w", MADE_AT, 1) as file:
                file.artist = "A/B"
                file.write(sound)
        elif command[1] == "-x":
            tree.mkdir()
            (tree / "song.MOD").write_bytes(b"M.K.")
        return "1\n"

    class Player:
        def __init__(self, brought):
            pass

        def render(self, module, out):
            save(out, sound)

    monkeypatch.setattr(train.data.fetch, "_run", run)
    monkeypatch.setattr(train.data.fetch.modules, "ModulePlayer", Player)
    out = tmp_path / "out"
    assert [f.files for f in train.data.fetch.fetch("parts", out)] == [1, 2, 1]
    files = (p for p in out.rglob("*") if p.is_file() and p.name != "SOURCES.toml")
    assert sorted(p.relative_to(out).as_posix() for p in files) == [
        "8 bit/T/tracker/song.MOD.flac",
        "loud/A/some/a.ogg",
        "soft/A-B/tagged/known.ogg",
        "soft/tagged/tagged/plain.ogg",
    ]
    assert all(f.reused for f in train.data.fetch.fetch("parts", out))
    assert not list(tmp_path.glob("data"))


def test_modules_are_played_by_the_systems_library(tmp_path):
    """Silence of one pattern: 64 rows at six ticks of 20 ms."""
    if find_library("openmpt") is None:
        pytest.skip("no libopenmpt here")
    module = b"".ljust(950, b"\0") + bytes([1, 127]) + b"\0" * 128 + b"M.K." + b"\0" * 1024
    (tmp_path / "a.mod").write_bytes(module)
    player = ModulePlayer(lambda: tmp_path)
    assert player.render(tmp_path / "a.mod", tmp_path / "a.flac") == pytest.approx(7.68, abs=0.2)
    (tmp_path / "b.mod").write_bytes(b"no module")
    assert player.render(tmp_path / "b.mod", tmp_path / "b.flac") == 0.0


def test_without_a_player_of_modules_the_cure_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(train.data.modules, "find_library", lambda name: None)
    monkeypatch.setattr(train.data.modules, "_NEEDED", ())
    monkeypatch.setattr(train.data.modules, "LIBRARY", "libnone.so.0")
    with pytest.raises(InputError, match="Install libopenmpt0"):
        ModulePlayer(lambda: tmp_path)
