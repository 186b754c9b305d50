"""``-``, ``/dev/stdin`` and named pipes where a command takes a sound file.

A file is gone over more than once (its tempo is found first), so what comes through a pipe is kept
in a file meanwhile, and what goes to one is a whole file with the right header before it goes.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from engine.errors import InputError, OutputError, UsageError

_PATIENCE_S = 5.0
_PART = 1 << 20  # bytes
_STDOUT = (Path("-"), Path("/dev/stdout"), Path("/dev/fd/1"))


@contextmanager
def input_file(source: Path) -> Iterator[Path]:
    """The source, or a file with what came through it if it is a pipe.

    Raises:
        InputError: it is a terminal or a device, or nobody writes to it.
    """
    if source != Path("-") and not _is_pipe(source):
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="doubledrop-") as folder:
        kept = Path(folder, "stdin" if source == Path("-") else source.name)
        fd = _opened(source)
        try:
            with kept.open("wb") as file:
                while part := os.read(fd, _PART):
                    file.write(part)
        except OSError as fault:
            raise InputError(
                str(source),
                f"cannot be kept meanwhile in {folder} ({fault.strerror})",
                cure="Make room there, or choose another place with TMPDIR.",
            ) from fault
        finally:
            os.close(fd)
        yield kept


@contextmanager
def output_file(sink: Path, as_json: bool) -> Iterator[Path]:
    """The sink, or for ``-`` a WAV that goes to stdout at the end. Messages go to stderr then.

    Raises:
        UsageError: stdout is a terminal, or is for JSON.
        BrokenPipeError: whoever reads stdout has had enough.
        OutputError: stdout cannot be written.
    """
    if sink not in _STDOUT:
        yield sink
        return
    out = sys.stdout
    if as_json:
        raise UsageError("--json", "with sound on stdout", cure="Name a file for the sound.")
    if out.isatty():
        raise UsageError(str(sink), "a terminal", cure="Name a file, or pipe it into a program.")
    with tempfile.TemporaryDirectory(prefix="doubledrop-") as folder:
        kept = Path(folder, "stdout.wav")
        with redirect_stdout(sys.stderr):
            yield kept
        try:
            with kept.open("rb") as file:
                while part := file.read(_PART):
                    view = memoryview(part)
                    while view:
                        view = view[os.write(out.fileno(), view) :]
        except BrokenPipeError:
            raise  # whoever reads has had enough
        except OSError as fault:
            raise OutputError(
                "stdout", f"cannot be written ({fault.strerror})", cure="Name a file instead."
            ) from fault


def _is_pipe(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _opened(source: Path) -> int:
    """A file descriptor to read from.

    Raises:
        InputError: it is closed, a terminal or a device, or nobody writes to it.
    """
    if source == Path("-"):
        try:
            fd = os.dup(0)
        except OSError as fault:
            raise InputError("stdin", "closed", cure="Pipe a sound file into it.") from fault
        if stat.S_ISCHR(os.fstat(fd).st_mode):
            os.close(fd)
            raise InputError(
                "stdin",
                "a terminal or a device",
                expected="a pipe or a file",
                cure="Pipe a sound file into it: doubledrop render - OUT < IN",
            )
        return fd
    # Opening a named pipe waits for somebody who writes, and only another thread may be left so.
    opened: list[int] = []
    waiting = threading.Thread(target=_open_into, args=(source, opened), daemon=True)
    waiting.start()
    waiting.join(_PATIENCE_S)
    if not opened:
        raise InputError(
            str(source),
            f"a pipe to which nobody writes (waited {_PATIENCE_S:g} s)",
            cure="Start what writes to it first, or name a file.",
        )
    return opened[0]


def _open_into(path: Path, opened: list[int]) -> None:
    try:
        opened.append(os.open(path, os.O_RDONLY))
    except OSError:
        return
