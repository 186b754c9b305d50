"""What a performer is told of MIDI ports: those of the rig that are missing, who comes and goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from engine.text import printable


class PortWatch:
    """Compares the ports that are open with those that were.

    Args:
        inputs: parts of the names of ports that the rig wants to hear; an empty one is any.
        lights: part of the name of the output that it wants to reach; empty for none.
        tell: told what happened, in words.
    """

    def __init__(self, inputs: Iterable[str], lights: str, tell: Callable[[str], None]) -> None:
        self._inputs, self._lights = sorted({name for name in inputs if name}), lights
        self._tell = tell
        self._before: dict[str, set[str]] | None = None

    def look(self, names: Iterable[str] | None, lit: Iterable[str]) -> None:
        """The ports that are open now.

        Args:
            names: of inputs; None while nobody has looked for them.
            lit: of the outputs that lights are sent to.
        """
        if names is None:
            return
        now = {"port": set(names), "output": set(lit)}
        before, self._before = self._before, now
        if before is None:
            self._missing(now)
            return
        for name in sorted(before["port"] - now["port"]):
            self._tell(f"MIDI port {_quoted(name)} gone: values held, buttons released")
        for name in sorted(now["port"] - before["port"]):
            self._tell(f"MIDI port {_quoted(name)} is here")
        for name in sorted(before["output"] - now["output"]):
            self._tell(f"MIDI output {_quoted(name)} gone: no lights")
        for name in sorted(now["output"] - before["output"]):
            self._tell(f"MIDI output {_quoted(name)} is here: lights sent")

    def _missing(self, there: dict[str, set[str]]) -> None:
        wanted = [("port", name) for name in self._inputs]
        wanted += [("output", self._lights)] if self._lights else []
        for kind, name in wanted:
            if not any(name.lower() in one.lower() for one in there[kind]):
                said = f"MIDI {kind} {_quoted(name)}, which the rig names, is not there"
                self._tell(f"{said}: used once it is plugged in (`doubledrop midi list`)")


def _quoted(name: str) -> str:
    return f"'{printable(name)}'"
