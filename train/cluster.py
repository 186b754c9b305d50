"""Many files at once: on the cores of this machine, or on the workers of a Dask scheduler.

The same joblib calls either way; the workers see the same folders under the same names.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import joblib

from engine.errors import UsageError

_CONNECT_S = 5.0


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
