"""What commands write: never the input, never a file of the user's, whole or not there."""

from __future__ import annotations

import os
import stat
import subprocess
import time
import wave

import numpy as np
import pytest
import soundfile as sf

from engine.errors import OutputError, UsageError
from engine.io.files import SoundWriter
from engine.writing import Draft, append_line, check_output, free_name, own_folder, write_whole
from tests.program import START, doubledrop

RATE = 24000
GOOD = ("--preset", "downbeat-filter", "--bpm", "240", "--downbeat", "0")
MINE = b"a file of the user's"


@pytest.fixture(autouse=True)
def _own_memory(own_cache):
    """What was written is remembered in a place of this test's."""


@pytest.fixture
def feed(tmp_path):
    sound = np.random.default_rng(0).normal(0, 0.1, (RATE * 2, 2)).astype(np.float32)
    sf.write(tmp_path / "feed.wav", sound, RATE, subtype="FLOAT")
    return tmp_path / "feed.wav"


def same_file(path, kind):
    """The file under another name, or the same."""
    other = path.with_name(f"other{path.suffix}")
    if kind == "hard link":
        os.link(path, other)
    elif kind == "symlink":
        other.symlink_to(path)
    elif kind == "through a folder":
        (path.parent / "folder").symlink_to(path.parent, target_is_directory=True)
        return path.parent / "folder" / path.name
    elif kind == "relative":
        return path.parent / "." / ".." / path.parent.name / path.name
    else:
        return path
    return other


KINDS = ["the same", "hard link", "symlink", "through a folder", "relative"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("force", [False, True])
def test_output_is_never_the_input(kind, force, feed):
    """By any name, and --force does not change it."""
    before = feed.read_bytes()
    other = same_file(feed, kind)
    options = ("--force",) if force else ()
    for command in (
        ("render", feed, other, *GOOD),
        ("play", "--input", feed, "--output", other, *GOOD, "--seconds", "0.1"),
    ):
        done = doubledrop(*command, *options)
        assert done.returncode == 2, done.stderr
        assert "input and output are one file" in done.stderr
    assert feed.read_bytes() == before


def test_a_file_of_the_user_s_stays(feed, tmp_path):
    """Whatever the command; two inputs of a wildcard are such a case."""
    second, picture = tmp_path / "second.wav", tmp_path / "out.png"
    for path in (second, picture, tmp_path / "pictures" / "out-cqt.png"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(MINE)
    out, third = tmp_path / "out.wav", tmp_path / "third.wav"
    third.write_bytes(feed.read_bytes())
    for command in (
        ("render", feed, second, *GOOD),
        ("render", feed, out, *GOOD, "--report", tmp_path / "pictures"),
        ("play", "--input", feed, "--output", second, *GOOD),
        ("play", "--input", feed, "--output", out, *GOOD),
        ("rig", "init", second),
        ("listen", tmp_path / "page", feed, third),
    ):
        if command[0] == "listen":
            (tmp_path / "page").mkdir()
            (tmp_path / "page" / "index.html").write_bytes(MINE)
        done = doubledrop(*command)
        assert done.returncode == 2, (command, done.stderr)
        assert "--force" in done.stderr, command
        assert not out.exists()
    kept = (second, picture, tmp_path / "pictures" / "out-cqt.png", tmp_path / "page/index.html")
    assert all(path.read_bytes() == MINE for path in kept)


def test_what_doubledrop_wrote_may_be_written_again_until_it_is_changed(feed, tmp_path):
    out = tmp_path / "out.wav"
    for _ in range(2):
        assert doubledrop("render", feed, out, *GOOD).returncode == 0
    with out.open("ab") as file:
        file.write(b"the user's")
    assert doubledrop("render", feed, out, *GOOD).returncode == 2
    assert doubledrop("render", feed, out, *GOOD, "--force").returncode == 0
    assert doubledrop("render", feed, out, *GOOD).returncode == 0
    assert sf.info(out).frames == 2 * RATE
    # Another file in its place is not ours.
    out.unlink()
    out.write_bytes(MINE)
    assert doubledrop("render", feed, out, *GOOD).returncode == 2
    assert out.read_bytes() == MINE


def test_a_symlink_stays_one_and_its_target_is_written(feed, tmp_path):
    (tmp_path / "disk").mkdir()
    link, target = tmp_path / "out.wav", tmp_path / "disk" / "real.wav"
    link.symlink_to(target)
    assert doubledrop("render", feed, link, *GOOD).returncode == 0
    assert link.is_symlink()
    assert not target.is_symlink()
    assert sf.info(target).frames == 2 * RATE
    target.write_bytes(MINE)
    assert doubledrop("render", feed, link, *GOOD).returncode == 2
    assert target.read_bytes() == MINE
    assert sorted(p.name for p in (tmp_path / "disk").iterdir()) == ["real.wav"]


def test_a_hard_link_to_a_file_of_the_user_s_is_not_written_through(feed, tmp_path):
    mine, out = tmp_path / "mine.wav", tmp_path / "out.wav"
    mine.write_bytes(MINE)
    os.link(mine, out)
    assert doubledrop("render", feed, out, *GOOD, "--force").returncode == 0
    assert mine.read_bytes() == MINE
    assert sf.info(out).frames == 2 * RATE


def test_the_temporary_file_cannot_be_guessed_or_waited_for(tmp_path, monkeypatch):
    seen = []
    real = os.open

    def watched(path, flags, *rest, **more):
        seen.append((os.fspath(path), flags))
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", watched)
    drafts = [Draft(tmp_path / "a.wav") for _ in range(2)]
    monkeypatch.undo()
    made = [(path, flags) for path, flags in seen if str(tmp_path) in str(path)]
    assert len({path for path, _ in made}) == 2
    for path, flags in made:
        assert flags & os.O_EXCL
        assert flags & os.O_CREAT
        assert len(os.path.basename(path)) < 40
        assert "a.wav" not in path
    for draft in drafts:
        draft.drop()
    assert not list(tmp_path.iterdir())


def test_it_takes_the_rights_of_the_umask_or_of_what_it_replaces(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "a.txt", "x")
        assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640
        (tmp_path / "a.txt").chmod(0o604)
        write_whole(tmp_path / "a.txt", "y")
        assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o604
    finally:
        os.umask(before)


def test_names_of_255_bytes_and_no_utf8(feed, tmp_path):
    for name in (b"x" * 251 + b".wav", b"caf\xe9.wav", b"new\nline$[x].wav"):
        path = tmp_path / os.fsdecode(name)
        with SoundWriter(path, RATE, 1) as writer:
            writer.write(np.zeros((1, 100), np.float32))
            writer.keep()
        assert sf.info(os.fsencode(path)).frames == 100
    too_long = doubledrop("render", feed, tmp_path / ("x" * 252 + ".wav"), *GOOD)
    assert too_long.returncode == 1
    assert "too long" in too_long.stderr


@pytest.mark.parametrize("place", ["fifo", "device", "loop", "no right"])
def test_what_is_no_file_is_refused_at_once(place, feed, tmp_path):
    out = tmp_path / "out.wav"
    if place == "fifo":
        os.mkfifo(out)
    elif place == "device":
        out.symlink_to("/dev/full")
    elif place == "loop":
        out.symlink_to(out)
    else:
        out = "/proc/out.wav"
    done = doubledrop("render", feed, out, *GOOD)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_name_that_is_taken_meanwhile_is_not_taken_away(tmp_path):
    with SoundWriter(tmp_path / "a.wav", RATE, 1) as writer:
        writer.write(np.zeros((1, 100), np.float32))
        (tmp_path / "a.wav").write_bytes(MINE)
        with pytest.raises(UsageError, match="exists"):
            writer.keep()
    assert (tmp_path / "a.wav").read_bytes() == MINE
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.wav"]


def test_a_recording_has_its_name_from_the_first_sample_on(feed, tmp_path):
    """So kill -9 leaves it there, whole up to the last block."""
    out = tmp_path / "out.wav"
    words = ["play", "--input", "demo", "--output", str(out), "--preset", "downbeat-filter"]
    process = subprocess.Popen([*START, *words], stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        while process.poll() is None and not (out.exists() and out.stat().st_size > 200_000):
            time.sleep(0.02)
    finally:
        process.kill()
        process.communicate()
    assert sf.info(out).frames * 6 > 190_000
    with wave.open(str(out)) as found:
        assert found.getsampwidth() == 3
        assert found.getnframes() == sf.info(out).frames
    assert [p.name for p in tmp_path.glob(".doubledrop-*")] == []


def test_a_folder_that_a_command_fills_is_its_own(tmp_path):
    own_folder(tmp_path / "new", ["mark"])
    own_folder(tmp_path / "new", ["mark"])  # empty still
    (tmp_path / "new" / "song.wav").write_bytes(MINE)
    with pytest.raises(UsageError, match="holds files already"):
        own_folder(tmp_path / "new", ["mark", "images/*/*.npy"])
    (tmp_path / "new" / "images" / "g").mkdir(parents=True)
    (tmp_path / "new" / "images" / "g" / "0.npy").touch()
    own_folder(tmp_path / "new", ["mark", "images/*/*.npy"])
    with pytest.raises(OutputError):
        own_folder(tmp_path / "new" / "song.wav", ["mark"])


@pytest.mark.parametrize(
    "command", [("compose", "samples"), ("prepare",), ("fetch", "compose-samples")]
)
def test_commands_do_not_fill_a_folder_of_the_user_s(command, tmp_path):
    folder = tmp_path / "music"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "song.wav").write_bytes(MINE)
    (tmp_path / "b").mkdir()
    sf.write(tmp_path / "b" / "x.wav", np.zeros(100), RATE)
    (tmp_path / "c").mkdir()
    sf.write(tmp_path / "c" / "x.wav", np.zeros(100), RATE)
    more = (tmp_path / "b", tmp_path / "c") if command == ("prepare",) else ()
    done = doubledrop(*command, folder, *more)
    assert done.returncode in (1, 2)
    assert [p.name for p in folder.rglob("*")] == ["a", "song.wav"]


def test_a_log_is_appended_to_and_nothing_else_is(tmp_path):
    log, mine = tmp_path / "bench.jsonl", tmp_path / "song.wav"
    mine.write_bytes(MINE)
    append_line(log, '{"a": 1}')
    log.write_bytes(log.read_bytes() + b'{"torn": ')
    append_line(log, '{"b": 2}')
    assert log.read_text() == '{"a": 1}\n{"torn": \n{"b": 2}\n'
    with pytest.raises(UsageError, match="no log"):
        append_line(mine, "{}")
    done = doubledrop("bench", "--log", mine)
    assert done.returncode == 2
    assert mine.read_bytes() == MINE


def test_a_free_name_is_found(tmp_path):
    assert free_name(tmp_path / "play.wav") == tmp_path / "play.wav"
    (tmp_path / "play.wav").touch()
    (tmp_path / "play-2.wav").symlink_to(tmp_path / "nowhere")
    assert free_name(tmp_path / "play.wav") == tmp_path / "play-3.wav"


def test_without_a_place_to_remember_force_is_needed(tmp_path, monkeypatch):
    (tmp_path / "no-folder").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "no-folder"))
    write_whole(tmp_path / "a.txt", "x")
    with pytest.raises(UsageError, match="--force"):
        check_output(tmp_path / "a.txt")
    write_whole(tmp_path / "a.txt", "y", force=True)
