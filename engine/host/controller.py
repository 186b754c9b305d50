"""The controller beside the audio: ports in, what is wanted into the shared state.

A thread of the supervising process. It hears messages as they come, keeps the tempo, and
places switches on the sample of the beat they are meant for.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.beat.follower import Follower
from engine.config.rig import Rig
from engine.control.clock_ports import KINDS
from engine.control.clock_selector import ClockSelector
from engine.control.control_mapper import ControlMapper
from engine.control.follow_clock import TempoEstimate
from engine.control.mapping import AMOUNTS, MACROS
from engine.control.midi_feedback import MidiFeedback
from engine.control.songs import Part, Songs
from engine.control.switching import Switching
from engine.dsp.tempo import Tempo
from engine.host.command_handler import CommandHandler
from engine.host.control_learner import ControlLearner
from engine.host.music_calls import MusicCalls
from engine.host.notifier import Notifier
from engine.host.state_file import StateFile
from engine.io.link import Link
from engine.io.midi import Midi
from engine.io.midi_file import PORT
from engine.io.port_watch import PortWatch
from engine.state import shared_state as b
from engine.state.timeline import TimeKeeper, Timeline

_PERIOD_S = 0.02  # between looks at the device, where no message comes
_SHOW_S = 0.03
_DRIFT_S = 0.0005
_SAME_S = 1e-6


class Controller:
    """Plays a rig's controls on a stage.

    Args:
        shared: of the stage.
        rig: what is played with.
        downbeat_s: of the tempo to begin with, counted from the session's beginning.
        state: file that remembers where things stand; None for none.
        score: messages with the seconds from the beginning at which they are played.
        timeline: where the session is at a time; by default it follows the device.
        tell: told, in words, what the performer may want to know.
        feed_is_file: whether the line-in is a file: it may wait, and a fixed tempo with it.
        parts: of the set that is played.

    Attributes:
        last: the last message, and the port it came from.
        heard: where every message is put, with the second of the session, if that is wanted.
        mapper, clocks, switching, lights, midi, follower, commands, music: its parts.
        came: to be set when something has come.
        changed: called when something has been done that should be seen at once.
    """

    def __init__(
        self,
        shared: b.SharedState,
        rig: Rig,
        downbeat_s: float = 0.0,
        state: Path | None = None,
        score: Sequence[tuple[float, Any]] = (),
        timeline: TimeKeeper | None = None,
        tell: Callable[[str], None] = lambda text: None,
        feed_is_file: bool = False,
        parts: Sequence[Part] = (),
    ) -> None:
        self._shared, self._rig, self._note = shared, rig, Notifier(tell)
        self._standing = StateFile(state)
        remembered = self._standing.remembered
        slot = min(int(remembered.get("slot", 0)), len(rig.slots) - 1)
        self._downbeat_s: float | None = downbeat_s
        self.clocks = ClockSelector(rig.clock.tempo(), rig.clock.sources, rig.clock.hold_s)
        self.switching = Switching(len(rig.slots), rig.switch.quantise, slot, rig.sides())
        self.mapper = ControlMapper(rig.bindings(), rig.programs(), self.clocks, self.switching)
        knobs = self.mapper.wishes.knobs
        knobs |= {"wet": rig.output.wet, "level": rig.output.level} | rig.starts()
        knobs |= {name: at for name, at in remembered.items() if name in knobs}
        self.came = threading.Event()  # a message, a key or a command
        self.changed: Callable[[], None] = lambda: None
        self.midi = Midi(self._patterns(), rig.lights.port, self._note, self.came)
        self.lights = MidiFeedback(rig.bindings(), self.mapper, self.switching, self.clocks)
        learner = ControlLearner(self.mapper, self.lights, self._note)
        self.commands = CommandHandler(shared, self.mapper, self.switching, learner)
        self._link = (
            Link(rig.clock.beats_per_bar, self._note) if "link" in rig.clock.sources else None
        )
        listens = "follow" in rig.clock.sources and timeline is None
        self.follower = Follower(shared, rig.clock.tempo(), self._note) if listens else None
        self.music = MusicCalls(shared, rig, timeline is None, self._note)
        self._ports = PortWatch(self._patterns(), rig.lights.port, self._note)
        self._changes, self._shown_s, self._feed_is_file = 0, 0.0, feed_is_file
        self._timeline, self._score = timeline or Timeline(shared), deque(score)
        self.last: tuple[Any, str] | None = None
        self._pressed: deque[str] = deque()
        self.heard: deque[tuple[float, str, list[int]]] | None = None
        self._began_s = self._told_offset = self._offset = 0.0
        self._told: tuple[Tempo | None, bool] = None, self.clocks.lead.known
        if parts:
            at = int(remembered.get("part", -1))
            told = (lambda: self.clocks.tempo), self.mapper.turn, self.clocks.hint
            self.mapper.songs = Songs(parts, self.switching, *told, at)
        self._standing.begin(self.mapper, self.switching)
        shared.call(slot=slot, fade_s=rig.switch.fade_s)
        self._wish()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="performer", daemon=True)

    def _patterns(self) -> Sequence[str]:
        clock = [self._rig.clock.port] if "midi" in self._rig.clock.sources else []
        return [binding.port for binding in self._rig.bindings()] + clock

    def start(self) -> None:
        """Begin, once the stage plays."""
        self._began_s = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """End, and remember where things stand."""
        self._stop.set()
        self.came.set()
        if self._thread.is_alive():
            self._thread.join()
        self.midi.stop()
        if self._link is not None:
            self._link.stop()
        if self.follower is not None:
            self.follower.stop()
        self.music.stop()
        self._standing.keep()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.came.wait(self._pause_s())
            self.came.clear()
            self._timeline.look()
            self.midi.fetch(self.hear, self.mapper.gone)
            if self._link is not None:
                self._link.fetch(self._hear_link)
            if self.follower is not None:
                self.follower.fetch(self._hear_look)
            self.music.fetch(time.monotonic(), self.clocks.tempo, self.switching)
            self._ports.look(self.midi.names, self.midi.lit)
            asked = self.commands.fetch(time.monotonic())
            self.step(time.monotonic())
            self.commands.answer(time.monotonic())
            if asked:  # not for each tick of a clock: a look has its price
                self.changed()
            self._show(time.monotonic())
            self._standing.keep(time.monotonic())

    def _pause_s(self) -> float:
        """Until there is something to do, if nobody sends anything."""
        next_s = self._began_s + self._score[0][0] if self._score else float("inf")
        return min(_PERIOD_S, max(0.0, next_s - time.monotonic()))

    def step(self, now_s: float) -> None:
        """What is due by now, and what is wanted, into the shared state."""
        while self._pressed:
            self.mapper.press(self._pressed.popleft(), now_s)
        self._play_score(now_s)
        while self.mapper.notices:
            self._note(self.mapper.notices.popleft())
        self._lead(now_s)
        self._switch(now_s)
        if self.mapper.songs is not None:
            self.mapper.songs.tend(now_s)
        self._wish()

    def press(self, target: str) -> None:
        """A key of the computer's keyboard, as a button that is bound to a target."""
        self._pressed.append(target)
        self.came.set()

    def hear(self, port: str, message: Any, time_s: float) -> None:
        """A message that has arrived.

        Args:
            port: name of the port it came from.
            message: as mido has it.
            time_s: when, seconds by ``time.monotonic``, or of the file where nobody listens.
        """
        session_s = self._timeline.session_s(time_s)
        if self.heard is not None and session_s is not None:
            self.heard.append((session_s, port, message.bytes()))
        if message.type in KINDS:
            if self._rig.clock.port.lower() in port.lower():
                at_s = time_s + 1e-3 * self._rig.clock.offset_ms
                sixteenths = message.pos if message.type == "songpos" else 0
                self.clocks.hear_clock(port, message.type, at_s, sixteenths)
            return
        self.last = message, port
        if self.commands.learner.hear(port, message, time_s):
            return
        event = self.mapper.hear(port, message, time_s)
        if event is not None:
            self.lights.touched(port, event, time_s)

    def _hear_link(self, peers: int, bpm: float, beat: float, time_s: float) -> None:
        offset_s = 1e-3 * self._rig.clock.offset_ms
        self.clocks.hear_link(peers, bpm, beat, time_s + offset_s)

    def _hear_look(self, look: TempoEstimate | None) -> None:
        now_s = time.monotonic()
        session_s = self._timeline.session_s(now_s)
        if session_s is not None:
            offset = session_s - now_s
            self.clocks.hear_look(look and look.later(-offset), now_s)

    def _play_score(self, now_s: float) -> None:
        while self._score and self._began_s + self._score[0][0] <= now_s:
            at_s, message = self._score.popleft()
            self.hear(PORT, message, self._began_s + at_s)

    def _lead(self, now_s: float) -> None:
        """Tell the engine of the tempo when it has changed."""
        session_s = self._timeline.session_s(now_s)
        if session_s is None:
            return
        offset = session_s - now_s
        if self._feed_is_file and self.clocks.lead.source == "fixed":
            moved = self.clocks.tempo.downbeat_s + self._offset - offset
            self.clocks.place(moved)
        self._offset = offset
        if self._downbeat_s is not None:  # the tempo that the stage began with, in our time
            self.clocks.place(self._downbeat_s - offset)
            self._downbeat_s = None
        tempo = self.clocks.update(now_s)
        if tempo is None and abs(offset - self._told_offset) > _DRIFT_S:
            tempo = self.clocks.tempo  # the same, and the device's clock has moved against ours
        known = self.clocks.lead.known
        if tempo is None and known != self._told[1]:
            tempo = self.clocks.tempo
        if tempo is not None:
            self._told_offset = offset
            self._want(tempo.later(offset), known)
            self.switching.retime(now_s, tempo)

    def _want(self, tempo: Tempo, known: bool) -> None:
        """Ask for a tempo in the session's time, unless it is the one that was asked for: with a
        file nothing moves there, however long the file was waited for."""
        told, told_known = self._told
        if told is not None and known == told_known:
            moved_s = abs(tempo.downbeat_s - told.downbeat_s)
            if moved_s < _SAME_S and replace(tempo, downbeat_s=told.downbeat_s) == told:
                return
        self._told = tempo, known
        self._shared.want_tempo(tempo, known)

    def _switch(self, now_s: float) -> None:
        """Tell the engine which slot is to be heard, and from which sample on."""
        shared, pending = self._shared, self.switching.pending
        slot, at = self.switching.active, 0
        if pending is not None:
            slot, at = pending.slot, self._sample(pending.at_s)
            # The engine works on an instant some time after it was captured.
            if shared.active == slot and shared.device.made > at:
                self.switching.heard(slot)
                at = 0
        crossed = self.switching.crossed
        if pending is not None and (pending.at_s or 0.0) < now_s + b.CALL_S:
            crossed = None  # it stays where it is, until the other slot is heard
        # As one: the engine must not take a new slot for one that is due.
        wanted, cross = shared.called(), -1.0 if crossed is None else crossed
        if (slot, at, cross) != (wanted.slot, wanted.at, wanted.cross):
            shared.call(slot=slot, at=at, cross=cross)

    def _sample(self, time_s: float | None) -> int:
        """The sample of the session at a time; 0 for at once."""
        session_s = None if time_s is None else self._timeline.session_s(time_s)
        return 0 if session_s is None else round(session_s * self._shared.device.rate)

    def _wish(self) -> None:
        wishes = self.mapper.wishes
        controls = self._shared.controls
        controls.wet, controls.level = wishes.heard_wet, wishes.heard_level
        controls.panics = wishes.panics
        for knobs, names in ((self._shared.amounts, AMOUNTS), (self._shared.macros, MACROS)):
            knobs[: len(names)] = [wishes.knobs[n] for n in names]

    def _show(self, now_s: float) -> None:
        """Bring the controller's lights up to date."""
        if self.midi.changes != self._changes:  # outputs have come or gone
            self._changes = self.midi.changes
            self.lights.again()
        if self.midi.lit and now_s - self._shown_s > _SHOW_S:
            self._shown_s = now_s
            self.midi.send(self.lights.changes(now_s))
