"""Words from outside (names of files, ports, devices, plugins, keys; metadata; MIDI text) as one
printable line: the only way in which they reach a terminal, a picture or a log.

A file name may hold an escape sequence that rewrites the screen, and a byte that is no UTF-8 (which
Python carries as a lone surrogate, PEP 383). Both are written out as escapes; nothing here raises.
"""

from __future__ import annotations

import codecs
import unicodedata

# Control, format (right-to-left overrides among them), surrogate, private and unassigned
# characters, and the separators that begin a new line.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# What our own words look like in a terminal that has no such characters, each as wide as it was.
_ALIKE = {
    **{"→": ">", "×": "x", "−": "-", "–": "-", "—": "-", "…": ".", "·": ".", "±": "~", "µ": "u"},
    **{"█": "#", "░": "=", "■": "#", "□": "-", "▶": ">", "◆": "*", "●": "*", "≥": ">", "≤": "<"},
    **{"╭": "+", "╮": "+", "╰": "+", "╯": "+"},
    **{"─": "-", "━": "-", "│": "|", "┃": "|", "║": "|", "═": "=", "‘": "'", "’": "'", "“": '"'},
    **{"”": '"', "‑": "-", "°": "o", "ö": "o", "\xa0": " "},
}
STAND_INS = "doubledrop.stand-ins"
"""Name of the codec error handler that writes what an encoding lacks as something alike, else as
an escape."""


def printable(words: object) -> str:
    r"""A line that can be shown anywhere: ``"a\x1b[2J"`` becomes ``"a\\x1b[2J"``."""
    text = str(words)
    if text.isprintable():  # most are, and it is quick to say
        return text
    return "".join(
        c.encode("ascii", "backslashreplace").decode()
        if unicodedata.category(c) in _UNPRINTABLE and not c.isascii()
        else repr(c)[1:-1]
        if unicodedata.category(c) in _UNPRINTABLE
        else c
        for c in text
    )


def printable_lines(text: str) -> str:
    """The same for several lines, which stay several."""
    return "\n".join(map(printable, text.split("\n")))


def encodable(text: str, encoding: str) -> str:
    """The text as a terminal of this encoding can show it."""
    try:
        return text.encode(encoding, STAND_INS).decode(encoding)
    except LookupError:  # an encoding that Python does not know
        return text.encode("ascii", STAND_INS).decode()


def shortened(text: str, most: int) -> str:
    """At most so many characters: of a longer text its beginning and its end."""
    if len(text) <= most:
        return text
    head = (most - 1) // 2
    return f"{text[:head]}…{text[len(text) - (most - 1 - head) :]}"


def counted(n: int, name: str) -> str:
    """``1 slot``, ``2 slots``, ``no slots``."""
    return f"{n or 'no'} {name}{'' if n == 1 else 'es' if name.endswith('ch') else 's'}"


def _stand_ins(fault: UnicodeError) -> tuple[str, int]:
    if not isinstance(fault, UnicodeEncodeError):
        raise fault
    missing = fault.object[fault.start : fault.end]
    escaped = (_ALIKE.get(c) or c.encode("ascii", "backslashreplace").decode() for c in missing)
    return "".join(escaped), fault.end


codecs.register_error(STAND_INS, _stand_ins)
