"""Files of shared memory: each is its owner's for as long as that lives, and nobody's afterwards.

The owner holds a lock of the file (flock(2)), which ends with the process, however it ends. A file
that can be locked is a leftover: whoever comes next removes it. The name says the process, for
people who look.
"""

from __future__ import annotations

import atexit
import os
import re
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: there, a file that is in use cannot be removed at all
    _flock = None
else:
    _flock = fcntl

_NAME = re.compile(r"doubledrop-\d+-")
_held: dict[Path, int] = {}


def places() -> list[Path]:
    """Folders in which shared memory is made: in memory, where the system has a place for that."""
    return [Path("/dev/shm"), Path(tempfile.gettempdir())]


def claim(size: int) -> Path:
    """A new file of a size, all zeros, that is ours until :func:`release` or the process's end.

    Raises:
        OSError: there is no room for it anywhere.
    """
    sweep()
    *first, last = places()
    for folder in first:
        with suppress(OSError):  # there is no such place, or it is full
            return _file(folder, size)
    return _file(last, size)


def release(path: Path) -> None:
    """Remove a file that was claimed."""
    handle = _held.pop(path, None)
    if handle is not None:
        os.close(handle)
    path.unlink(missing_ok=True)


def sweep() -> None:
    """Remove what processes that are gone have left; never a living one's, nor another user's."""
    for folder in places():
        with suppress(OSError):
            for entry in list(os.scandir(folder)):
                if _NAME.match(entry.name):
                    _remove_if_left(Path(entry.path))


def _remove_if_left(path: Path) -> None:
    with suppress(OSError):
        if _flock is None:
            path.unlink()
            return
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            found = os.fstat(handle)
            if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid():
                _flock.flock(handle, _flock.LOCK_EX | _flock.LOCK_NB)
                path.unlink()
        finally:
            os.close(handle)


def _file(folder: Path, size: int) -> Path:
    """An empty file of the size, whose place is taken: a write to it cannot fail later.

    Raises:
        OSError: there is no such folder, or no room in it; nothing is left.
    """
    while True:
        handle, name = tempfile.mkstemp(prefix=f"doubledrop-{os.getpid()}-", dir=folder)
        path = Path(name)
        try:
            if _flock is not None:
                _flock.flock(handle, _flock.LOCK_EX)
                if not path.exists():  # swept between its making and the lock
                    os.close(handle)
                    continue
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(handle, 0, size)
            os.truncate(handle, size)
        except OSError:
            os.close(handle)
            path.unlink(missing_ok=True)
            raise
        _held[path] = handle
        return path


@atexit.register
def _release_all() -> None:
    for path in list(_held):
        with suppress(OSError):
            release(path)
