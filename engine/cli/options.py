"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class UseOption(StrEnum):
    """How the four-downbeat window is used."""

    late = "late"
    phrase = "phrase"
    edge = "edge"


class RendererOption(StrEnum):
    """How a generated image becomes sound."""

    gain = "gain"
    paper = "paper"
    griffin_lim = "griffin-lim"


class ProviderOption(StrEnum):
    """Where inference runs."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"
    tensorrt = "tensorrt"
    coreml = "coreml"


Preset = Annotated[
    str, typer.Option(help="Name of a preset (see `doubledrop presets`) or its folder.")
]
Bpm = Annotated[
    float | None, typer.Option(help="Tempo in beats per minute. Found by listening if not given.")
]
Downbeat = Annotated[
    float | None, typer.Option(help="Time of any downbeat, seconds from the beginning.")
]
BeatsPerBar = Annotated[
    int | None,
    typer.Option(help="Beats of a bar, 2 to 12. Default: 4; what --bpm counts is a beat."),
]
Lookahead = Annotated[
    int, typer.Option(help="Latency dial in ms: 0, 23, 46 or 93. More is surer and later.")
]
Wet = Annotated[float, typer.Option(help="Share of the restyled sound, 0 to 1.")]
Provider = Annotated[ProviderOption, typer.Option(help="Where inference runs.")]
Effects = Annotated[bool, typer.Option(help="The effects of presets and rig, or none.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")
]
