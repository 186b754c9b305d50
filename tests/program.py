"""The program as it is called: in this process, for a start costs seconds; in one of its own where
that is what is tested."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from engine.cli import main

START = [sys.executable, "-c", "from engine.cli import main; main()"]


def with_tests() -> dict[str, str]:
    """Environment of a process that imports modules of the tests: the program has told its own
    children that the working directory is no place for modules, and these inherit it."""
    return os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}


def doubledrop(*arguments: object) -> subprocess.CompletedProcess[str]:
    """``doubledrop ARGUMENTS``, called: exit status, and what it printed."""
    words, status = ["doubledrop", *map(str, arguments)], 0
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), mock.patch.object(sys, "argv", words):
        try:
            main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
    return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())


def started(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """``doubledrop ARGUMENTS`` in a process of its own, until it ends; options as of ``run``."""
    words = [*START, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, **options)
