"""``doubledrop compose-notes``: single notes and melodies of flute, keyboard and guitar."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import MofNCompleteColumn, TimeRemainingColumn

from engine.cli import options
from engine.cli.console import progress, say, waiting, warn
from engine.cli.given import ignores
from engine.cli.numbers import number
from train.notes.soundfonts import HELD_OUT

_MOST = 100_000  # clips of a family, melodies
_SHARED = 0.3  # of recordings: more is no chance


def compose_notes(
    ctx: typer.Context,
    soundfonts: Annotated[
        Path,
        typer.Argument(
            metavar="SOUNDFONTS",
            help="Folder of soundfonts, SF2 or SF3: `doubledrop fetch soundfonts`.",
        ),
    ],
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the notes.")],
    clips: Annotated[int, number("Clips of each family, one note each.", 0, _MOST)] = 2000,
    midi: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder of MIDI files to take melodies from: `doubledrop fetch free-midi`.",
        ),
    ] = None,
    melodies: Annotated[
        int, number("Melodies, each rendered as flute and as keyboard.", 0, _MOST)
    ] = 60,
    rate: Annotated[int, number("Sample rate of the melodies.", 8000, 96_000, "Hz")] = 44_100,
    held_out: Annotated[
        float,
        number(
            "Share of clips and of pieces kept from training, and as many of the held-out"
            " soundfont.",
            0.0,
            0.5,
        ),
    ] = 0.125,
    held_out_font: Annotated[
        str,
        typer.Option(metavar="NAME", help="Soundfont that nothing for training is rendered from."),
    ] = HELD_OUT,
    seed: options.Seed = 1,
) -> None:
    """Render notes of flute, keyboard and guitar, and melodies as flute and as keyboard.

    Clips are 4 s at 16 kHz; pitch, velocity, length and vibrato are drawn at random. fluidsynth
    plays them. The same seed gives the same files; an interrupted run goes on where it was.

    Example: doubledrop compose-notes soundfonts notes --midi free-midi --clips 600
    """
    from train.notes.corpus import plan_corpus, write_corpus
    from train.notes.drawing import draw_clips
    from train.notes.melodies import choose_melodies
    from train.notes.soundfonts import find_soundfonts

    if midi is None:
        cure = "Name a folder of MIDI files: --midi FOLDER."
        ignores(ctx, "notes without --midi", "melodies", "rate", cures={"melodies": cure})
    stock = find_soundfonts(soundfonts, held_out_font)
    for font in stock.seen:
        if (share := stock.unseen.shared_with(font)) > _SHARED:
            warn(
                f"{stock.unseen.name} is held out, and shares {share:.0%} of its recordings with"
                f" {font.name}: what is unseen is heard in training"
            )
    drawn = draw_clips(stock, clips, held_out, seed)
    with waiting("looking for melodies"):
        chosen = choose_melodies(midi, stock, melodies, held_out, seed, warn) if midi else []
    manifest = plan_corpus(stock, drawn, chosen, rate, seed)
    with progress(MofNCompleteColumn(), TimeRemainingColumn()) as bar:
        task = bar.add_task("composing", total=len(drawn) + 2 * len(chosen))
        for path in write_corpus(folder, stock, manifest):
            bar.update(task, advance=1, description=path.stem)
    say(
        f"{folder}: {len(drawn)} clips, {len(chosen)} melodies as flute and as keyboard;"
        " notes.json says what each is"
    )
