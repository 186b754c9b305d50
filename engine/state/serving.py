"""A process of the stage: what it is given, and how it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from engine.config.request import Request, read
from engine.errors import DoubledropError
from engine.processes.speech import say
from engine.state import shared_state as b


def serve(main: Callable[[b.SharedState, Request], int], kind: type[Request]) -> NoReturn:
    """Be a process of the stage: ``MEMORY REQUEST`` are its arguments. What else goes wrong is told
    by :mod:`engine.processes.child`.

    Args:
        main: does what is asked, and returns the exit status.
        kind: of the request.
    """
    try:
        code = main(b.SharedState(Path(sys.argv[1])), read(kind, sys.argv[2]))
    except DoubledropError as trouble:
        say(error=str(trouble))
        code = trouble.exit_status
    sys.stdout.flush()
    os._exit(code)  # PortAudio would wait for a dead server
