"""Every error that doubledrop raises on purpose, in one tree.

::

    DoubledropError
    ├── UsageError        (ValueError)    an option, key or argument that cannot be used
    │   └── ShapeError    (ValueError)    an array of the wrong shape
    ├── InputError        (OSError)       a sound file that cannot be read
    ├── OutputError       (OSError)       a file that cannot be written (disk full, no right)
    ├── PresetError       (ValueError)    a preset that is missing, corrupt or invalid
    │   └── FrontEndError (ValueError)    a model made for another front end
    ├── RigError          (ValueError)    a rig.toml that is missing or invalid
    ├── SetError          (ValueError)    a set.toml that is, or more than its rig can play
    ├── EffectError       (ValueError)    an effect that cannot be loaded, or not as asked
    ├── ProviderError     (RuntimeError)  an execution provider that was asked for and is not there
    ├── DeviceError       (OSError)       an audio device that is missing or refuses
    │   └── DeviceLost    (OSError)       an audio device that stopped while playing
    └── GeneratorError    (RuntimeError)  a generator that raises or returns what is not finite

Each is also the builtin a caller would expect, says what was found, what was expected and what
to do about it, and carries the exit status of the command that meets it: 2 for bad input, 1 for
a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Self

from engine.text import printable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A cure, where what was given is nearly something that is known; else empty."""
    near = get_close_matches(word, list(known), 1)
    return f"Did you mean {near[0]}?" if near else ""


class DoubledropError(Exception):
    """Root of the tree.

    Args:
        subject: what the message is about: a file, a key, a device.
        found: what is the case.
        expected: what should have been the case; left out where ``found`` says it.
        cure: what the user can do.

    All of them are made printable: they hold names of files, keys and devices, and what libraries
    say of them.

    Attributes:
        others: further mistakes that were found along with it.
    """

    exit_status = 2

    def __init__(self, subject: str, found: str, *, cure: str, expected: str = "") -> None:
        self.subject, self.found = printable(subject), printable(found)
        self.expected, self.cure = printable(expected), printable(cure)
        wanted = f" (expected {self.expected})" if expected else ""
        super().__init__(f"{self.subject}: {self.found}{wanted}. {self.cure}")
        self.others: tuple[DoubledropError, ...] = ()

    def beside(self, others: Iterable[DoubledropError]) -> Self:
        """The same, with further mistakes beside it, which it tells too."""
        self.others = tuple(others)
        self.args = (" Also: ".join([str(self), *map(str, self.others)]),)
        return self

    def within(self, place: str) -> Self:
        """The same fault, found at a place in a file."""
        subject = f"{place}, {self.subject}"
        return type(self)(subject, self.found, expected=self.expected, cure=self.cure)

    def __str__(self) -> str:
        # OSError formats its arguments in its own way; the message is the same for all.
        return str(self.args[0])


class UsageError(DoubledropError, ValueError):
    """An option, key or argument that cannot be used."""


class ShapeError(UsageError):
    """An array of the wrong shape."""


class InputError(DoubledropError, OSError):
    """A sound file that cannot be read."""


class OutputError(DoubledropError, OSError):
    """A file that cannot be written."""

    exit_status = 1


class PresetError(DoubledropError, ValueError):
    """A preset that is missing, corrupt or invalid."""


class FrontEndError(PresetError):
    """A model made for another front end."""


class RigError(DoubledropError, ValueError):
    """A rig that is missing or invalid."""


class SetError(DoubledropError, ValueError):
    """A set that is missing, invalid, or more than its rig can play."""


class EffectError(DoubledropError, ValueError):
    """An effect that cannot be loaded, or not as asked."""


class ProviderError(DoubledropError, RuntimeError):
    """An execution provider that was asked for and is not there."""


class DeviceError(DoubledropError, OSError):
    """An audio device that is missing or refuses what was asked."""


class DeviceLost(DeviceError):
    """An audio device that stopped while playing."""

    exit_status = 1


class GeneratorError(DoubledropError, RuntimeError):
    """A generator that raises, or returns what is not finite."""

    exit_status = 1


def faults(call: Callable[..., object], *arguments: object) -> list[DoubledropError]:
    """What a call raises of these, if it does: for who looks for all mistakes."""
    try:
        call(*arguments)
    except DoubledropError as fault:
        return [fault]
    return []
