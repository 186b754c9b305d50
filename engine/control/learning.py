"""MIDI learn: which control was meant, and of what kind it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from engine.control.encoders import guess
from engine.control.mapping import DEFAULT, KNOBS, Binding, Kind
from engine.control.messages import ControlEvent

_TURNS = 3  # equal values in a row that an encoder sends when it is turned slowly
_LSB = 32


class MidiLearn:
    """Listens to one control: pressed once, swept over its range, or turned slowly left.

    Args:
        target: what it is to do.
        invert: whether it is to go the other way.
        switch: whether each press is to turn its target over, unless it is an encoder.
    """

    def __init__(self, target: str, invert: bool = False, switch: bool = False) -> None:
        self._target, self._invert, self._switch = target, invert, switch
        self._heard: list[tuple[str, ControlEvent]] = []
        self._last_s = 0.0

    def hear(self, port: str, event: ControlEvent, time_s: float) -> None:
        """A control event on a port.

        Args:
            port: name of the port.
            event: what was done; the release of a key counts for nothing.
            time_s: when, seconds of any monotonic clock.
        """
        if event.kind != "release":
            self._heard.append((port, event))
            self._last_s = time_s

    def is_over(self, now_s: float, rest_s: float) -> bool:
        """Whether something was heard, and nothing for a while since."""
        return bool(self._heard) and now_s - self._last_s > rest_s

    def binding(self) -> Binding | None:
        """What was learnt of the control that was moved most; None if none was."""
        if not self._heard:
            return None
        keys = Counter((port, g.control, g.channel) for port, g in self._heard)
        (port, control, channel), _ = keys.most_common(1)[0]
        numbers = [
            g.number
            for name, g in self._heard
            if (name, g.control, g.channel) == (port, control, channel)
        ]
        wide = self._is_wide(port, control, channel)
        if wide is not None:
            control = wide
        kind: Kind = "absolute"
        encoder = guess(numbers) if control.startswith("cc") and len(numbers) >= _TURNS else None
        if encoder is not None and (self._target in KNOBS or self._target == "nudge"):
            kind = encoder
        elif self._switch:
            kind = "switch"
        return Binding(
            self._target,
            control,
            channel,
            port,
            kind,
            self._invert,
            wide=wide is not None,
        )

    def _is_wide(self, port: str, control: str, channel: int) -> str | None:
        """The first of the two controllers, where the second came along with it."""
        if not control.startswith("cc"):
            return None
        number = int(control[2:])
        first = number if number < _LSB else number - _LSB
        if not 0 <= first < _LSB:
            return None
        heard = Counter(
            g.control for name, g in self._heard if (name, g.channel) == (port, channel)
        )
        both = min(heard[f"cc{first}"], heard[f"cc{first + _LSB}"])
        return f"cc{first}" if both >= _TURNS else None


def with_learnt(bindings: Sequence[Binding], learnt: Binding) -> list[Binding]:
    """What controls do once one was learnt, as a rig does that it is written into: it takes the
    place of one of the rig that had the same control or target, and of the default map's of the
    same control.

    Args:
        bindings: before, those of the rig first.
        learnt: the one that is new.
    """
    own = [one for one in bindings if one not in DEFAULT and not _gives_way(one, learnt)]
    rest = [one for one in bindings if one in DEFAULT and one.control != learnt.control]
    return [*own, learnt, *rest]


def _gives_way(old: Binding, new: Binding) -> bool:
    return old.target == new.target or (old.control, old.port) == (new.control, new.port)
