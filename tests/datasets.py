"""A small dataset of two genres of texture: soft and hard drums under a chord."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import scipy.signal
import soundfile as sf

from engine.dsp.frontend import FrontEnd
from engine.models.model_format import DEFAULT_LEVEL_DB
from train.data import dataset
from train.data.dataset import BPM, RATE, Manifest, Track
from train.judge.view import levelled

BEAT = 60 / BPM
PHRASE = 16 * BEAT


def loop(rng, hard, bright_db=0.0, seconds=PHRASE):
    """Drums and a chord: short soft hits, or hard ones with noise between them."""
    n = round(seconds * RATE)
    t = np.arange(n) / RATE
    in_beat = t % BEAT
    decay = rng.uniform(25, 35) if hard else rng.uniform(8, 11)
    hits = rng.normal(0, 1, n) * np.exp(-decay * in_beat)
    root = rng.uniform(100, 200)
    chord = sum(np.sin(2 * np.pi * root * ratio * t + ratio) for ratio in (1, 1.25, 1.5, 2.5))
    sound = 0.3 * hits + (0.02 if hard else 0.06) * chord + 0.003 * rng.normal(0, 1, n)
    return tilted(sound[None].astype(np.float32), bright_db)


def tilted(sound, bright_db):
    """A static shelf: so much more above 2 kHz."""
    sos = scipy.signal.butter(1, 2000, "highpass", fs=RATE, output="sos")
    high = scipy.signal.sosfilt(sos, sound)
    return (sound + (10 ** (bright_db / 20) - 1) * high).astype(np.float32)


def write_dataset(folder: Path, train: int, held_out: int, train_twins: bool = False) -> Path:
    """Tracks of one segment, the held-out ones with twins, with training twins also whole; returns
    the folder."""
    rng, tracks = np.random.default_rng(5), []
    for genre, hard in (("soft", False), ("hard", True)):
        for i in range(train + held_out):
            held, seed = i >= train, int(rng.integers(1 << 30))
            track = Track(
                name=f"{genre}-{i}",
                genre=genre,
                split="held-out" if held else "train",
                group=f"{genre}-kit-{min(i, train + 1)}",
                source=f"{genre}-{i}.wav",
                bpm=BPM,
                downbeat_s=0.0,
                starts_s=(PHRASE,),
                gain_db=0.0,
                rate=RATE,
                channels=1,
                bandwidth_hz=20000.0,
                twin=held or train_twins,
                whole=train_twins,
            )
            tracks.append(track)
            _write(folder, track, seed, hard)
    manifest = Manifest(
        front_end=FrontEnd().to_json(),
        bpm=BPM,
        level_db=DEFAULT_LEVEL_DB,
        genres=("soft", "hard"),
        tracks=tuple(tracks),
    )
    (folder / "dataset.json").write_text(manifest.model_dump_json())
    return folder


def _write(folder: Path, track: Track, seed: int, hard: bool) -> None:
    length = 2 * PHRASE + dataset.TAIL_S
    for path, is_hard in (
        (dataset.audio_path(folder, track, 0), hard),
        (dataset.twin_path(folder, track, 0), not hard),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        sound = levelled(loop(np.random.default_rng(seed), is_hard, seconds=length))
        stored = sound * 10 ** (-dataset.HEADROOM_DB / 20)
        sf.write(path, stored.T, RATE, subtype="PCM_24")
        if track.whole:
            whole = dataset.whole_path(folder, track, twin=is_hard != hard)
            whole.parent.mkdir(parents=True, exist_ok=True)
            sf.write(whole, stored.T, RATE, subtype="PCM_24")
        if is_hard == hard:
            image = dataset.image_path(folder, track, 0)
            image.parent.mkdir(parents=True, exist_ok=True)
            np.save(image, dataset.images_of(sound, 0, BPM))
