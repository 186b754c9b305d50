"""``compose-notes``: notes that are what the manifest says, twins, soundfonts that are held out."""

from __future__ import annotations

import os
import shutil
import struct
from collections import Counter
from itertools import pairwise
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile as sf

from engine.errors import InputError, OutputError, UsageError
from engine.io.midi_file import read_midi
from tests.program import doubledrop
from train.notes import midi, synthesis
from train.notes.corpus import plan_corpus, write_corpus
from train.notes.drawing import draw_clips, splits
from train.notes.excerpts import TAIL_S, excerpts_of
from train.notes.families import FAMILIES, PITCHES, TWINS
from train.notes.manifest import CLIP_RATE, CLIP_S, Clip, Note, read_manifest
from train.notes.melodies import choose_melodies
from train.notes.midi import Passage, write_midi
from train.notes.soundfonts import Soundfont, Stock, find_soundfonts, read_soundfont
from train.notes.synthesis import RATE, synthesise

FONT = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")
MELODY_RATE = 22050
SCALE = (60, 62, 64, 65, 67, 69, 71, 72)
STEP_S = 0.25


@pytest.fixture(scope="module")
def font():
    """A real soundfont, and the program that plays it; without them the test is skipped, but not
    where the Makefile has installed them."""
    there = FONT.is_file() and shutil.which("fluidsynth")
    if not there and not os.environ.get("CI"):
        pytest.skip(
            "no fluidsynth or soundfont (Debian: apt install fluidsynth timgm6mb-soundfont)"
        )
    return FONT


@pytest.fixture(scope="module")
def fonts(font, tmp_path_factory):
    """A folder of three soundfonts, which are one by three names."""
    folder = tmp_path_factory.mktemp("soundfonts")
    for name in ("A", "B", "TimGM6mb"):
        (folder / f"{name}.sf2").symlink_to(font)
    return folder


@pytest.fixture
def stock():
    """Soundfonts that nothing is rendered from."""
    a, b, c = (Soundfont(Path(f"{name}.sf2"), "", frozenset()) for name in "abc")
    return Stock((a, b), c)


def played(pitches, step_s=STEP_S, held_s=0.2, program=73, channel=0, starts_s=0.0):
    """Messages and their times: one note after the other."""
    yield starts_s, mido.Message("program_change", program=program, channel=channel)
    for k, pitch in enumerate(pitches):
        at_s = starts_s + k * step_s
        yield at_s, mido.Message("note_on", note=pitch, velocity=90, channel=channel)
        yield at_s + held_s, mido.Message("note_off", note=pitch, channel=channel)


def tune(seed, notes=36):
    """Pitches of which no two neighbours are the same."""
    rng, line = np.random.default_rng(seed), [60]
    while len(line) < notes:
        line.append(int(rng.choice([pitch for pitch in SCALE if pitch != line[-1]])))
    return line


def write(path, *parts):
    """A MIDI file of parts that sound at once; a tick is a millisecond."""
    file = mido.MidiFile(type=0, ticks_per_beat=500)
    file.tracks.append(track := mido.MidiTrack())
    now = 0
    for at_s, message in sorted((e for part in parts for e in part), key=lambda event: event[0]):
        track.append(message.copy(time=round(at_s * 1000) - now))
        now = round(at_s * 1000)
    path.parent.mkdir(parents=True, exist_ok=True)
    file.save(path)
    return path


@pytest.fixture(scope="module")
def pieces(tmp_path_factory):
    """Four pieces with a melody of 9 s each, with bass, chords and drums; and a broken file."""
    folder = tmp_path_factory.mktemp("midi")
    for seed in range(4):
        write(
            folder / f"piece-{seed}.mid",
            played(tune(seed), channel=3),
            played([p - 24 for p in tune(seed + 10)], program=33, channel=1),
            played([35] * 36, channel=9),
            *(played([p + k for p in tune(seed)], program=0, channel=2) for k in (0, 4)),
        )
    (folder / "broken.mid").write_bytes(b"MThd\0\0")
    return folder


@pytest.fixture(scope="module")
def composed(fonts, pieces, tmp_path_factory):
    """What the command makes, its options and what it says."""
    folder = tmp_path_factory.mktemp("notes") / "notes"
    options = ["--clips", 8, "--held-out", 0.25, "--midi", pieces, "--melodies", 4]
    options += ["--rate", MELODY_RATE, "--seed", 5]
    done = doubledrop("compose-notes", fonts, folder, *options)
    assert done.returncode == 0, done.stderr
    return folder, options, done


def pitch_of(sound, rate):
    """MIDI pitch, with its fraction, by autocorrelation at eight times the rate."""
    n = len(sound)
    window = np.hanning(n)
    powers = (np.abs(np.fft.rfft(x, 2 * n)) ** 2 for x in (sound * window, window))
    own, of_window = (np.fft.irfft(power, 16 * n)[: 8 * n] for power in powers)
    likeness = own / own[0] / np.maximum(of_window / of_window[0], 1e-3)
    first, last = 8 * rate // 2500, 8 * rate // 100
    inner = likeness[first:last]
    peaks = np.flatnonzero((inner[1:-1] > inner[:-2]) & (inner[1:-1] >= inner[2:])) + 1
    period = first + peaks[np.argmax(inner[peaks] > 0.93 * inner[peaks].max())]
    return 69 + 12 * np.log2(8 * rate / period / 440)


def note(pitch=72, velocity=100, held_s=1.0, at_s=0.0, **vibrato):
    return Note(at_s=at_s, held_s=held_s, pitch=pitch, velocity=velocity, **vibrato)


def test_a_clip_is_the_note_that_the_manifest_says(composed):
    folder, _, _ = composed
    manifest = read_manifest(folder)
    assert Counter(clip.family for clip in manifest.clips) == dict.fromkeys(FAMILIES, 8)
    assert len({clip.note for clip in manifest.clips}) == len(manifest.clips)
    for clip in manifest.clips:
        sound, rate = sf.read(clip.path(folder))
        assert (rate, sound.shape) == (CLIP_RATE, (round(CLIP_S * CLIP_RATE),))
        assert clip.program in FAMILIES[clip.family].programs
        level, held = np.abs(sound) / np.abs(sound).max(), round(clip.note.held_s * rate)
        assert 1e-3 < np.abs(sound).max() < 0.5
        assert level[: round(0.03 * rate)].max() > 0.01  # it begins at the beginning
        assert level[held + round(0.6 * rate) :].max() < 0.01  # and ends as it should
        if clip.family == "flute":
            assert level[held - round(0.1 * rate) : held].max() > 0.1
        assert pitch_of(sound[800:4000], rate) == pytest.approx(clip.note.pitch, abs=0.4)


def test_notes_are_drawn_over_all_there_is(stock):
    clips = draw_clips(stock, 400, 0.125, 1)
    notes = [clip.note for clip in clips]
    assert {n.pitch for n in notes} == set(PITCHES)
    assert min(n.velocity for n in notes) == 25
    assert max(n.velocity for n in notes) == 127
    held = [n.held_s for n in notes]
    assert 0.3 <= min(held) < 0.35
    assert 2.95 < max(held) <= 3.0
    for family, kind in FAMILIES.items():
        own = [clip for clip in clips if clip.family == family]
        assert {clip.program for clip in own} == set(kind.programs)
        bent = np.mean([clip.note.vibrato_cents > 0 for clip in own])
        assert bent == pytest.approx(0.5, abs=0.1) if kind.vibrato else bent == 0
    assert draw_clips(stock, 400, 0.125, 1) == clips
    assert draw_clips(stock, 400, 0.125, 2) != clips


def test_the_held_out_soundfont_is_in_no_training(stock):
    clips = draw_clips(stock, 80, 0.125, 3)
    assert Counter(clip.split for clip in clips) == {"train": 180, "held-out": 30, "unseen": 30}
    assert all((clip.soundfont == "c") == (clip.split == "unseen") for clip in clips)
    assert {clip.soundfont for clip in clips if clip.split == "train"} == {"a", "b"}
    assert Counter(splits(5, 0.5)) == {"unseen": 2, "held-out": 2, "train": 1}
    assert splits(3, 0.0) == ["train"] * 3


def test_a_passage_is_heard_in_its_own_place_alone(font, tmp_path):
    """Behind one whose notes are held longer than it is."""
    soft = Passage(73, (note(60, 30, 0.5),), 2.0)
    long = Passage(24, (note(64, 127, 2.9), note(76, 127, 1.9, 1.0)), 2.0)
    (alone,) = synthesise(font, [soft], tmp_path)
    first, second, third = synthesise(font, [long, soft, soft], tmp_path)
    assert np.abs(first[0, -1000:]).max() > 0.001
    for other in (second, third):
        assert np.abs(other - alone).max() < 1e-3 * np.abs(first).max()
        assert np.abs(other[0, RATE:]).max() < 1e-5
    assert list(tmp_path.iterdir()) == []


def test_a_note_begins_at_once_and_is_as_loud_as_it_is_struck(font, tmp_path):
    keys = [(pitch, velocity) for pitch in (60, 88) for velocity in (30, 120)]
    struck = [Passage(0, (note(*key),), 2.5) for key in keys]
    sounds = [sound[0] for sound in synthesise(font, struck, tmp_path)]
    begins = [int(np.argmax(np.abs(s) > 0.01 * np.abs(s).max())) for s in sounds]
    assert max(begins) < 0.003 * RATE
    assert all(np.abs(s[:10]).max() > 0 for s in sounds)  # the delay of a block is cut off
    peaks = [np.abs(s).max() for s in sounds]
    assert peaks[1] > 4 * peaks[0]
    assert peaks[3] > 4 * peaks[2]


def test_vibrato_is_as_fast_and_as_deep_as_it_is_drawn(font, tmp_path):
    bent = note(72, 100, 2.5, vibrato_hz=5.0, vibrato_cents=40.0)
    straight, waved = synthesise(
        font, [Passage(74, (n,), 3.0) for n in (note(72, 100, 2.5), bent)], tmp_path
    )
    starts = np.arange(0.5, 2.4, 0.01)
    tracks = [
        np.array([pitch_of(s[0, round(t * RATE) :][:1200], RATE) - 72 for t in starts])
        for s in (straight, waved)
    ]
    assert np.ptp(tracks[0]) < 0.1
    assert np.ptp(tracks[1]) == pytest.approx(0.8, abs=0.15)
    spectrum = np.abs(np.fft.rfft((tracks[1] - tracks[1].mean()) * np.hanning(len(starts)), 2000))
    assert np.fft.rfftfreq(2000, 0.01)[spectrum.argmax()] == pytest.approx(5.0, abs=0.3)


def test_twins_play_the_same_notes_at_the_same_times(composed):
    folder, _, _ = composed
    manifest = read_manifest(folder)
    assert len(manifest.melodies) == 4
    for melody in manifest.melodies:
        sounds = [sf.read(melody.path(folder, family)) for family in TWINS]
        assert {rate for _, rate in sounds} == {MELODY_RATE}
        (flute, _), (keyboard, _) = sounds
        assert flute.shape == keyboard.shape == (round(melody.length_s * MELODY_RATE),)
        assert np.abs(flute - keyboard).max() > 0.1 * np.abs(flute).max()
        flute_s, keyboard_s = (
            np.median([onset_s(sound, n) - n.at_s for n in melody.notes])
            for sound in (flute, keyboard)
        )
        assert -0.005 < keyboard_s < 0.025
        assert -0.005 < flute_s < 0.09  # breath rises slowly
        last = melody.notes[-1]
        assert last.at_s + last.held_s + TAIL_S == pytest.approx(melody.length_s, abs=0.01)


def test_twins_differ_in_their_programs_alone(tmp_path):
    notes = tuple(note(pitch, 90, 0.2, k * STEP_S) for k, pitch in enumerate(tune(1)))
    written = []
    for program in (73, 0):
        write_midi(tmp_path / "a.mid", [Passage(program, notes, 10.0)] * 2, 11)
        written.append(read_midi(tmp_path / "a.mid"))
    times, messages = zip(*written[0], strict=True)
    sounding = [at_s for at_s, m in written[0] if m.type == "note_on"]
    assert sounding == pytest.approx([n.at_s + k * 11 for k in range(2) for n in notes])
    assert [m.type for m in messages][-2:] == ["control_change"] * 2
    twin_times, twin_messages = zip(*written[1], strict=True)
    assert twin_times == times
    differ = [
        (a.program, b.program) for a, b in zip(messages, twin_messages, strict=True) if a != b
    ]
    assert differ == [(73, 0)] * 2


def onset_s(sound, heard):
    """When a note's fundamental has risen to half of what it is after 0.1 s, from 0.1 s before."""
    hertz, half = 440 * 2 ** ((heard.pitch - 69) / 12), round(0.02 * MELODY_RATE)
    wave = np.exp(-2j * np.pi * hertz / MELODY_RATE * np.arange(2 * half)) * np.hanning(2 * half)
    padded = np.concatenate([np.zeros(MELODY_RATE), sound])
    times = np.arange(-0.1, 0.1, 0.005) + heard.at_s
    firsts = [round((time + 1) * MELODY_RATE) - half for time in times]
    levels = [np.abs(np.dot(padded[first : first + 2 * half], wave)) for first in firsts]
    return times[np.argmax(np.array(levels) > 0.5 * levels[-1])]


def test_melodies_are_melodies_and_no_piece_is_in_two_splits(pieces, stock):
    warned = []
    melodies = choose_melodies(pieces, stock, 4, 0.25, 1, warned.append)
    assert [Path(melody.source).name for melody in melodies] == [
        melody.source for melody in melodies
    ]
    assert {melody.source for melody in melodies} == {f"piece-{k}.mid" for k in range(4)}
    assert Counter(m.split for m in melodies) == {"train": 2, "held-out": 1, "unseen": 1}
    assert all((m.soundfont == "c") == (m.split == "unseen") for m in melodies)
    for melody in melodies:
        assert melody.channel == 3  # neither bass, chords nor drums
        line = tune(int(melody.source[6]))
        assert [n.pitch for n in melody.notes] == line[: len(melody.notes)]
        assert [n.at_s for n in melody.notes] == pytest.approx(
            [k * STEP_S for k in range(len(melody.notes))]
        )
        assert 8.0 <= melody.length_s <= 16.0
    assert len(warned) == 1
    assert "broken.mid" in warned[0]
    with pytest.raises(UsageError, match=r"5 .*at most 4"):
        choose_melodies(pieces, stock, 5, 0.25, 1)


def test_pieces_with_many_melodies_are_split_whole(stock, tmp_path):
    for seed in range(4):
        write(tmp_path / "midi" / f"piece-{seed}.mid", played(tune(seed, 400)))
    melodies = choose_melodies(tmp_path / "midi", stock, 10, 0.25, 1)
    split = {}
    for melody in melodies:
        assert split.setdefault(melody.source, melody.split) == melody.split
    assert len(split) == 4
    assert set(split.values()) == {"train", "held-out", "unseen"}
    for source in split:
        own = sorted((m for m in melodies if m.source == source), key=lambda m: m.starts_s)
        assert all(a.starts_s + a.length_s <= b.starts_s for a, b in pairwise(own))


@pytest.mark.parametrize(
    ("why", "parts"),
    [
        ("a bass", [played(tune(1), program=33)]),
        ("drums", [played(tune(1), channel=9)]),
        ("too slow", [played(tune(1), step_s=0.6)]),
        ("few pitches", [played([60, 62] * 20)]),
        ("chords", [played([p + k for p in tune(1)]) for k in (0, 4)]),
        ("clicks", [played(tune(1), held_s=0.05)]),
        ("two notes at once for long", [played(tune(1), held_s=0.4)]),
        ("rests", [played(tune(k, 16), 0.12, 0.11, starts_s=4.0 * k) for k in range(5)]),
        ("strokes at once", [played(tune(1)), played([65, 64] * 5, 1.0, 0.04)]),
        ("wider than the range", [played([30, 62, 95, 64, 70, 71] * 6)]),
        ("short", [played(tune(1, 20))]),
    ],
)
def test_what_is_no_melody_is_not_taken(why, parts, tmp_path, rng):
    path = write(tmp_path / "a.mid", *parts)
    assert excerpts_of(path, "a.mid", rng, print) == [], why


def test_a_low_melody_is_moved_by_octaves_and_legato_is_cut(tmp_path, rng):
    path = write(tmp_path / "a.mid", played([p - 29 for p in tune(1)], held_s=STEP_S + 0.03))
    (excerpt,) = excerpts_of(path, "a.mid", rng, print)
    assert [n.pitch for n in excerpt.notes] == [p + 7 for p in tune(1)][: len(excerpt.notes)]
    assert {n.held_s for n in excerpt.notes[:-1]} == {STEP_S}


def test_an_interrupted_run_goes_on_to_the_same_bytes(composed, fonts):
    folder, options, _ = composed
    files = sorted(folder.rglob("*.flac"))
    assert len(files) == 8 * len(FAMILIES) + 4 * len(TWINS)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}
    gone = [files[3], files[-1], *files[10:14]]
    for path in gone:
        path.unlink()
    (folder / ".notes-of-a-run-that-was-killed").mkdir()
    done = doubledrop("compose-notes", fonts, folder, *options)
    assert done.returncode == 0, done.stderr
    assert {p.name for p in folder.iterdir()} == {"notes.json", "clips", "melodies"}
    assert sorted(folder.rglob("*.flac")) == files
    for path in files:
        assert path.read_bytes() == before[path][0]
        assert (path.stat().st_mtime_ns == before[path][1]) == (path not in gone)
    refused = doubledrop("compose-notes", fonts, folder, *options[:-1], 6)
    assert refused.returncode == 2
    assert "begun with other options" in refused.stderr
    (fonts / "C.sf2").symlink_to(FONT)
    try:
        assert "begun with other" in doubledrop("compose-notes", fonts, folder, *options).stderr
    finally:
        (fonts / "C.sf2").unlink()


def test_the_command_says_what_it_made_and_what_is_odd(composed, fonts, tmp_path):
    folder, _, done = composed
    assert f"{folder}: 24 clips, 4 melodies" in done.stdout
    assert "broken.mid" in done.stderr
    assert "shares 100% of its recordings with A" in done.stderr  # it is the same file
    assert "Example: doubledrop compose-notes" in doubledrop("compose-notes", "--help").stdout
    for options, said in (
        (["--melodies", 3], "--midi FOLDER"),
        (["--rate", 22050], "does not apply to notes without --midi"),
        (["--clips", -1], "0 to 100000"),
        (["--held-out", "nan"], "0 to 0.5"),
        (["--held-out-font", "TimGM"], "Did you mean TimGM6mb?"),
        (["--midi", tmp_path], "no MIDI files here"),
    ):
        refused = doubledrop("compose-notes", fonts, tmp_path / "out", *options)
        assert refused.returncode == 2
        assert said in refused.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_of_the_user_s_is_not_filled(fonts, tmp_path):
    (tmp_path / "song.wav").write_bytes(b"mine")
    done = doubledrop("compose-notes", fonts, tmp_path, "--clips", 1)
    assert done.returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["song.wav"]


def test_the_missing_program_is_named_with_the_cure(fonts, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = doubledrop("compose-notes", fonts, tmp_path / "out", "--clips", 1)
    assert done.returncode == 2
    assert "apt-get install fluidsynth" in done.stderr
    assert not (tmp_path / "out").exists()


def test_soundfonts_are_found_and_what_is_wrong_with_them_is_named(font, fonts, tmp_path):
    found = find_soundfonts(fonts)
    assert [f.name for f in found.all] == ["A", "B", "TimGM6mb"]
    assert found.unseen.name == "TimGM6mb"
    assert [f.name for f in find_soundfonts(fonts, "A").seen] == ["B", "TimGM6mb"]
    with pytest.raises(InputError, match="doubledrop fetch soundfonts"):
        find_soundfonts(tmp_path)
    shutil.copy(font, tmp_path / "one.sf2")
    with pytest.raises(UsageError, match="one soundfont, which is held out"):
        find_soundfonts(tmp_path, "one")
    (tmp_path / "again").mkdir()
    shutil.copy(font, tmp_path / "again" / "one.sf2")
    with pytest.raises(UsageError, match=r"one\.sf2: another soundfont has its name"):
        find_soundfonts(tmp_path, "one")


def changed(font, path, change):
    """A soundfont with other headers of presets: ``change`` gets each one's place in the bytes."""
    data = bytearray(font.read_bytes())
    at = data.index(b"phdr")
    (length,) = struct.unpack_from("<I", data, at + 4)
    for place in range(at + 8, at + 8 + length - 38, 38):
        change(data, place)
    path.write_bytes(data)
    return path


def test_broken_soundfonts_are_named(font, tmp_path):
    data = font.read_bytes()
    for name, content, why in (
        ("empty", b"", "empty"),
        ("text", b"no soundfont at all", "does not begin as one"),
        ("short", b"RIFF\0", "requires a buffer"),
        ("half", data[: len(data) // 2], f"{len(data) // 2} of {len(data)} bytes"),
        ("headless", data.replace(b"phdr", b"xxxx", 1), "no presets"),
    ):
        path = tmp_path / f"{name}.sf2"
        path.write_bytes(content)
        with pytest.raises(InputError, match=rf"{name}\.sf2: no whole soundfont.*{why}"):
            read_soundfont(path)

    def no_flute(data, place):
        if data[place + 20] == 73:
            data[place + 22] = 1  # in another bank

    with pytest.raises(InputError, match="lacks the programs 73"):
        read_soundfont(changed(font, tmp_path / "fluteless.sf2", no_flute))


def test_a_soundfont_that_fluidsynth_refuses_is_not_replaced_by_another(font, tmp_path):
    """It plays the system's own one instead, and ends with status 0."""

    def out_of_order(data, place):
        data[place + 24] ^= 0xFF

    path = changed(font, tmp_path / "disordered.sf2", out_of_order)
    read_soundfont(path)
    with pytest.raises(InputError, match=r"disordered\.sf2: fluidsynth refuses it"):
        list(synthesise(path, [Passage(73, (note(),), 2.0)], tmp_path))


@pytest.mark.parametrize("said", ["fluidsynth: error: Audio file write error: no space left", ""])
def test_a_full_disk_is_no_fault_of_the_soundfont(said, font, tmp_path, monkeypatch):
    program = tmp_path / "bin" / "fluidsynth"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{said}' >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    with pytest.raises(OutputError, match=rf"{tmp_path.name}: cannot be written"):
        list(synthesise(font, [Passage(73, (note(),), 2.0)], tmp_path))


def test_what_sounds_on_is_noticed(font, tmp_path, monkeypatch):
    monkeypatch.setattr(midi, "_ALL_SOUND_OFF", 3)  # a controller that does nothing
    held = Passage(73, (note(held_s=2.9),), 2.0)
    with pytest.raises(InputError, match="program 73 sounds on when all sound is off"):
        list(synthesise(font, [held, held], tmp_path))


def test_a_program_that_hangs_is_given_up(font, tmp_path, monkeypatch):
    monkeypatch.setattr(synthesis, "_DEADLINE_S", 0.001)
    with pytest.raises(InputError, match="has not played it"):
        list(synthesise(font, [Passage(73, (note(),), 2.0)], tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_silent_note_is_named(font, fonts, tmp_path):
    """TimGM6mb's whistle has no sample for this key."""
    stock = find_soundfonts(fonts)
    clip = Clip(
        name="silent", family="flute", split="train", soundfont="A", program=78, note=note(80)
    )
    manifest = plan_corpus(stock, [clip], [], MELODY_RATE, 1)
    with pytest.raises(InputError, match=r"A\.sf2: program 78 is silent in silent\.flac"):
        list(write_corpus(tmp_path / "out", stock, manifest))


def test_a_folder_without_a_manifest_holds_no_notes(composed, tmp_path):
    with pytest.raises(InputError, match="no notes here"):
        read_manifest(tmp_path)
    for content in (b"{", b"[]", b'{"seed": 1}'):
        (tmp_path / "notes.json").write_bytes(content)
        with pytest.raises(InputError, match="no valid manifest"):
            read_manifest(tmp_path)
