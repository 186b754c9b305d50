"""Ctrl-C, SIGTERM and SIGHUP, at any moment of a command.

While the program is being imported they end it at once: nothing has been made yet. Later the first
one is raised in the main thread as :class:`Interrupted`, so that what was begun is brought to an
end; not in the middle of another import, which would take it for a fault of its own. Once a command
brings itself to an end (:func:`ending`), it is only noted. The third one ends the process at once,
and so does the first where the main thread does not come back from machine code to heed it.

A signal that was ignored when the program was started (``nohup``) stays ignored.
"""

from __future__ import annotations

from engine.cli.silence import FIRST  # isort: skip
import os
import signal
import sys
import threading
from _thread import interrupt_main
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

_NUMBERS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
_UNHEEDED_S = 1.5
_EXIT_S = 1.0  # for threads that do not end
_IMPORT_S, _RETRY_S = 3.0, 0.02
_AT_ONCE = 3


class Interrupted(KeyboardInterrupt):
    """One of the signals has come; its number is the argument."""


class _Interruptions:
    """What has come while one command runs."""

    def __init__(self) -> None:
        self.received: list[int] = []
        self.imports, self.notes, self.patient = True, False, False
        self.heeded = threading.Event()
        self.raised, self.passed_on, self.repeats = False, True, 0
        self._again, self._waited_s = False, 0.0

    def hear(self, number: int, frame: FrameType | None) -> None:
        """The handler of all of them.

        Raises:
            Interrupted: where the command can be ended.
        """
        if self._again:
            self._again = False
        else:
            self.received.append(number)
            self.heeded.set()
            if self.imports or len(self.received) >= _AT_ONCE:
                os._exit(128 + self.received[0])
            if self.patient:
                self.patient = False
                return
            if self.raised:
                return
        if self.notes:
            return
        importing = self._waited_s < _IMPORT_S and _is_importing(frame)
        if importing or not self.passed_on:
            self._waited_s += _RETRY_S
            self.again()
            return
        self.raised = True
        raise Interrupted(number)

    def again(self) -> None:
        """Raise it a little later: where it was raised now, it would be lost."""

        def interrupt() -> None:
            self._again, self.raised = True, False
            self.repeats += 1
            _send(self.received[0])

        timer = threading.Timer(_RETRY_S, interrupt)
        timer.daemon = True
        timer.start()

    def swallowed(self) -> None:
        """It was raised where nobody can pass it on, a destructor."""
        self.passed_on = False
        self.again()
        self.passed_on = True

    def status(self, otherwise: int) -> int:
        """Exit status: Ctrl-C is how some commands are meant to end, the others never are."""
        others = [number for number in self.received if number != signal.SIGINT]
        number = (others or self.received)[0]
        return 0 if not others and otherwise == 0 else 128 + number


_now = _Interruptions()


def begun() -> None:
    """All is imported; until :func:`run`, signals are those of whoever has imported it."""
    for number, before in _before.items():
        signal.signal(number, before)
    _before.clear()


def run(command: Callable[[], None]) -> None:
    """Run a command; a signal unwinds it, and decides the exit status.

    Raises:
        SystemExit: with 128 and the number of the signal that has come.
    """
    global _now  # noqa: PLW0603  (signals are the process's)
    if threading.current_thread() is not threading.main_thread():
        command()
        return
    _now = here = _Interruptions()
    here.imports = False
    before, hooks = _install(here), (sys.unraisablehook, threading.excepthook)
    _silence(here)
    ended = 0
    try:
        with _watched(here):
            command()
    except SystemExit as end:
        if not here.received:
            raise
        ended = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        if not here.received:
            raise
        ended = 1
    finally:
        if not here.received:
            for number, handler in before.items():
                signal.signal(number, handler)
            sys.unraisablehook, threading.excepthook = hooks
    if here.received:
        here.notes = True
        status = here.status(ended)
        timer = threading.Timer(_EXIT_S, os._exit, (status,))
        timer.daemon = True
        timer.start()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # the terminal may be what has gone
                stream.flush()
        sys.exit(status)


def is_terminated() -> bool:
    """Whether somebody waits for the process to be gone, and not for what it has to show."""
    return any(number != signal.SIGINT for number in _now.received)


@contextmanager
def ending() -> Iterator[None]:
    """What is done here is brought to an end: a signal that comes now only decides the status."""
    here, before = _now, _now.notes
    here.notes = True
    yield
    here.notes = before


@contextmanager
def noted() -> Iterator[Callable[[], bool]]:
    """Within, the first signal is not raised; tells whether it has come."""
    here = _now
    here.patient = True
    yield lambda: bool(here.received)
    here.patient = False


def _install(command: _Interruptions) -> dict[int, Any]:
    found = {number: signal.getsignal(number) for number in _NUMBERS}
    heard = {number: before for number, before in found.items() if before != signal.SIG_IGN}
    for number in heard:
        signal.signal(number, command.hear)
    return heard


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _silence(command: _Interruptions) -> None:
    """Nothing that threads and destructors come upon in an ending is shown."""
    unraisable, thread = sys.unraisablehook, threading.excepthook

    def ignored(fault: Any) -> None:
        if isinstance(fault.exc_value, Interrupted):  # raised where nobody could pass it on
            command.swallowed()
        elif not command.received:
            unraisable(fault)

    def died(fault: Any) -> None:
        if not command.received:
            thread(fault)

    sys.unraisablehook, threading.excepthook = ignored, died


def _send(number: int) -> None:
    """To the main thread, which may be asleep."""
    ident = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and ident is not None:
        signal.pthread_kill(ident, number)
    else:
        interrupt_main(signal.Signals(number))


@contextmanager
def _watched(command: _Interruptions) -> Iterator[None]:
    """A thread that sees signals which the main thread does not come to heed."""
    if sys.platform == "win32":  # there, they come in a thread of their own
        yield
        return
    taken, given = os.pipe()
    os.set_blocking(given, False)
    before = signal.set_wakeup_fd(given, warn_on_full_buffer=False)

    def watch() -> None:
        asked: list[int] = []
        with os.fdopen(taken, "rb", buffering=0) as pipe:
            while numbers := pipe.read(64):
                asked += [number for number in numbers if number in _NUMBERS]
                late = bool(asked) and not command.heeded.wait(_UNHEEDED_S)
                if late or len(asked) - command.repeats >= _AT_ONCE:
                    os._exit(128 + asked[0])

    threading.Thread(target=watch, name="signals", daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(given)


_before: dict[int, Any] = {}
if threading.current_thread() is threading.main_thread():
    _before = _install(_now)
    if signal.SIGINT in _before:
        _before[signal.SIGINT] = FIRST
