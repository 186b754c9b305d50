"""Sound files are read to their end, whatever their header says, and the user is told."""

from __future__ import annotations

import struct
import wave

import av
import numpy as np
import pytest
import soundfile as sf

from engine.errors import InputError
from engine.io import containers
from engine.io.files import SoundReader, SoundWriter
from engine.io.sources import FileSink, FileSource
from engine.io.wav import GrowingWav
from tests.odd_sounds import FRAMES, RATE, mp3, music, without_first_frame, write_all
from tests.program import doubledrop

FRAME = 1152  # samples of a frame of an MP3


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd")
    return folder, write_all(folder)


def read(path):
    """Sound (n, channels), frames as promised to those who read, and the warning."""
    with SoundReader(path) as reader:
        frames = reader.frames
        blocks = [block.T for block in reader.blocks()]
        sound = np.concatenate(blocks) if blocks else np.zeros((0, reader.channels))
        return sound, frames, reader.warning


def test_all_of_a_file_is_read_whatever_its_header_says(odd):
    folder, wanted = odd
    sound, wrong = music(), {}
    for name, (_, there, promised, exact) in wanted.items():
        found, _, warning = read(folder / name)
        same = len(found) == there
        if exact and same:
            same = np.abs(found - sound[:there]).max() < 1e-4
        if promised is None:
            same = same and not warning
        else:
            same = same and all(f"{n / RATE:.2f} s" in warning for n in (there, promised))
        if not same:
            wrong[name] = len(found), there, promised, warning
    assert not wrong


def test_the_length_is_known_before_it_is_read(odd):
    """Who plays a file asks for its length first."""
    folder, wanted = odd
    lengths = {name: read(folder / name)[1] for name in wanted}
    assert lengths == {
        name: promised if name == "more.flac" else there
        for name, (_, there, promised, _) in wanted.items()
    }


@pytest.mark.parametrize(
    ("mode", "options"), [("CONSTANT", {}), ("VARIABLE", {"compression_level": 0.3})]
)
def test_an_mp3_is_whole_with_and_without_its_first_frame(mode, options, tmp_path):
    data = mp3(tmp_path, mode, **options)
    bare, tag, padded = without_first_frame(data), b"ID3\4\0\0\0\0\0\x64", FRAMES + 2 * FRAME
    kinds = {
        "whole": (data, FRAMES, FRAMES, ""),
        # Without it nobody knows of the silence that an encoder puts before and behind.
        "bare": (bare, FRAMES, padded, ""),
        "behind a tag": (tag + bytes(100) + bare, FRAMES, padded, ""),
        "before a tag": (bare + b"TAG" + bytes(125), FRAMES, padded, ""),
        "twice": (data + data, 2 * FRAMES, 2 * FRAMES + 4 * FRAME, "are there and are read"),
        "cut": (data[: len(data) // 2], FRAMES // 3, FRAMES * 2 // 3, "could be read"),
    }
    for name, (content, least, most, said) in kinds.items():
        path = tmp_path / "x.mp3"
        path.write_bytes(content)
        sound, known, warning = read(path)
        assert len(sound) == known, name
        assert least <= known <= most, (name, known)
        assert said in warning, name
        assert bool(said) == bool(warning), (name, warning)
        assert np.abs(sound[-20 * FRAME : -5 * FRAME]).max() > 0.05, name


def test_a_cut_ogg_says_so(odd, tmp_path):
    data = (odd[0] / "a.ogg").read_bytes()
    (tmp_path / "cut.ogg").write_bytes(data[: len(data) // 2])
    sound, _, warning = read(tmp_path / "cut.ogg")
    assert f"cut; {len(sound) / RATE:.2f} s of it could be read" in warning


def m4a(path, sound, rate=RATE):
    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=rate)
        stream.layout = "stereo"
        for first in range(0, len(sound), 1024):
            part = np.ascontiguousarray(sound[first : first + 1024].T)
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = rate, first
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def test_m4a_and_aac_are_read(tmp_path):
    sound = music()
    m4a(tmp_path / "a.m4a", sound)
    found, frames, warning = read(tmp_path / "a.m4a")
    assert len(found) == frames == FRAMES
    assert not warning
    level = np.mean(sound**2)
    assert np.mean((found - sound) ** 2) < 0.1 * level  # in place: no delay of the encoder's
    whole = (tmp_path / "a.m4a").read_bytes()
    with av.open(str(tmp_path / "a.m4a")) as file, av.open(str(tmp_path / "a.aac"), "w") as out:
        stream = out.add_stream_from_template(file.streams.audio[0])
        for packet in file.demux(audio=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    assert abs(len(read(tmp_path / "a.aac")[0]) - FRAMES) < 3 * 1024
    for junk in (b"\0\0\0\x20ftypM4A " + bytes(400), whole[:100]):
        (tmp_path / "junk.m4a").write_bytes(junk)
        with pytest.raises(InputError, match=r"junk\.m4a"):
            read(tmp_path / "junk.m4a")


def test_m4a_without_anything_that_reads_it_says_what_to_install(tmp_path, monkeypatch):
    m4a(tmp_path / "a.m4a", music(RATE))

    def missing(*_):
        raise ModuleNotFoundError("av")

    monkeypatch.setattr(containers, "_by_binding", missing)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"doubledrop\[m4a\]"):
        read(tmp_path / "a.m4a")
    # And by the program where there is one: here it is one that copies a WAV.
    sf.write(tmp_path / "there.wav", music(RATE), RATE, subtype="FLOAT")
    program = tmp_path / "ffmpeg"
    program.write_text(
        f'#!/bin/sh\nfor last; do :; done\n/bin/cp {tmp_path}/there.wav "${{last#file:}}"\n'
    )
    program.chmod(0o755)
    assert np.array_equal(read(tmp_path / "a.m4a")[0], music(RATE))


@pytest.mark.parametrize("seed", range(3))
def test_damaged_headers_are_refused_or_read_and_nothing_else(seed, odd, tmp_path):
    """A few bytes changed anywhere in the first kilobyte: an InputError, or sound."""
    rng = np.random.default_rng(seed)
    folder, wanted = odd
    (tmp_path / "a.mp3").write_bytes(mp3(tmp_path, "CONSTANT")[:30000])
    kinds = [*(folder / name for name in wanted if "whole" in name or "a." in name)]
    kinds += [folder / "rf64.wav", tmp_path / "a.mp3"]
    for number in range(60):
        data = bytearray(kinds[number % len(kinds)].read_bytes()[:60000])
        for _ in range(rng.integers(1, 5)):
            data[rng.integers(0, 64 if number % 2 else 1024)] = rng.integers(0, 256)
        path = tmp_path / "x.bin"
        path.write_bytes(data[: rng.integers(0, len(data))] if number % 5 == 0 else data)
        try:
            with SoundReader(path) as reader:
                for block in reader.blocks(limit=1 << 20):
                    assert block.shape[0] == reader.channels
        except InputError:
            continue


@pytest.mark.parametrize("kind", ["take", "play"])
def test_recordings_are_plain_wav_at_any_moment(kind, tmp_path):
    """Python's ``wave`` reads them while they grow, after a crash and at the end."""
    sound = music(RATE).T
    path = tmp_path / "a.wav"
    if kind == "take":
        path.touch()
        file = GrowingWav(path, RATE, 2, "PCM_24")
    else:
        file = FileSink(path, RATE, 2)
    for first in range(0, RATE, 4410):
        file.write(sound[:, first : first + 4410])
        with wave.open(str(path)) as found:
            assert found.getnframes() == first + 4410
            assert (found.getsampwidth(), found.getnchannels(), found.getframerate()) == (
                3,
                2,
                RATE,
            )
            assert len(found.readframes(RATE)) == (first + 4410) * 6
    file.close()
    with wave.open(str(path)) as found:
        assert found.getnframes() == RATE
    assert path.read_bytes()[:4] == b"RIFF"
    assert np.abs(read(path)[0] - sound.T).max() <= 2.0**-23
    assert not read(path)[2]


def test_a_recording_keeps_room_for_the_lengths_of_rf64(tmp_path):
    """Beyond 4 GiB they take the place of what is left free; `python -m tests.long_recording`
    writes one."""
    (tmp_path / "a.wav").touch()
    file = GrowingWav(tmp_path / "a.wav", RATE, 2, "PCM_24")
    file.write(music(100).T)
    head = (tmp_path / "a.wav").read_bytes()
    assert (head[:4], head[12:16], struct.unpack_from("<I", head, 16)) == (b"RIFF", b"JUNK", (24,))
    file.close()


def test_an_integer_recording_counts_what_it_could_not_keep(tmp_path):
    (tmp_path / "a.wav").touch()
    file = GrowingWav(tmp_path / "a.wav", RATE, 2, "PCM_24")
    file.write(np.full((2, 100), 1.5, np.float32))
    file.close()
    assert file.clipped == 200
    assert np.abs(read(tmp_path / "a.wav")[0] - 1.0).max() < 1e-6


@pytest.mark.parametrize("name", ["a.wav", "a.aiff"])
def test_two_writes_of_the_same_sound_are_the_same_bytes(name, tmp_path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        with SoundWriter(tmp_path / folder / name, RATE, 2) as writer:
            writer.write(music(RATE).T)
            writer.keep()
    assert (tmp_path / "x" / name).read_bytes() == (tmp_path / "y" / name).read_bytes()
    assert b"PEAK" not in (tmp_path / "x" / name).read_bytes()[:400]  # it has the time of day


def test_the_user_is_told(odd, tmp_path):
    given = ("--preset", "downbeat-filter", "--bpm", "240")
    done = doubledrop("render", odd[0] / "cut.wav", tmp_path / "out.wav", *given)
    assert done.returncode == 0
    assert "its header promises 4.00 s, 1.33 s could be read" in done.stderr.replace("\n", " ")
    source = FileSource(odd[0] / "less.wav")
    assert source.frames == FRAMES
    assert "are read" in source.warning
    source.close()
