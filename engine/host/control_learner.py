"""Learns a control while the stage plays: what is moved next is bound to a target, at once and in
the rig, and does nothing else meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.config.rig_writer import add_control
from engine.control.control_mapper import ControlMapper
from engine.control.learning import MidiLearn, with_learnt
from engine.control.mapping import Binding
from engine.control.messages import MidiDecoder
from engine.control.midi_feedback import MidiFeedback
from engine.errors import DoubledropError

_REST_S = 1.0  # after the last value of a control, learning is over
_PATIENCE_S = 30.0


class ControlLearner:
    """Called by the controller's thread alone, but for the writing of the rig.

    Args:
        mapper: that is told what controls do.
        lights: likewise.
        note: told what was learnt.

    Attributes:
        rig: the file in which it is kept; None for none.
        target: for which a control is waited for; empty while none is.
    """

    def __init__(
        self,
        mapper: ControlMapper,
        lights: MidiFeedback,
        note: Callable[[str], None],
    ) -> None:
        self._mapper, self._lights, self._note = mapper, lights, note
        self.rig: Path | None = None
        self.target = ""
        self._learn: MidiLearn | None = None
        self._decoders: dict[str, MidiDecoder] = {}
        self._until_s = 0.0
        self._writing = threading.Lock()

    def begin(self, target: str, now_s: float) -> None:
        """Wait for a control, or with an empty target for none any more."""
        self.target, self._until_s = target, now_s + _PATIENCE_S
        self._learn = MidiLearn(target) if target else None
        self._decoders.clear()

    def hear(self, port: str, message: Any, time_s: float) -> bool:
        """A message.

        Args:
            port: that it came from.
            message: as mido has it.
            time_s: when, seconds.

        Returns:
            Whether it was meant for this, and does nothing else.
        """
        if self._learn is None:
            return False
        event = self._decoders.setdefault(port, MidiDecoder()).decode(message)
        if event is not None:
            self._learn.hear(port, event, time_s)
        return event is not None

    def tend(self, now_s: float) -> None:
        """See whether it is over."""
        if self._learn is None:
            return
        if self._learn.is_over(now_s, _REST_S):
            binding = self._learn.binding()
            self.begin("", now_s)
            if binding is not None:
                self._bind(binding)
        elif now_s > self._until_s:
            self._note(f"{self.target}: no control was moved for {_PATIENCE_S:.0f} s")
            self.begin("", now_s)

    def _bind(self, binding: Binding) -> None:
        bindings = with_learnt(self._mapper.bindings, binding)
        self._mapper.bind(bindings)
        self._lights.bind(bindings)
        self._note(f"{binding.target} is now {binding.control}, {binding.port}")
        if self.rig is not None:  # it takes a while, and the music does not wait
            threading.Thread(target=self._keep, args=(self.rig, binding)).start()

    def _keep(self, rig: Path, binding: Binding) -> None:
        with self._writing:
            try:
                add_control(rig, binding)
            except DoubledropError as fault:
                self._note(f"not written into the rig: {fault}")
