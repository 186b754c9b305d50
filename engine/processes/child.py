"""Run a module in a process that ends with its parent: ``engine.processes.child MODULE …``,
started as :mod:`engine.processes.start` says.

The parent is watched before anything is imported that takes its time. What the module raises is
said to the parent, and never a traceback in the middle of somebody's screen.
"""

from __future__ import annotations

import json
import os
import runpy
import sys

from engine.processes import parent

if __name__ == "__main__":
    parent.watch()
    del sys.argv[0]
    try:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    except Exception as fault:
        print(json.dumps({"error": f"{type(fault).__name__}: {fault}"}), flush=True)
        os._exit(1)
    sys.stdout.flush()
    os._exit(0)  # a sound system that is gone would be waited for
