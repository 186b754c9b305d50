"""``doubledrop soak``: does it hold for as long as a set?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import TaskProgressColumn, TimeRemainingColumn

from engine.cli import options
from engine.cli.admit import admitted
from engine.cli.console import progress, say, say_json
from engine.cli.numbers import LONGEST_S, number
from engine.config.request import DeviceConfig
from engine.config.rig import Rig, read_rig
from engine.config.rig_slot import Slot
from engine.dsp.settings import Settings
from engine.errors import UsageError
from engine.io.files import make_folder
from engine.io.sources import demo_feed
from engine.strict_json import written
from engine.writing import check_output, write_whole

_TRAINED = ["liquid-to-dancefloor", "dancefloor-to-liquid"]


def soak(
    rig: Annotated[
        Path | None, typer.Argument(metavar="[RIG]", help="Slots and effects; instead of --preset.")
    ] = None,
    minutes: Annotated[float, number("How long.", 0.1, LONGEST_S / 60, "minutes")] = 10.0,
    preset: Annotated[
        list[str] | None,
        typer.Option(help="Preset of a slot; again for more. Default: those that were trained."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for soak.json and soak.png.")
    ] = None,
    provider: options.Provider = options.ProviderOption.auto,
    block: Annotated[int, number("Frames the server works in.", 16, 4096)] = 128,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Play the demo feed live for long on a JACK server, crossfading every four bars.

    Presets bring their effects along, as on the stage.

    Beside the stage run a client that does nothing but pass its input on: what drops out there too
    is not the stage's; and one that does nothing but spin for the median of the stage's callback.

    Example: doubledrop soak --minutes 10 --report soak
    """  # noqa: DOC501
    from engine.diagnostics.soak import draw
    from engine.diagnostics.soak import soak as run

    if rig is not None and preset:
        raise UsageError("--preset", preset[0], cure="A rig names its own presets: leave it out.")
    files = [] if report is None else [report / "soak.json", report / "soak.png"]
    if report is not None:
        make_folder(report)
    for file in files:
        check_output(file, force=force)
    chosen = read_rig(rig) if rig else Rig(slots=[Slot(preset=x) for x in preset or _TRAINED])
    for slot in chosen.slots:
        slot.load()
    feed, tempo = demo_feed()
    settings = Settings()
    config = admitted(chosen.at_tempo(tempo.bpm).config(provider.value, tempo, settings))
    with progress(TaskProgressColumn(), TimeRemainingColumn(), hidden=as_json) as bar:
        task = bar.add_task("starting", total=1.0)
        result = run(
            DeviceConfig(None, None, None, block, True, config),
            minutes,
            feed,
            lambda status, share: bar.update(
                task, completed=share, description=f"{status.gaps} gaps, wet {status.wet:.0%}"
            ),
        )
    found = result.to_json()
    if report is not None:
        write_whole(files[0], written(found, indent=1), force=force)
        draw(result, files[1], force)
    if as_json:
        say_json(found)
        return
    share = ", ".join(f"{name} {part:.2%}" for name, part in found["gain_share"].items() if part)
    memory = found["memory_mib"]
    say(f"{found['seconds']:.0f} s recorded, {found['switches']} crossfades")
    say(
        f"dropouts   host {found['dropouts']['host']}, bare client {found['dropouts']['bare']}"
        f" (the server left out {found['left_out']} blocks)"
    )
    say(
        f"counted    {found['gaps']} gaps of the effects, {found['flags']} flagged callbacks,"
        f" {found['late_gains']} late gains, engine started again {found['restarts']} ×"
    )
    say(
        f"gains      {share}; age p50 {found['age_ms']['p50']:.0f}, p99"
        f" {found['age_ms']['p99']:.0f} ms"
    )
    say(
        f"callback   p50 {found['callback_ms']['p50']:.2f}, p99"
        f" {found['callback_ms']['p99']:.2f}, p99.9 {found['callback_ms']['p999']:.2f} ms"
    )
    say(
        f"spinning   p50 {found['spinning_ms']['p50']:.2f}, p99"
        f" {found['spinning_ms']['p99']:.2f}, p99.9 {found['spinning_ms']['p999']:.2f} ms"
    )
    say(f"memory     {memory['begin']:.0f} → {memory['end']:.0f} MiB")
    if report is not None:
        say(f"picture    {report / 'soak.png'}")
