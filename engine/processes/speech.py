"""How a process speaks to whoever started it: a line of JSON on stdout. Without anything that takes
time to import, for processes that are started often."""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def say(**values: Any) -> None:
    """One line to whoever started this process."""
    print(json.dumps(values), flush=True)


def hush() -> None:
    """Let libraries print where nobody reads; :func:`say` is still heard."""
    sys.stdout = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
