"""A snapshot of the stage as plain values under the keys of docs/reference/page.md, as the page and
other screens are sent it; words are made printable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.control.mapping import Binding
from engine.host.meters import Levels
from engine.host.observer import SetStatus, Snapshot
from engine.text import printable

_EVENTS = 30
_LONGEST = 300  # characters of an event


def shown(snapshot: Snapshot, bindings: Sequence[Binding], learning: str = "") -> dict[str, Any]:
    """What there is to be seen.

    Args:
        snapshot: of the stage.
        bindings: of the controls of controllers.
        learning: the target for which a control is waited for.
    """
    now, status = snapshot, snapshot.status
    return {
        "seconds": round(now.seconds, 1),
        "state": {"text": now.state, "alarm": now.alarm, "lost": printable(now.lost)},
        "switches": {"bypass": now.bypass, "kill": now.kill, "mute": now.mute},
        "clock": {
            "bpm": round(now.bpm, 2),
            "source": now.source,
            "held": now.held,
            "known": now.known,
            "sure": None if now.confidence is None else round(now.confidence, 2),
            "beats": now.beats,
            "bars": now.bars,
        },
        "place": {"bar": now.bar, "beat": now.beat} if now.known else None,
        "slots": [
            {
                "name": printable(slot.name),
                "amount": round(slot.amount, 4),
                "broken": slot.broken,
                "why": printable(slot.why),
            }
            for slot in now.slots
        ],
        "active": now.active,
        "called": None
        if now.called is None
        else {"slot": now.called, "bars": round(now.bars_to_go, 2)},
        "knobs": {
            "wet": round(now.wet, 4),
            "level": round(now.level, 4),
            "crossfader": None if now.crossfader is None else round(now.crossfader, 4),
            **{f"macro{n}": round(at, 4) for n, at in enumerate(now.macros, 1)},
        },
        "sides": now.sides,
        "songs": _songs(now.songs),
        "waiting": {
            target: {
                "control": it.control,
                "place": round(it.place, 3),
                "wanted": round(it.wanted, 3),
            }
            for target, it in now.waiting.items()
        },
        "controls": _controls(bindings),
        "learning": learning or None,
        "in": _levels(now.line_in),
        "out": _levels(now.line_out),
        "lights": {"clip": now.clip, "limit": now.limit, "dropout": now.dropout},
        "limited_db": round(now.limited_db, 1),
        "wet_now": round(status.wet, 3),
        "load": round(now.load, 3),
        "health": {
            "gaps": status.gaps,
            "flags": status.flags,
            "late": status.late_gains,
            "inferences_failed": status.faults,
            "lost": status.lost,
            "restarts": status.restarts,
        },
        "age_ms": {name: round(at) for name, at in status.age_ms.items()},
        "callback_ms": {name: round(at, 2) for name, at in status.callback_ms.items()},
        "route": printable(now.route),
        "latency_ms": round(now.latency_ms, 1),
        "midi": printable(now.midi),
        "genres": printable(now.genres),
        "ports": [printable(name) for name in now.ports],
        "recording": None if now.recording is None else round(now.recording),
        "recording_error": printable(now.recording_error),
        "events": [
            {"at": round(event.at_s, 1), "text": printable(event.text)[:_LONGEST]}
            for event in now.events[-_EVENTS:]
        ],
    }


def _songs(songs: SetStatus | None) -> dict[str, Any] | None:
    if songs is None:
        return None
    parts = [
        {
            "song": printable(part.song),
            "name": printable(part.name),
            "first": part.first,
            "notes": printable(part.notes),
        }
        for part in songs.parts
    ]
    return {"parts": parts, "at": songs.at, "called": songs.called}


def _levels(at: Levels) -> dict[str, float]:
    return {
        "lufs": round(at.lufs, 1),
        "peak": round(at.true_peak_db, 1),
        "short": round(at.short_term, 1),
        "integrated": round(at.integrated, 1),
    }


def _controls(bindings: Sequence[Binding]) -> dict[str, list[str]]:
    """The controls of each target, by their names."""
    found: dict[str, list[str]] = {}
    for binding in bindings:
        if binding.control not in found.setdefault(binding.target, []):
            found[binding.target].append(binding.control)
    return found
