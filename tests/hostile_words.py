"""Words as nobody means well: what steers a terminal, is markup, mathematics, or no text at all."""

from __future__ import annotations

import os
import random
import unicodedata
from collections.abc import Iterator

CONTROLS = [chr(n) for n in (*range(0x20), *range(0x7F, 0xA0))]
FORMATS = [chr(n) for n in range(0x110000) if unicodedata.category(chr(n)) in ("Cf", "Zl", "Zp")]
BYTES = [os.fsdecode(bytes([n])) for n in range(0x80, 0x100)]
ESCAPES = [
    *("\x1b[2J", "\x1b[H", "\x1b[31m", "\x1b[8m", "\x1b[0m", "\x1b[?1049h", "\x1b[6n", "\x1bc"),
    *("\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "\x1b]52;c;cm0=\x07"),
    *(
        "\x1bP$q\x1b\\",
        "\x1b_apc\x1b\\",
        "\x1b^pm\x1b\\",
        "\x9b2J",
        "\x9d0;t\x9c",
        "\x1b(0",
        "\x1b#8",
    ),
    *("\x1b[200~ls\x1b[201~", "\x1b[1;1H", "\x1b[10A", "\x1b[3J", "\x1b[>c", "\x1b"),
]
MARKUP = [
    *("[bold]", "[/]", "[/bold]", "[red]x[/red]", "[link=http://x]", "[on", "[", "]", "[[", "\\["),
    *("[@click=app.bell]", "[blink", ":smile:", ":pile_of_poo:", "[/nothing]", "[not]", "[0]"),
]
MATHS = [
    *(
        "$",
        "$$",
        "Ba$$in",
        "$x$",
        r"$\frac{1}{0}$",
        r"$\nothing$",
        r"$\mathbb{R",
        r"\$",
        "^_",
        "$_$",
    ),
    *(r"$\sqrt{$", "x_1^2", r"$\text{\x1b[2J}$", r"\begin{x}", "%", "#", "&", "~", "{", "}", "_"),
]
FORMS = [
    *("{}", "{0}", "{task.description}", "{0.__class__}", "{!r}", "%s", "%n%n", "%(x)s", "${HOME}"),
    *("<script>alert(1)</script>", "</script>", "<img src=x onerror=y>", "&lt;", '"', "'", "]]>"),
    *("`id`", "$(id)", ";", "|", "*", "?", "\\", "\\n", "\\x1b", "-", "--", "--help", " ", "  x  "),
    *(". ", "CON", "nul", "~", "None", "nan", "null", "../x", "a/b", ".hidden", "..", "x.wav", "."),
]
SIGNS = [
    *(
        "\u202egpj.exe",
        "\u2066x\u2069",
        "\u200b",
        "\ufeff",
        "\u00ad",
        "e\u0301",
        "Z" + "\u0300" * 60,
    ),
    *(
        "👍",
        "👨‍👩‍👧",
        "🏳️‍🌈",
        "\U000e0041",
        "\ue000",
        "\uffff",
        "\U0010ffff",
        "\ud800",
        "\udfff\ud800",
    ),
    *(
        "日本語",
        "Привет",
        "مرحبا",
        "שלום",
        "ﷺ",
        "𝔘",
        "\u3164",
        "\u00a0",
        "\u2028x",
        "\u2029",
        "\u0378",
    ),
    *("a\nb", "a\r\nb", "a\rb", "a\x85b", "a\vb", "a\fb", "\n", "\n\n", "\t", "warning: x\ny"),
]
PIECES = [*CONTROLS, *FORMATS, *BYTES, *ESCAPES, *MARKUP, *MATHS, *FORMS, *SIGNS]


def words(count: int) -> Iterator[str]:
    """That many names, each piece alone and within others, then mixtures of them; always alike."""
    rng = random.Random(17)
    made = [*PIECES, *(f"a{piece}b" for piece in PIECES)]
    made += [_long(piece) for piece in (*ESCAPES, *MARKUP, *MATHS, *SIGNS)]
    yield from made[:count]
    for _ in range(count - len(made)):
        yield "".join(rng.choices(PIECES, k=rng.randint(2, 9)))


def _long(piece: str) -> str:
    """A name of 255 bytes, where bytes are what a name is made of."""
    size = len(piece.encode("utf-8", "surrogatepass"))
    return piece * (255 // size)


def is_file(name: str) -> bool:
    """Whether a file can be called so."""
    try:
        raw = os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return 0 < len(raw) <= 255 and b"/" not in raw and b"\0" not in raw and raw not in (b".", b"..")
