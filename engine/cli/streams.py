"""The standard streams while a command runs: nothing reaches a terminal that would steer it.

Whatever is printed, by us or by a library, passes here: control characters, escape sequences and
bytes that are no text are written out as escapes; what the terminal's encoding lacks is written as
something alike. Of escape sequences only those of our own console and help pass.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

from engine.errors import OutputError
from engine.text import STAND_INS, encodable, printable_lines


class PrintableStream:
    """A text stream whose words are made printable.

    A reader that has gone away ends the command where it waits for results (stdout), and only
    loses messages where it does not (stderr): a set goes on without them.

    Args:
        behind: where it goes.
        results: whether it is stdout.
        steering: let escape sequences pass: for our own console.
    """

    def __init__(self, behind: TextIO, results: bool, steering: bool = False) -> None:
        self._behind, self._results, self._steering = behind, results, steering

    def steering(self) -> PrintableStream:
        """The same stream for what has made its words printable already."""
        return PrintableStream(self._behind, self._results, True)

    def write(self, text: str) -> int:
        """Write, as :class:`io.TextIOBase`."""
        shown = text if self._steering else printable_lines(text)
        try:
            self._behind.write(shown)
        except UnicodeEncodeError:  # a stream whose way with errors cannot be changed
            self._behind.write(encodable(shown, "ascii"))
        except (OSError, ValueError) as fault:
            self._gone(fault)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write all."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Bring it to the reader."""
        try:
            self._behind.flush()
        except (OSError, ValueError) as fault:
            self._gone(fault)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)

    def _gone(self, fault: Exception) -> None:
        """Nobody can be told through it any more, at the interpreter's end neither.

        Raises:
            SystemExit: whoever reads the results has had enough.
            OutputError: the results cannot be written.
        """
        with suppress(OSError, ValueError):
            number = self._behind.fileno()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, number)
            os.close(nowhere)
        if not self._results:
            return
        if isinstance(fault, BrokenPipeError):
            raise SystemExit(0)
        why = getattr(fault, "strerror", "") or str(fault)
        raise OutputError("stdout", f"cannot be written ({why})", cure="Make room.") from fault


@contextmanager
def guarded() -> Iterator[None]:
    """Whatever is printed inside passes a :class:`PrintableStream`."""
    _fill()
    before = sys.stdout, sys.stderr
    errors = [_without_refusal(stream) for stream in before]
    sys.stdout = cast(TextIO, PrintableStream(before[0], results=True))
    sys.stderr = cast(TextIO, PrintableStream(before[1], results=False))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        for stream, how in zip(before, errors, strict=True):
            if how is not None:
                with suppress(OSError, ValueError):
                    cast(Any, stream).reconfigure(errors=how)


@contextmanager
def steered() -> Iterator[None]:
    """Let escape sequences pass, where all words are our own: help with its colours."""
    out = sys.stdout
    if not isinstance(out, PrintableStream):
        yield
        return
    sys.stdout = cast(TextIO, out.steering())
    try:
        yield
    finally:
        sys.stdout = out


def _without_refusal(stream: TextIO) -> str | None:
    """Let a stream write whatever comes; how it was before, None where it cannot be changed."""
    before: str | None = getattr(stream, "errors", None)
    if before is None or not hasattr(stream, "reconfigure"):
        return None
    stream.reconfigure(errors=STAND_INS)
    return before


def _fill() -> None:
    """Put something where a standard stream was closed: else the first file that is opened takes
    its place, and is written over by messages."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
