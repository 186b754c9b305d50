"""How a process of ours is started: with our modules, whatever lies in the working directory.

``python -m MODULE`` looks for modules in the working directory first: a ``json.py`` in a folder of
sounds would run. So Python is started on this file, with ``-P``, and finds the package whose file
this is.
"""

from __future__ import annotations

import sys
from pathlib import Path


def command(module: str, *arguments: str) -> list[str]:
    """What to start for ``python -m MODULE ARGUMENTS``."""
    return [sys.executable, "-P", __file__, module, *arguments]


def _run() -> None:
    import runpy

    root = str(Path(__file__).parents[2])
    if root not in sys.path:  # run from a checkout that was not installed
        sys.path.insert(0, root)
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _run()
