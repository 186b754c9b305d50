"""Whether a word is a name or a path, and where a path leads: a name never means a file.

Names mean what was installed or comes with the program, whatever lies in the working directory. A
path is written so: it has a ``/`` or a ``.``.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_EXTENSION = re.compile(r"\.[A-Za-z]\w*$")


def is_path(word: str) -> bool:
    """Whether a preset, a plugin or another thing that has names is meant by its path."""
    return "." in word or has_folder(word)


def is_sound_path(word: str) -> bool:
    """Whether a file is meant and no device: these have dots in their names (``USB Audio 2.0``)."""
    return has_folder(word) or _EXTENSION.search(word) is not None


def has_folder(word: str) -> bool:
    """Whether there is a folder in it."""
    return any(mark in word for mark in ("/", os.sep, os.altsep) if mark)


def beside(word: str, folder: Path) -> Path:
    """Where a path leads that is written in a file of this folder; ``~`` is the user's home."""
    return Path(os.path.abspath(folder / os.path.expanduser(word)))
