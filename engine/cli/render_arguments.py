"""What ``doubledrop render`` was given, as its three modes read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.cli import options
from engine.cli.tempo import assumed_tempo, find_tempo
from engine.dsp.settings import Settings
from engine.dsp.tempo_map import TempoMap


@dataclass(frozen=True)
class RenderArguments:
    """Options and arguments of ``doubledrop render``; files are those that are really read and
    written, where pipes were named.

    Attributes:
        source: sound file.
        sink: sound file to write.
        named: how the user called that.
        preset: name or folder; empty for none.
        window: use of the window; None for what is best.
        lookahead: milliseconds.
        inference_ms: simulated time of an inference; None to measure it.
        renderer: how an image becomes sound.
        noise: whether energy that the input lacks is rendered as noise.
        wet: 0 (dry) … 1.
        bpm: tempo of the source; None to hear it.
        downbeat: time of one, seconds; None to hear it.
        beats_per_bar: of the source; None for what is usual.
        provider: where inference runs.
        report: folder for pictures.
        midi: Standard MIDI File that plays on the controls.
        rig: file of the rig that is played.
        effects: whether effects are played.
        ceiling: whether true peaks are kept below −1 dBTP.
        force: whether the sink may be a file that is not ours.
        as_json: whether to print one JSON object and nothing else.
    """

    source: Path
    sink: Path
    named: Path
    preset: str
    window: options.UseOption | None
    lookahead: int
    inference_ms: float | None
    renderer: options.RendererOption
    noise: bool
    wet: float
    bpm: float | None
    downbeat: float | None
    beats_per_bar: int | None
    provider: str
    report: Path | None
    midi: Path | None
    rig: Path | None
    effects: bool
    ceiling: bool
    force: bool
    as_json: bool

    @property
    def read(self) -> list[Path]:
        """Files that the sink may not be."""
        return [path for path in (self.source, self.midi, self.rig) if path is not None]

    def settings(self, window: options.UseOption, wet: float) -> Settings:
        """How it is to be rendered.

        Args:
            window: use of the window.
            wet: 0 (dry) … 1.
        """
        return Settings(
            use=window.value,
            lookahead_ms=self.lookahead,
            renderer=self.renderer.value,
            noise_branch=self.noise,
            wet=wet,
        )

    def tempi(self, bpm: float | None, beats_per_bar: int | None, assumed_bpm: float) -> TempoMap:
        """Of the source, as the user says, else as it is heard.

        Args:
            bpm: what is said of its tempo.
            beats_per_bar: what is said of its bars.
            assumed_bpm: what else is likely.
        """
        begins = assumed_tempo(bpm, self.downbeat, beats_per_bar, assumed_bpm)
        if bpm is not None:
            return TempoMap(begins)
        return find_tempo(self.source, self.downbeat, begins)
