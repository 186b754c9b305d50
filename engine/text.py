"""Words from outside (names of files, ports, devices, plugins, keys; metadata; MIDI text) as one
printable line: the only way in which they reach a terminal, a picture or a log.

A file name may hold an escape sequence that rewrites the screen, and a byte that is no UTF-8 (which
Python carries as a lone surrogate, PEP 383). Both are written out as escapes; nothing here raises.
"""

from __future__ import annotations

import unicodedata

# Control, format (right-to-left overrides among them), surrogate, private and unassigned
# characters, and the separators that begin a new line.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(words: object) -> str:
    r"""A line that can be shown anywhere: ``"a\x1b[2J"`` becomes ``"a\\x1b[2J"``."""
    return "".join(
        c.encode("ascii", "backslashreplace").decode()
        if unicodedata.category(c) in _UNPRINTABLE and not c.isascii()
        else repr(c)[1:-1]
        if unicodedata.category(c) in _UNPRINTABLE
        else c
        for c in str(words)
    )
