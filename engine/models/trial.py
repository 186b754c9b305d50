"""A generator's first run, in a process that may hang, crash or ask for all memory.

What a stranger's network does is known only by running it. So before this process touches a file
that it does not know, another one loads it, holds it to its example and runs it at the widths of
slow and fast music, with a deadline and a limit of memory. The verdict belongs to the bytes, by
their hash: the same bytes are loaded here afterwards, whatever has become of the file meanwhile.
One that passed is remembered by the user's cache; one that failed is tried again by the next start,
for the machine may have been busy.

Memory is limited twice: by what the process may claim (RLIMIT_DATA, which Linux enforces for every
private allocation and other systems for a part of them), and by what it has resident, looked at
every few milliseconds, on all systems.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import onnxruntime as ort
from platformdirs import user_cache_path

from engine.errors import PresetError

RUN_S = 8.0
"""For loading and all runs, without the start of the process: so a command answers within 10 s."""
ENOUGH_S = 3.0
"""A generator that has been run for so long and has done right is let in, though it has not met all
widths: the paper's own takes seconds for them on a processor, and more on a busy one."""
MEMORY = 1 << 30
"""Bytes that it may have resident."""
_START_S = 20.0  # of an interpreter, on a machine that is busy
_TICK_S = 0.01
_FORMAT = 1  # of the trial: another one knows nothing of what this one has found
_SIDE_BY_SIDE = max(1, os.cpu_count() or 1)

_passed: set[str] = set()
_failed: dict[str, str] = {}
"""What this process has found, by hash."""


def digest_of(data: bytes) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(data).hexdigest()


def admit(path: Path, digest: str) -> None:
    """Let a generator in that is known, or has passed its trial now.

    Args:
        path: the file.
        digest: of its bytes, which are the ones that will be loaded.

    Raises:
        PresetError: it has not passed.
    """
    if is_known(digest):
        return
    if digest not in _failed:
        try_out([(path, digest)])
    if fault := _failed.get(digest):
        raise PresetError(
            str(path), f"failed its first run: {fault}", cure="Export it again, or do not use it."
        )


def is_known(digest: str) -> bool:
    """Whether it needs no trial: it has passed one, or comes with the program."""
    return digest in _passed or _place(digest).exists() or digest in _ours()


@lru_cache(maxsize=1)
def _ours() -> frozenset[str]:
    from engine.config.preset import bundled_folder

    return frozenset(digest_of(p.read_bytes()) for p in bundled_folder().glob("*/generator.onnx"))


def try_out(files: Sequence[tuple[Path, str]]) -> None:
    """Try files, some side by side; what is found is remembered."""
    waiting = {digest: path for path, digest in files if digest not in _failed}
    running: dict[str, _Trial] = {}
    try:
        while waiting or running:
            while waiting and len(running) < _SIDE_BY_SIDE:
                digest, path = waiting.popitem()
                running[digest] = _Trial(path, digest)
            time.sleep(_TICK_S)
            for digest, trial in list(running.items()):
                fault = trial.look()
                if fault is None:
                    continue
                trial.end()
                del running[digest]
                if fault:
                    _failed[digest] = fault
                else:
                    _remember(digest)
    finally:
        for trial in running.values():
            trial.end()


class _Trial:
    """A process in which a generator is tried."""

    def __init__(self, path: Path, digest: str) -> None:
        from engine.processes.children import Child  # what the process itself need not import

        self._child = Child("engine.models.trial_process", str(path), digest)
        self._began, self._ready = time.monotonic(), False

    def look(self) -> str | None:
        """What is wrong with it, empty for nothing; None while nobody knows."""
        import psutil

        from engine.processes import messages as said

        child, now = self._child, time.monotonic()
        status = child.status
        for line in child.hear(said.TRIAL.validate_python):
            match line:
                case said.Tried(fault=text) | said.Trouble(error=text):
                    return text
                case said.Ready():
                    self._ready, self._began = True, now
        if status is not None:
            return f"its process ended with status {status}"
        if now - self._began > (RUN_S if self._ready else _START_S):
            return f"no answer within {RUN_S:g} s" if self._ready else "its process did not start"
        try:
            resident = psutil.Process(child.pid).memory_info().rss
        except psutil.Error:
            return None  # it ends just now
        if resident > MEMORY:
            return f"more than {MEMORY >> 20} MiB of memory"
        return None

    def end(self) -> None:
        self._child.kill()


def _place(digest: str) -> Path:
    """An empty file stands for a generator that has passed: nothing in it can be wrong."""
    key = digest_of(f"{_FORMAT} {ort.__version__} {digest}".encode())
    return user_cache_path("doubledrop", appauthor=False) / "generators" / key


def _remember(digest: str) -> None:
    place = _place(digest)
    _passed.add(digest)
    with suppress(OSError):  # where nothing can be kept, each start tries it again
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
