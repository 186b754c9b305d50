"""Many files at once: on the cores of this machine, or on the workers of a Dask scheduler.

The same joblib calls either way; the workers see the same folders under the same names.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

import joblib
from joblib.externals.loky.backend import resource_tracker as loky_tracker

from engine.errors import UsageError

_CONNECT_S = 5.0
_LOOK_S = 0.25


@contextmanager
def workers(address: str | None, jobs: int) -> Iterator[int]:
    """For how many jobs at once joblib may be asked within.

    Args:
        address: of a Dask scheduler; None for this machine's own cores.
        jobs: at once on this machine.

    Raises:
        UsageError: nobody answers there, or Dask is not installed.
    """
    if address is None:
        watch = {} if sys.platform == "win32" else {"initializer": _end_with}
        with joblib.parallel_config(backend="loky", initargs=(os.getpid(),), **watch):
            yield jobs
        return
    try:
        from distributed import Client
    except ImportError as fault:
        raise UsageError(
            "--cluster", "no Dask here", cure="pip install 'doubledrop[cluster]'"
        ) from fault
    try:
        client = Client(address, timeout=_CONNECT_S)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as fault:
        raise UsageError(
            "--cluster",
            f"{address} does not answer ({fault})",
            expected="the address that `dask scheduler` prints",
            cure="Start it, and `dask worker ADDRESS` on each machine.",
        ) from fault
    with client, joblib.parallel_config(backend="dask"):
        yield -1


@contextmanager
def unheard() -> Iterator[None]:
    """Workers that are begun within do not hear what the user sends to all: it is for the first
    process, which ends them."""
    if sys.platform == "win32":
        yield
        return
    for tracker in (resource_tracker, loky_tracker):
        tracker.ensure_running()  # who begins one unblocks signals
    numbers = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with(owner: int) -> None:
    """A worker ends with whoever began it, however that ended: else it would finish its track and
    then wait for another one."""

    def look() -> None:
        while os.getppid() == owner:
            time.sleep(_LOOK_S)
        os._exit(1)

    if os.getppid() != owner:
        os._exit(1)
    threading.Thread(target=look, name="owner", daemon=True).start()
