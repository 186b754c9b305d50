"""Settings that libraries would take from the working directory, which is nobody's word.

Numba reads ``.numba_config.yaml`` there, which may say where compiled code is loaded from, and
Matplotlib ``matplotlibrc``, which may name a module to draw with. Where such a file lies, the
library is imported from another directory, before there are threads that would notice.
"""

from __future__ import annotations

import os
from importlib import import_module

_READ_BY = {".numba_config.yaml": "numba.core.config", "matplotlibrc": "matplotlib"}


def ignore() -> None:
    """Keep libraries from the settings in the working directory."""
    for file, library in _READ_BY.items():
        if os.path.lexists(file):
            here = os.getcwd()
            os.chdir(os.path.dirname(os.path.abspath(__file__)))
            try:
                module = import_module(library)
            finally:
                os.chdir(here)
            if hasattr(module, "_config_fname"):  # it looks again whenever it compiles
                vars(module)["_config_fname"] = os.devnull
