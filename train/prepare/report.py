"""What the sources of a dataset were, group by group: the confounds of genre."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from train.prepare.outcome import Outcome


def by_group(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """One row a genre and group: tracks, held out, codecs, rates, channels, bandwidth before."""
    good = [outcome for outcome in outcomes if outcome.skipped is None]

    def place(outcome: Outcome) -> tuple[str, str]:
        return outcome.source.genre, outcome.source.group

    rows = []
    for (genre, group), members in groupby(sorted(good, key=place), key=place):
        part = list(members)
        tracks = [outcome.track() for outcome in part]
        width = np.array([track.bandwidth_hz for track in tracks])
        rows.append(
            {
                "genre": genre,
                "group": group,
                "tracks": len(tracks),
                "held_out": sum(track.split == "held-out" for track in tracks),
                "codec": sorted({outcome.codec for outcome in part}),
                "rate": sorted({track.rate for track in tracks}),
                "channels": sorted({track.channels for track in tracks}),
                "bandwidth_hz": [float(width.min()), float(np.median(width)), float(width.max())],
                "bpm": [min(t.bpm for t in tracks), max(t.bpm for t in tracks)],
            }
        )
    return rows


def by_genre(outcomes: Sequence[Outcome]) -> dict[str, dict[str, int]]:
    """Counts a genre: tracks, segments, groups, each side of the split, twins."""
    result: dict[str, dict[str, int]] = {}
    for genre in dict.fromkeys(outcome.source.genre for outcome in outcomes):
        mine = [o for o in outcomes if o.source.genre == genre]
        tracks = [o.track() for o in mine if o.skipped is None]
        result[genre] = {
            "files": len(mine),
            "tracks": len(tracks),
            "segments": sum(len(track.starts_s) for track in tracks),
            "train": sum(track.split == "train" for track in tracks),
            "held_out": sum(track.split == "held-out" for track in tracks),
            "groups": len({track.group for track in tracks}),
            "twins": sum(track.twin for track in tracks),
        }
    return result
