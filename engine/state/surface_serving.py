"""A process that shows the stage, such as the page or OSC: what it is given, and how it speaks with
its parent. Without machine code, as :mod:`engine.state.shared_status`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from engine.processes.parent import told
from engine.processes.speech import say
from engine.state.shared_status import SharedStatus

_NICE = 10
_ALIVE_S = 1.0


def serve_surface(main: Callable[[SharedStatus], Coroutine[Any, Any, None]], name: str) -> None:
    """Be such a process, which gives way to the music: the file of a shared status is its argument.

    Args:
        main: serves until the parent is gone.
        name: that the performer knows it by.
    """
    if hasattr(os, "nice"):
        os.nice(_NICE)
    try:
        asyncio.run(main(SharedStatus(Path(sys.argv[1]))))
    except OSError as fault:
        say(error=f"{name}: {fault.strerror}")


def facts_of(published: SharedStatus) -> dict[str, Any]:
    """What its parent has written for it."""
    text = published.facts.take()
    assert text is not None, "whoever starts this process has written them"
    facts: dict[str, Any] = json.loads(text.data)
    return facts


class ParentLink:
    """Says ``alive`` every second, and hears what became of commands."""

    def __init__(self) -> None:
        self._alive_s = 0.0

    def tend(self, answer: Callable[[dict[str, Any]], None]) -> float:
        """To be called often.

        Args:
            answer: told what the parent has said since the last time.

        Returns:
            The time, as of ``time.monotonic``, seconds.
        """
        now_s = time.monotonic()
        if now_s - self._alive_s > _ALIVE_S:
            self._alive_s = now_s
            say(alive=now_s)
        while told:
            answer(json.loads(told.popleft()))
        return now_s
