"""``doubledrop blend``: one sound in the style of another, without training anything."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import TaskProgressColumn, TimeRemainingColumn

from engine.cli import options
from engine.cli.console import progress, say
from engine.cli.given import ignores
from engine.cli.numbers import DAY_S, number
from engine.io.files import check_writable


class FeaturesOption(StrEnum):
    """What content and style are taken from."""

    audio_vgg = "audio-vgg"
    random = "random"


class BeginOption(StrEnum):
    """What the image is before its first step."""

    noise = "noise"
    content = "content"


class PhaseOption(StrEnum):
    """Of the output."""

    content = "content"
    griffin_lim = "griffin-lim"


def blend(
    ctx: typer.Context,
    content: Annotated[Path, typer.Argument(metavar="CONTENT", help="What is to be heard.")],
    style: Annotated[Path, typer.Argument(metavar="STYLE", help="How it is to sound.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Sound file to write.")],
    features: Annotated[
        FeaturesOption,
        typer.Option(
            help="What content and style are taken from: layers of a network that knows "
            "instruments, at 16 kHz, or a random convolution, at the content's rate."
        ),
    ] = FeaturesOption.audio_vgg,
    begin: Annotated[
        BeginOption, typer.Option("--from", help="What it begins as, with audio-vgg.")
    ] = BeginOption.noise,
    phase: Annotated[
        PhaseOption, typer.Option(help="The content's own, or one that is found (Griffin-Lim).")
    ] = PhaseOption.content,
    start: Annotated[float, number("Second of the content to begin with.", 0.0, DAY_S, "s")] = 0.0,
    seconds: Annotated[float, number("Length, at most.", 0.5, 60.0, "s")] = 10.0,
    steps: Annotated[
        int | None, number("Of the descent. Default: 500, random 400.", 1, 100_000)
    ] = None,
    seed: options.Seed = 0,
    preview: Annotated[
        bool, typer.Option("--preview", help="Write OUT every ten seconds, as it is so far.")
    ] = False,
    picture: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw content, style and output.")
    ] = None,
    force: options.Force = False,
) -> None:
    """Make a sound that has the content of one file and the style of another.

    What is looked for is the magnitudes whose style is that of STYLE, step by step, minutes for
    seconds of sound. For playing live, train a generator instead.

    Example: doubledrop blend melody.wav organ.wav out.wav --picture out.png
    """
    if features is FeaturesOption.random:
        ignores(ctx, "--features random", "begin", cures={"begin": "It begins as the content."})
    check_writable(out, (content, style), force)
    from engine.pictures import save
    from train.judge.closeup import draw_sounds
    from train.style.descent import OF_RANDOM, OF_VGG
    from train.style.features import Features, RandomFeatures, VggFeatures
    from train.style.run import blend_files
    from train.style.vgg_file import shipped_vgg

    using: Features
    if features is FeaturesOption.random:
        using, how = RandomFeatures(seed), OF_RANDOM
    else:
        using, how = VggFeatures(shipped_vgg("linear").network), replace(OF_VGG, begin=begin.value)
    how = replace(how, steps=steps or how.steps)
    with progress(TaskProgressColumn(), TimeRemainingColumn()) as bar:
        task = bar.add_task("blending", total=how.steps)

        def told(done: int, of: int, ratio: float) -> None:
            words = f"style's loss {100 * ratio:.1f} % of what it was"
            bar.update(task, completed=done, total=of, description=words)

        def heard(path: Path) -> None:
            bar.console.print(f"{path} can be listened to")

        sounds = blend_files(
            content,
            style,
            out,
            using,
            how,
            start_s=start,
            seconds=seconds,
            phase=phase.value,
            seed=seed,
            told=told,
            preview=heard if preview else None,
            force=force,
        )
    if picture is not None:
        shown = {"content": sounds.content, "style": sounds.style, "output": sounds.out}
        save(draw_sounds(shown, sounds.rate, f"{content.name} as {style.name}"), picture, force)
    found = sounds.found
    say(
        f"{out}: style's loss {100 * found.style_ratio:.2g} % of what it was, correlation with the "
        f"content {found.content_correlation:.2f}, {sounds.rate} Hz"
    )
