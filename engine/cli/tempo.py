"""The tempo of a file, as the user says it or as it is heard."""

from __future__ import annotations

from pathlib import Path

from engine.beat.file_tracker import trace
from engine.cli.console import tell, waiting, warn
from engine.dsp.tempo import BEATS_PER_BAR, Tempo
from engine.dsp.tempo_map import TempoMap


def assumed_tempo(
    bpm: float | None, downbeat: float | None, beats_per_bar: int | None, assumed_bpm: float
) -> Tempo:
    """What the user says, and what is assumed where nothing is said.

    Args:
        bpm: tempo that the user says, or None.
        downbeat: time of a downbeat, seconds; 0 where nothing is said.
        beats_per_bar: of the music; four where nothing is said.
        assumed_bpm: the preset's tempo, or another to assume.

    Raises:
        UsageError: one of them is impossible.
    """
    beats = BEATS_PER_BAR if beats_per_bar is None else beats_per_bar
    return Tempo(assumed_bpm if bpm is None else bpm, downbeat or 0.0, beats)


def find_tempo(source: Path, downbeat: float | None, assumed: Tempo) -> TempoMap:
    """What is heard in a file, else what is assumed; a drift is told.

    Args:
        source: sound file.
        downbeat: time of a downbeat, seconds, where that is known.
        assumed: decides between a tempo and its double, and has the beats of a bar.
    """
    with waiting("listening for the tempo"):
        heard = trace(source, assumed, downbeat)
    if heard is None:
        warn(f"{source}: no beat found; taking {assumed.bpm:g} BPM, say --bpm and --downbeat")
        return TempoMap(assumed)
    if heard.off_beats:
        at = f"{int(heard.off_s // 60)}:{int(heard.off_s % 60):02d}"
        off = (
            f"bars of a steady {heard.steady.bpm:.2f} BPM are up to {heard.off_beats:.1f} beats off"
        )
        if heard.followed:
            said = f"the tempo drifts, {tempo_in_words(heard.tempi)}, and is followed"
            tell(f"{source}: {said} ({off} at {at})")
        else:
            warn(
                f"{source}: the tempo drifts, and the beat is not clear enough to follow it ({off}"
                f" at {at}): use --window edge, or split the file"
            )
    return heard.tempi


def tempo_in_words(tempi: TempoMap) -> str:
    """A tempo, or from where to where it drifts."""
    low, high = tempi.bpm_range
    return f"{low:.2f} BPM" if low == high else f"{low:.2f} to {high:.2f} BPM"
