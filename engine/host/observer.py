"""What is to be seen of the stage at one moment, whoever shows it.

There is one observer: it takes the peaks, and its lights are those that all see
(:mod:`engine.host.status_publisher`)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.config.rig import Rig
from engine.control.control_mapper import Waiting
from engine.control.mapping import MACROS
from engine.control.songs import Part
from engine.dsp.tempo import Tempo
from engine.host.controller import Controller
from engine.host.meters import LevelMeter, Levels
from engine.host.status import Status, look, take_peaks
from engine.host.supervisor import Supervisor
from engine.state.events import Event
from engine.takes.recorder import Recorder

_LIT_S = 1.0  # how long a light stays on
_EVENTS = 100  # no screen has more rows


@dataclass(frozen=True)
class SlotStatus:
    """A slot as it is shown; ``amount`` 0 … 1, ``broken`` if it plays dry, and ``why``."""

    name: str
    program: int
    amount: float
    broken: bool
    why: str = ""


@dataclass(frozen=True)
class SetStatus:
    """Where the set stands: number of the part that is heard, -1 before the first, and of the one
    that was called."""

    parts: Sequence[Part]
    at: int
    called: int | None


@dataclass(frozen=True)
class Snapshot:
    """The stage, the performer and the recording.

    Attributes:
        seconds: since the program began.
        status: counters and levels.
        state: what is heard, in a word or two; ``alarm`` if that is not what was asked for.
        lost: the devices that are gone and waited for; empty while they are there.
        bpm, source, held, known, confidence: tempo and who gives it; confidence of the follower,
            None where another clock leads.
        bar, bars, beat, beats: place in the phrase, from 1.
        slots: all of them; ``active`` is heard, ``called`` comes next in ``bars_to_go``.
        songs: the set; None where none is played.
        crossfader: where it stands, None while neither of its sides is heard.
        sides: the slots at its ends; None where the rig has but one slot.
        bypass, kill, mute: whether something is taken away.
        wet, level, macros: where the knobs stand, 0 … 1.
        waiting: controls that wait to be picked up, by what they are for.
        line_in, line_out: meters.
        clip, limit, dropout: lights.
        limited_db: the limiter's deepest gain while its light is on.
        route, latency_ms: from where to where, and how late.
        load: share of the time of a block that the slowest hundredth of callbacks takes.
        genres: what line-in and line-out are called, in words; empty while nothing is known.
        midi: the last message.
        ports: MIDI ports that are open.
        recording: seconds of the take; None without one, and why it has stopped.
        events: what happened, the newest last.
    """

    seconds: float
    status: Status
    state: str
    alarm: bool
    lost: str
    bpm: float
    source: str
    held: bool
    known: bool
    confidence: float | None
    bar: int
    bars: int
    beat: int
    beats: int
    slots: list[SlotStatus]
    active: int
    called: int | None
    bars_to_go: float
    songs: SetStatus | None
    crossfader: float | None
    sides: tuple[int, int] | None
    bypass: bool
    kill: bool
    mute: bool
    wet: float
    level: float
    macros: list[float]
    waiting: Mapping[str, Waiting]
    line_in: Levels
    line_out: Levels
    clip: bool
    limit: bool
    dropout: bool
    limited_db: float
    route: str
    latency_ms: float
    load: float
    genres: str
    midi: str
    ports: list[str]
    recording: float | None
    recording_error: str
    events: list[Event]


class Observer:
    """Looks at the stage; lights stay on for a second.

    Args:
        stage: device and engine.
        controller: beside the stage.
        recorder: of the take, if there is one.
        rig: that is played.
    """

    def __init__(
        self,
        stage: Supervisor,
        controller: Controller,
        recorder: Recorder | None,
        rig: Rig,
    ) -> None:
        self._stage = stage
        self._controller, self._recorder = controller, recorder
        self._names, self._programs = [slot.preset for slot in rig.slots], rig.programs()
        self._sides, self._macros = rig.sides(), MACROS[: len(rig.moves())]
        shared = stage.shared
        self._ears = (
            LevelMeter(shared, "heard", shared.feed),
            LevelMeter(shared, "played", shared.out),
        )
        self._began = time.monotonic()
        self._missed = 0
        self._limited_db = 0.0
        self._lit: dict[str, float] = {}

    def look(self) -> Snapshot:
        """The stage now; peaks begin anew."""
        stage, controller, recorder = self._stage, self._controller, self._recorder
        now_s, status = time.monotonic(), look(stage, take_peaks(stage.shared))
        clocks, switching, mapper = controller.clocks, controller.switching, controller.mapper
        wishes = mapper.wishes
        tempo, lead, pending = clocks.tempo, clocks.lead, switching.pending
        bar, beat = place_of(tempo, now_s)
        missed = status.gaps + status.flags
        clip = self._light("clip", status.peak_in_db >= -0.01, now_s)
        limit = self._light("limit", status.limited_db < -0.1, now_s)
        self._limited_db = min(status.limited_db, self._limited_db if limit else 0.0)
        dropout = self._light("dropout", missed > self._missed, now_s)
        self._missed = missed
        state, alarm = self._state(status)
        device = stage.shared.device
        rate, block_ms = max(1, device.rate), 1e3 * max(1, device.block) / max(1, device.rate)
        broken = stage.broken
        return Snapshot(
            seconds=now_s - self._began,
            status=status,
            state=state,
            alarm=alarm,
            lost=self._lost(),
            bpm=tempo.bpm,
            source=lead.source,
            held=lead.held,
            known=lead.known,
            confidence=lead.sure,
            bar=bar,
            bars=tempo.bars,
            beat=beat,
            beats=tempo.beats_per_bar,
            slots=[
                SlotStatus(
                    name,
                    program,
                    wishes.knobs[f"amount{n + 1}"],
                    n in broken,
                    broken.get(n, ""),
                )
                for n, (name, program) in enumerate(zip(self._names, self._programs, strict=True))
            ],
            active=switching.active,
            called=None if pending is None else pending.slot,
            bars_to_go=switching.countdown(now_s, tempo) / tempo.beats_per_bar,
            songs=self._songs(),
            crossfader=switching.place,
            sides=self._sides,
            bypass=wishes.bypass,
            kill=wishes.kill,
            mute=wishes.mute,
            wet=wishes.knobs["wet"],
            level=wishes.knobs["level"],
            macros=[wishes.knobs[name] for name in self._macros],
            waiting=mapper.waiting(),
            line_in=self._ears[0].look(),
            line_out=self._ears[1].look(),
            clip=clip,
            limit=limit,
            dropout=dropout,
            limited_db=self._limited_db,
            route=f"{stage.device['input']} → {stage.device['output']}",
            latency_ms=1000 * status.latency["total"] / rate,
            load=status.callback_ms["p99"] / block_ms,
            genres=controller.music.words,
            midi="{} from {}".format(*controller.last) if controller.last else "",
            ports=controller.midi.names or [],
            recording=None if recorder is None else recorder.seconds,
            recording_error="" if recorder is None else recorder.error,
            events=list(stage.events)[-_EVENTS:],
        )

    def _state(self, status: Status) -> tuple[str, bool]:  # noqa: PLR0911  (a list of cases)
        wishes, stage = self._controller.mapper.wishes, self._stage
        if self._lost():  # before whatever was asked for: nothing at all is heard
            return "DEVICE LOST", True
        for name, on in (("mute", wishes.mute), ("kill", wishes.kill), ("bypass", wishes.bypass)):
            if on:
                return name.upper(), False
        if stage.shared.device.level_now == 0.0 and wishes.knobs["level"] > 0.0:
            return "SILENT: beginning", True
        if self._controller.switching.active in stage.broken:
            return "DRY: slot broken", True
        if wishes.knobs["wet"] == 0.0:
            return "DRY", False
        gains = status.wet > 0.0
        if stage.engine_pid is None:
            return ("WET: engine away, old gains" if gains else "DRY: engine away"), True
        return ("WET", False) if gains else ("DRY: no gains yet", True)

    def _songs(self) -> SetStatus | None:
        songs = self._controller.mapper.songs
        return None if songs is None else SetStatus(songs.parts, songs.at, songs.called)

    def _lost(self) -> str:
        if self._stage.device_pid is not None or self._stage.over.is_set():
            return ""
        return " and ".join(dict.fromkeys(str(self._stage.device[x]) for x in ("input", "output")))

    def _light(self, name: str, on: bool, now_s: float) -> bool:
        if on:
            self._lit[name] = now_s
        return now_s - self._lit.get(name, -_LIT_S) < _LIT_S


def place_of(tempo: Tempo, now_s: float) -> tuple[int, int]:
    """Bar of the phrase and beat of the bar at a time, from 1."""
    beats = tempo.beats_at(now_s)
    return tempo.bar_at(now_s) % tempo.bars + 1, int(beats % tempo.beats_per_bar) + 1
