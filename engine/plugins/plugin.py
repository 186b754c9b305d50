"""A VST3 or Audio Unit, loaded into this process. It may crash or hang: not for the engine's."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from engine.dsp.arrays import Audio
from engine.effects.catalogue import Parameter
from engine.effects.parameter_smoother import ParameterSmoother
from engine.effects.specs import PluginSpec
from engine.errors import EffectError
from engine.plugins.approval import clear
from engine.writing import write_whole

LOAD_S = 10.0
_MOST_STATE = 1 << 28


class Plugin:
    """A plugin, its state and its parameters.

    pedalboard cuts the latency that a plugin reports off the beginning of what it gives; here that
    is put back as silence, so that what comes out is as late as the plugin makes it, from the first
    sample on.

    Args:
        spec: its file, and what it is set to.
        granted: hashes of plugins that the user has named on the command line.

    Attributes:
        parameters: those that can be moved, by the names that a rig uses.

    Raises:
        EffectError: it may not be loaded, cannot be, or has no such parameter or state.
    """

    def __init__(self, spec: PluginSpec, granted: Collection[str] = ()) -> None:
        import pedalboard

        self._path = os.path.abspath(spec.plugin)  # what is no file, JUCE takes for a name
        clear(Path(self._path), granted)
        try:
            loaded: Any = pedalboard.load_plugin(  # type: ignore[attr-defined]
                self._path,
                plugin_name=spec.inside or None,
                initialization_timeout=LOAD_S,
            )
        except Exception as fault:
            why = str(fault).splitlines()[-1].rpartition(": ")[2].rstrip(".")
            raise EffectError(
                self._path, f"cannot be loaded ({why})", cure="Name a VST3 or Audio Unit."
            ) from fault
        self._plugin = loaded
        if not self._plugin.is_effect:
            raise EffectError(
                self._path, "is an instrument", expected="an effect", cure="Name an effect."
            )
        self.name = str(self._plugin.name)
        self._own = {key: one for key, one in self._plugin.parameters.items() if one.is_automatable}
        self.parameters = {key: self._parameter(key) for key in self._own}
        self._rate, self._hop, self._mono, self._whole = 48000.0, 128, False, True
        self._smoother = ParameterSmoother(self._raw, self._set_raw)
        self._restore(spec.state)
        for key, value in spec.parameters.items():
            self._set_raw(key, self._as_raw(key, value))

    @property
    def reported(self) -> int:
        """Samples of latency that the plugin says it has, once it has been begun."""
        return int(self._plugin.reported_latency_samples)

    def begin(self, rate: float, channels: int, hop: int) -> None:
        """Forget what was heard, and be ready for blocks.

        Args:
            rate: hertz.
            channels: of the blocks; what takes only two channels gets one twice.
            hop: most samples of a block.

        Raises:
            ValueError: it does not take so many channels.
        """
        self._rate, self._hop, self._whole = rate, hop, True
        silence = np.zeros((channels, hop), np.float32)
        self._mono = False
        try:
            self._plugin.process(silence, rate, hop, False)
        except ValueError:  # it wants two channels
            if channels != 1:
                raise
            self._mono = True
            self._plugin.process(np.repeat(silence, 2, axis=0), rate, hop, False)
        self._plugin.reset()  # only now does it know its latency
        self._whole = False

    def move(self, key: str, value: float) -> None:
        """Let a parameter go to a value within 20 ms."""
        self._smoother.to(key, self._as_raw(key, value), self._rate)

    def process(self, block: Audio) -> Audio:
        """Take (channels, n) and give the next (channels, n).

        Raises:
            EffectError: it gives another number of samples than it was given.
        """
        return self._smoother.process(block, self._made)

    def _made(self, block: Audio) -> Audio:
        given = np.repeat(block, 2, axis=0) if self._mono else block
        made = self._plugin.process(given, self._rate, self._hop, False)
        missing = block.shape[-1] - made.shape[-1]
        if missing:
            if self._whole or missing < 0:
                found = f"gave {made.shape[-1]} samples for {block.shape[-1]}"
                raise EffectError(self.name, found, cure="It cannot be played live.")
            made = np.pad(made, ((0, 0), (missing, 0)))
        self._whole = not missing
        return np.asarray(made.mean(axis=0, keepdims=True) if self._mono else made, np.float32)

    def _restore(self, state: str) -> None:
        if not state:
            return
        check_state(Path(state))
        try:
            if state.endswith(".vstpreset"):
                self._plugin.load_preset(state)
            else:
                self._plugin.raw_state = Path(state).read_bytes()
        except Exception as fault:
            raise EffectError(
                state, f"is no state of {self.name} ({fault})", cure="Save it again."
            ) from fault

    def save(self, path: Path, force: bool = False) -> None:
        """Write the state that :class:`Plugin` takes as ``state``.

        Raises:
            UsageError: it would replace a file that is not ours, and ``force`` is not said.
            OutputError: it cannot be written.
        """
        # Some take over their parameters with the next sound only.
        self._plugin.process(np.zeros((2, self._hop), np.float32), self._rate, self._hop, False)
        write_whole(path, self._plugin.raw_state, force=force)

    def show(self) -> None:
        """Open the plugin's own window until it is closed.

        Raises:
            EffectError: there is no screen, or it has no window.
        """
        try:
            self._plugin.show_editor()
        except Exception as fault:
            raise EffectError(
                self.name, f"shows no window ({fault})", cure="Set parameters with --set."
            ) from fault

    def _raw(self, key: str) -> float:
        return float(self._own[key].raw_value)

    def _set_raw(self, key: str, value: float) -> None:
        self._own[key].raw_value = value

    def _as_raw(self, key: str, value: Any) -> float:
        """A value in a parameter's units as the plugin counts it, 0 … 1.

        Raises:
            EffectError: there is no such parameter, or it takes no such value.
        """  # noqa: DOC501
        if key not in self._own:
            names = ", ".join(self._own) or "none"
            raise EffectError(
                self.name, f"has no parameter {key!r}", cure=f"Its parameters: {names}."
            )
        numbers = self._own[key].type is float
        try:
            if isinstance(value, str) == numbers:
                raise TypeError(key)
            if isinstance(value, str) or numbers:
                return float(self._own[key].get_raw_value_for(value))
            return min(max(float(value), 0.0), 1.0)
        except (ValueError, TypeError) as fault:
            raise EffectError(
                f"{self.name} {key}", repr(value), expected=self._span(key), cure="Change it."
            ) from fault

    def _parameter(self, key: str) -> Parameter:
        one = self._own[key]
        if one.type is not float:  # a switch or a choice of words
            return Parameter(0.0, 1.0, float(one.raw_value))
        return Parameter(
            float(one.min_value),
            float(one.max_value),
            float(getattr(self._plugin, key)),
            one.units or "",
        )

    def _span(self, key: str) -> str:
        words = [str(word) for word in self._own[key].valid_values if isinstance(word, str)]
        return ", ".join(words) or self.parameters[key].span


def check_state(path: Path) -> Path:
    """A file with a plugin's state, which is about to be read.

    Raises:
        EffectError: it is missing, no file, or larger than any state.
    """
    if not os.path.isfile(path):
        raise EffectError(str(path), "is no file", cure="Name what `plugins save` has written.")
    if os.path.getsize(path) > _MOST_STATE:
        raise EffectError(
            str(path), f"is larger than {_MOST_STATE >> 20} MiB", cure="Save the state again."
        )
    return path
