"""``render IN OUT --preset``: a file restyled, and what came of it in words."""

from __future__ import annotations

from engine.cli.console import done_of, say, say_json, shares, warn
from engine.cli.options import UseOption
from engine.cli.render_arguments import RenderArguments
from engine.cli.tempo import tempo_in_words
from engine.config.preset import load_preset
from engine.dsp.tempo_map import TempoMap
from engine.errors import UsageError
from engine.io.files import SoundReader
from engine.models.generator import open_generator
from engine.offline.render import RenderFigures, pictures_of, render
from engine.writing import check_output


def restyled(given: RenderArguments) -> None:
    """Restyle a file with a preset.

    Args:
        given: on the command line.

    Raises:
        UsageError: no preset is named, or a picture would replace a file that is not ours.
    """
    if not given.preset:
        raise UsageError(
            "--preset", "missing", cure="Name one: `doubledrop presets` lists what there is."
        )
    chosen = load_preset(given.preset)
    with SoundReader(given.source):
        pass  # a file that cannot be read is named before a model is loaded
    if given.report is not None and given.report.is_dir():
        for path in pictures_of(given.report, given.sink):
            check_output(path, force=given.force)
    file = chosen.generator_for(None if given.window is None else given.window.value)
    generator = open_generator(file, given.provider)
    streams = generator.kind == "streaming"
    window = given.window or (UseOption.phrase if streams else UseOption.late)
    tempi = given.tempi(given.bpm, given.beats_per_bar, chosen.file.bpm)
    words = f"{chosen.name}, {window.value}, {tempo_in_words(tempi)}"
    with done_of(given.source.name, hidden=given.as_json) as told:
        done = render(
            given.source,
            given.sink,
            generator,
            tempi,
            given.settings(window, given.wet),
            inference_ms=given.inference_ms,
            report=given.report,
            title=f"{given.source.name} → {words}",
            progress=told,
            effects=str(chosen.folder) if given.effects else "",
            ceiling=given.ceiling,
            force=given.force,
            note=warn,
        )
    if done.repaired:
        warn(f"{given.source}: {done.repaired} samples were not finite or above +24 dBFS; repaired")
    if done.clipped:
        peak = f"peak {done.peak_dbfs:+.1f} dBFS"
        warn(f"{given.named}: {done.clipped} samples clipped ({peak}); use .wav")
    if given.as_json:
        say_json(done.to_json())
        return
    _tell(done, given.named, tempi)


def _tell(done: RenderFigures, named: object, tempi: TempoMap) -> None:
    """What came of it, in words."""
    say(f"{named}: {done.seconds:.1f} s at {done.realtime_factor:.1f} × real time")
    say(f"  {done.window}, {done.renderer}, {tempo_in_words(tempi)}, {done.inferences} inferences")
    say(f"  on {done.provider}, {done.late} late; gains {shares(done.gain_share)}")
    if done.reduction_db:
        say(f"  ceiling {done.ceiling_dbtp:g} dBTP: {-done.reduction_db:.1f} dB down at most")
    say(f"  latency on stage {done.latency_samples} samples ({done.latency_ms:.1f} ms)")
    for picture in done.pictures:
        say(f"  picture: {picture}")
