"""A thread that never gives the interpreter back, in every Python that finds this on its path."""

import threading


def _hog() -> None:
    while True:
        sum(range(100_000))  # one call into C that keeps the interpreter for a millisecond or more


threading.Thread(target=_hog, daemon=True).start()
