"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from engine.cli.numbers import DAY_S, LONGEST_S, MOST_JOBS, SEEDS, number, one_of
from engine.dsp.latency import LOOKAHEAD_COLUMNS
from engine.dsp.tempo import MAX_BEATS, MAX_BPM, MIN_BEATS, MIN_BPM

LOOKAHEADS_MS = tuple(LOOKAHEAD_COLUMNS)


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
    float | None,
    number("Tempo of the music; found by listening if not given.", MIN_BPM, MAX_BPM, "BPM"),
]
Downbeat = Annotated[
    float | None, number("Time of any downbeat from the beginning.", -DAY_S, DAY_S, "s")
]
BeatsPerBar = Annotated[
    int | None,
    number("Beats of a bar; what --bpm counts is a beat. Default: 4.", MIN_BEATS, MAX_BEATS),
]
Lookahead = Annotated[
    int,
    one_of("Latency dial in ms: 0, 23, 46 or 93. More is surer and later.", LOOKAHEADS_MS, "ms"),
]
Wet = Annotated[float, number("Share of the restyled sound.", 0.0, 1.0)]
Seconds = Annotated[float | None, number("Stop after so long.", 0.0, LONGEST_S, "s")]
Block = Annotated[
    int | None, number("Frames the device works in; 128 if not given.", 16, 4096, "frames")
]
Jobs = Annotated[int | None, number("Processes; one a core if not given.", 1, MOST_JOBS)]
Seed = Annotated[int, number("Another seed, another choice.", 0, SEEDS)]
Provider = Annotated[ProviderOption, typer.Option(help="Where inference runs.")]
Effects = Annotated[bool, typer.Option(help="The effects of presets and rig, or none.")]
Force = Annotated[
    bool, typer.Option("--force", help="Replace files that doubledrop did not write.")
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")
]
