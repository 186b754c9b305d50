"""MIDI clocks of several ports: one of them leads, and their ticks are never mixed.

The first that ticks leads. It gives way when it has stopped or fallen silent, or when it never was
started and another is: whoever presses Start means the machine that was started.
"""

from __future__ import annotations

from engine.control.clock import MidiClock

KINDS = ("clock", "start", "continue", "stop", "songpos")
"""Types of the messages that a clock sends."""


class ClockPorts:
    """Follows the clock of each port by itself.

    Attributes:
        lead: the clock that leads; one that has never ticked while there is none.
        port: of that clock.
    """

    def __init__(self) -> None:
        self.lead, self.port = MidiClock(), ""
        self._clocks: dict[str, MidiClock] = {}
        self._called = ""  # the port that was started while none played

    def hear(self, port: str, kind: str, time_s: float, sixteenths: int = 0) -> bool:
        """A message of a clock.

        Args:
            port: name of the port.
            kind: one of :data:`KINDS`.
            time_s: when, of any monotonic clock.
            sixteenths: of a song position.

        Returns:
            Whether the place of the clock that leads is a new one, to be taken at once.
        """
        if not self._clocks:
            self._clocks[port], self.port = self.lead, port
        clock = self._clocks.setdefault(port, MidiClock())
        match kind:
            case "clock":
                clock.tick(time_s)
            case "stop":
                clock.stop()
            case "songpos":
                clock.song_position(sixteenths)
            case "start":
                clock.start(time_s)
            case "continue":
                clock.go_on(time_s)
        if kind in ("start", "continue") and self._is_free(time_s):
            self._called = port
        if self._called == port and clock.running and clock is not self.lead:
            self._lead(port)
            return True
        return clock is self.lead and kind in ("start", "continue", "songpos")

    def choose(self, now_s: float, hold_s: float) -> bool:
        """Let another lead, where the one that does has ended; once every few milliseconds.

        Args:
            now_s: the time.
            hold_s: for how long one that has fallen silent is held.

        Returns:
            Whether another leads from now on, whose place is to be taken at once.
        """
        away = self.lead.is_silent(now_s - hold_s)
        if self.lead.running and not away:
            return False
        heard = {p: c for p, c in self._clocks.items() if c.locked and not c.is_lost(now_s)}
        running = [port for port, clock in heard.items() if clock.running]
        for port in running or (list(heard) if away else []):
            self._lead(port)
            return bool(running)
        return False

    def _is_free(self, now_s: float) -> bool:
        """Whether nobody plays."""
        return not self.lead.running or self.lead.is_silent(now_s)

    def _lead(self, port: str) -> None:
        self.lead, self.port, self._called = self._clocks[port], port, ""
