"""Composes the feed that ``doubledrop`` plays when it is given none."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import soundfile as sf
import typer
from rich.console import Console

from engine.dsp.arrays import Audio
from engine.dsp.tempo import Tempo
from engine.errors import DoubledropError, OutputError
from engine.text import printable
from train.compose.genres import GENRES
from train.compose.kits import KITS, kits
from train.compose.master import Target, master
from train.compose.mix import mix
from train.compose.samples import PACKAGE, SampleLibrary
from train.compose.score import Score
from train.compose.sound import SAMPLE_RATE
from train.compose.style import Form, compose

TITLE = "Waterline"
DOWNBEAT_S = 0.25
FORM: Form = (("intro", 4), ("build", 4), ("drop", 16), ("breakdown", 4), ("drop", 4))
LOUDNESS_LUFS = -14.0
STEP = 8  # of 16-bit values: 13 significant bits, the rest is what FLAC need not store

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Example: python -m train.compose.demo sonic-pi-samples/ engine/io/demo --seed 7"
)
def main(
    samples_dir: Annotated[Path, typer.Argument(help="Folder of the unpacked samples.")],
    out_dir: Annotated[Path, typer.Argument(help="Where feed.flac and feed.toml go.")],
    seed: Annotated[int, typer.Option(help="Another seed is another piece.", min=0)] = 7,
) -> None:
    """Compose eight phrases of liquid drum & bass at 175 BPM and describe them in TOML."""  # noqa: DOC501
    try:
        make(samples_dir, out_dir, seed)
    except DoubledropError as error:
        Console(stderr=True).print(
            str(error), style="red", markup=False, emoji=False, soft_wrap=True
        )
        raise typer.Exit(error.exit_status) from error


def make(samples_dir: Path, out_dir: Path, seed: int) -> None:
    """Write ``feed.flac`` and ``feed.toml``; the same seed gives the same bytes.

    Args:
        samples_dir: folder of the unpacked one-shots.
        out_dir: folder of both files, made if it does not exist.
        seed: of the piece, its sounds and its mix.

    Raises:
        InputError: a sample is missing or unreadable.
        OutputError: the folder cannot be written.
    """
    samples = SampleLibrary(samples_dir)
    genre = GENRES["liquid"]
    tempo = Tempo(genre.style.bpm, DOWNBEAT_S)
    kit = kits("liquid")[0][seed % KITS]
    with Console(stderr=True).status("Playing"):
        piece = compose(genre.style, tempo, np.random.default_rng((seed, 0)), FORM)
        palette = genre.performer(samples, kit, np.random.default_rng((seed, 1)))
        mixed = mix(piece.score, palette, genre.mixer, np.random.default_rng((seed, 2)))
        target = Target.drawn(np.random.default_rng((seed, 3)))
        finished = master(mixed, replace(target, loudness_lufs=LOUDNESS_LUFS))
    for_dither = np.random.default_rng((seed, 4))
    feed = out_dir / "feed.flac"
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        sf.write(feed, quantise(finished, for_dither).T, SAMPLE_RATE, compression_level=1.0)
        description = describe(piece.score, seed, samples.used, feed.read_bytes())
        (out_dir / "feed.toml").write_text(description, encoding="utf-8")
    except (OSError, sf.LibsndfileError) as error:
        raise OutputError(
            str(out_dir), f"cannot be written: {error}", cure="Give a folder you may write to."
        ) from error
    Console().print(
        printable(f"Wrote {feed} ({feed.stat().st_size / 1e6:.2f} MB)"), markup=False, emoji=False
    )


def describe(score: Score, seed: int, sample_names: list[str], flac: bytes) -> str:
    """The TOML that goes with a feed: what it is, how it was made and of what.

    Args:
        score: of the feed.
        seed: that it was made with.
        sample_names: one-shots in it.
        flac: contents of its file.
    """
    names = "\n".join(f'    "{name}",' for name in sample_names)
    return f"""\
title = "{TITLE}"
bpm = {score.tempo.bpm}
downbeat_s = {score.tempo.downbeat_s}
beats_per_bar = {score.tempo.beats_per_bar}
licence = "CC0-1.0"
how_made = "python -m train.compose.demo SAMPLES_DIR OUT_DIR --seed {seed}"
sha256 = "{hashlib.sha256(flac).hexdigest()}"

[sources]
package = "{PACKAGE}"
licence = "CC0-1.0"
samples = [
{names}
]
"""


def quantise(sound: Audio, rng: np.random.Generator) -> npt.NDArray[np.int16]:
    """Dithered 16-bit values of 13 significant bits, which FLAC packs into half the space.

    The middle and the side are rounded rather than left and right, because those are what FLAC
    stores; a multiple of the step in each stays one in the file.

    Args:
        sound: (2, samples).
        rng: of the triangular dither.

    Returns:
        (2, samples).
    """
    middle_side = 0.5 * np.stack([sound[0] + sound[1], sound[0] - sound[1]]) * 32768.0 / STEP
    dither = rng.random(middle_side.shape) - rng.random(middle_side.shape)
    middle, side = STEP * np.round(middle_side + dither)
    return np.stack([middle + side, middle - side]).astype(np.int16)


if __name__ == "__main__":
    app()
