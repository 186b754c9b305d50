"""Starts processes from one thread, which lives as long as this process does.

Linux ends a child with the thread that started it (:mod:`engine.processes.parent`), and those that
want one come and go. What the user sends to a whole group (Ctrl-C, a terminal that closes, a
service that is stopped) is meant for the first process, which ends its children in order: they are
started with these signals blocked, for a child that only ignored them once it runs would be hit
before.
"""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from queue import SimpleQueue

from engine.processes.start import command

Process = subprocess.Popen[bytes]
_Order = tuple[Sequence[str], "Future[Process]"]
_LOCK = threading.Lock()
_orders: SimpleQueue[_Order] | None = None


def started(module: str, *arguments: str) -> Process:
    """A process that runs a module until it is over or this process ends; stdin and stdout are
    pipes, of which the first has to be kept open.

    Raises:
        OSError: the system refuses.
    """
    future: Future[Process] = Future()
    _queue().put((command("engine.processes.child", module, *arguments), future))
    return future.result()


def _queue() -> SimpleQueue[_Order]:
    global _orders  # noqa: PLW0603  (one for the process, begun when it is first needed)
    with _LOCK:
        if _orders is None:
            _orders = SimpleQueue()
            threading.Thread(target=_run, args=(_orders,), name="nursery", daemon=True).start()
        return _orders


def _run(orders: SimpleQueue[_Order]) -> None:
    flags = 0
    if hasattr(signal, "pthread_sigmask"):
        blocked = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
        signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
    else:
        flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    while True:
        words, future = orders.get()
        try:
            future.set_result(
                subprocess.Popen(
                    words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, creationflags=flags
                )
            )
        except Exception as fault:
            future.set_exception(fault)
        del future  # else a child nobody waits for any more would live until the next one
