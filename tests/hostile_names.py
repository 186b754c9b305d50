"""Names as nobody means well: of files, devices, ports and plugins, and what is in metadata.

``python -m tests.hostile_names`` puts all of them through every command's terminal, JSON and
pictures and says what came through; a sample of it runs with the tests.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import re
import sys
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from unittest import mock

import typer
from rich.progress import MofNCompleteColumn

from engine import cli
from engine.cli import console, listing, midi
from engine.cli.screen import draw
from engine.cli.streams import guarded
from engine.errors import InputError
from engine.live.devices import Device
from engine.live.show import Slot
from engine.live.supervisor import Event
from engine.pictures import head, pyplot, save
from tests.program import doubledrop
from tests.test_screen import show
from train.judge import page

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
    *("\x1b[200~ls\x1b[201~", "\x1b[1;1H", "\x1b[10A", "\x1b[3J", "\x1b[?25l", "\x1b[>c", "\x1b"),
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
# What our own console sends to a terminal: colours, and the cursor up and to the end of a line.
_BESIDE = "warning: ", "no audio device found: "  # what may be said beside why a command ends
_OWN = re.compile(r"\x1b\[(\d+A|\d?K|\?25[lh]|\?1049[lh]|H|\d+;\d+H|2J)|\r")


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


def steers(text: str, newlines: bool = True) -> bool:
    """Whether a text holds what a terminal would take for more than a character."""
    bad = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return any(unicodedata.category(c) in bad and not (newlines and c == "\n") for c in text)


def strict(text: str) -> object:
    """JSON as strict programs read it.

    Raises:
        ValueError: it is none.
    """

    def refuse(word: str) -> object:
        raise ValueError(word)

    assert text.isascii()
    value = json.loads(text, parse_constant=refuse)
    json.dumps(value, ensure_ascii=False).encode()  # no half of a character
    return value


def commands(name: str, folder: Path) -> list[list[str]]:
    """Every command with the name where it may stand; none of them has work to do."""
    out, there = str(folder / "out"), str(folder / "there.wav")
    file = name if name.startswith(".") else f"./{name}"
    return [
        ["render", file, there, "--preset", "downbeat-filter", "--bpm", "174", "--json"],
        ["render", there, there, "--preset", name, "--json"],
        ["render", there, f"{out}.wav", "--preset", "downbeat-filter", "--bpm", name],
        ["render", "--take", file, "--json"],
        ["render", there, f"{out}.wav", "--rig", file],
        ["play", file],
        ["play", "--preset", name],
        ["play", "--input", f"{file}.wav", "--output", "none", "--json"],
        ["play", "--output", f"{file}/x.wav"],
        ["bench", "--preset", name, "--json"],
        ["doctor", "--preset", name, "--json"],
        ["soak", "--preset", name],
        ["soak", file],
        ["rig", "check", file, "--json"],
        ["midi", "learn", file, "wet"],
        ["midi", "learn", there, name],
        ["plugins", "check", name, "--json"],
        ["plugins", "scan", file, "--json"],
        ["plugins", "save", name, out],
        ["prepare", out, file, f"{file}2", "--json"],
        ["compose", file, out, "--tracks", "0", "--held-out", "0"],
        ["evaluate", name, "--data", file, "--json"],
        ["evaluate", "--versions", name],
        ["export", out, out, "--data", file],
        ["fetch", name, out, "--json"],
        ["listen", out, file, f"{file}2"],
        ["train", file],
        ["reproduce", file],
        [name],
        ["render", f"--{name}"],
    ]


@contextmanager
def all_loaded() -> Iterator[None]:
    """The program with every command loaded once: that takes longer than to refuse a name."""
    cli._register("--help")
    whole = typer.main.get_command(cli.app)
    with mock.patch.object(cli, "_register"), mock.patch.object(cli, "app", whole):
        yield


def through_commands(name: str, folder: Path) -> Iterator[str]:
    """What is wrong with what the commands say of a name."""
    for command in commands(name, folder):
        done = doubledrop(*command)
        what = f"{command[:2]} {name!r}"
        if done.returncode not in (0, 1, 2):
            yield f"{what}: exit status {done.returncode}"
        if steers(done.stdout) or steers(done.stderr):
            yield f"{what}: {done.stdout!r} {done.stderr!r}"
        lines = done.stderr.splitlines()
        faults = [line for line in lines if not line.startswith(_BESIDE)]
        if done.returncode and not (len(faults) == 1 and faults[0].startswith("doubledrop: ")):
            yield f"{what}: {lines}"
        if "--json" in command and done.stdout:
            strict(done.stdout)


class _Tty(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@contextmanager
def terminal(encoding: str = "utf-8") -> Iterator[io.BytesIO]:
    """The consoles on a terminal of 80 columns, without colours."""
    raw = io.BytesIO()
    file = _Tty(raw, encoding, errors="strict", newline="\n", write_through=True)
    plain = {"TERM": "xterm", "COLUMNS": "80", "LINES": "30"}
    with ExitStack() as stack:
        for one in (console.stderr, console.stdout):
            stack.enter_context(mock.patch.object(one, "_color_system", None))
            stack.enter_context(mock.patch.object(one, "_environ", plain))
            stack.enter_context(mock.patch.multiple(one, _width=80, _height=30))
        for name in ("stdout", "stderr"):
            stack.enter_context(mock.patch.object(sys, name, file))
        stack.callback(file.detach)  # what was written outlives it
        stack.enter_context(guarded())
        yield raw


def through_terminal(name: str, encoding: str) -> Iterator[str]:
    """What is wrong with a terminal after a name went through everything that writes to it."""
    device = Device(0, name, 2, 2, 48000.0, name, True, True)
    seen = replace(
        show(),
        route=name,
        slots=[Slot(name, n, 1.0, n == 1) for n in range(3)],
        midi=name,
        ports=[name],
        recording_error=name,
        events=[Event(1.0, name)],
    )
    with (
        terminal(encoding) as raw,
        mock.patch.object(listing.audio, "devices", return_value=[device]),
        mock.patch.object(midi, "port_names", return_value=([name], [name])),
    ):
        console.say(name)
        console.tell(name)
        console.warn(name)
        console.fail(str(InputError(name, name, cure=name, expected=name)))
        listing.devices()
        midi.list_ports()
        with console.waiting(name) as told:
            told(name)
        with console.progress(MofNCompleteColumn()) as bar:
            bar.add_task(name, total=2)
            bar.refresh()
        console.stderr.print(draw(seen, 80, 30, keys=True))
    shown = raw.getvalue().decode(encoding)
    left = _OWN.sub("", shown)
    if steers(left):
        yield f"terminal {encoding} {name!r}: {[c for c in left if steers(c, False)]}"
    if wide := [line for line in left.splitlines() if line.startswith(("╭", "│", "|", "+"))]:
        widths = {console.stderr.render_str(line).cell_len for line in wide}
        if max(widths) > 80:
            yield f"terminal {encoding} {name!r}: {max(widths)} columns"


def through_json(name: str) -> Iterator[str]:
    """What is wrong with the JSON of a name, and of what is no number."""
    with terminal() as raw:
        console.say_json({name: [name, float("nan"), {"of": (float("inf"), -float("inf"))}]})
    text = raw.getvalue().decode()
    try:
        strict(text)
    except ValueError as fault:
        yield f"JSON {name!r}: {fault}"
    if text.count("\n") != 1:
        yield f"JSON {name!r}: {text!r}"


def through_picture(name: str, folder: Path) -> Iterator[str]:
    """What is wrong with a picture, a page and a card that a name stands in."""
    figure, axis = pyplot().subplots(figsize=(2, 1), dpi=40)
    axis.plot([0, 1], label=name)
    axis.set_title(name)
    axis.set_xticks([0, 1], [name, name])
    axis.set_ylabel(name)
    axis.legend()
    head(figure, name)
    drawn = save(figure, folder / "picture.png").read_bytes()
    if not drawn.startswith(b"\x89PNG"):
        yield f"picture {name!r}"
    texts = [text for text in figure.findobj(lambda x: hasattr(x, "get_parse_math"))]
    if any(text.get_parse_math() or steers(text.get_text()) for text in texts):
        yield f"picture {name!r}: {[text.get_text() for text in texts]}"
    if steers(figure.get_suptitle(), newlines=False):
        yield f"title {name!r}: {figure.get_suptitle()!r}"
    words = page._words(name)
    if steers(words, newlines=False) or any(sign in words for sign in "<>\"'"):
        yield f"page {name!r}: {words!r}"
    cell = page._cell(name)
    if steers(cell, newlines=False) or re.search(r"(?<!\\)(\\\\)*\|", cell):
        yield f"card {name!r}: {cell!r}"


def campaign(names: Iterable[str], folder: Path, every: int = 1) -> list[str]:
    """What is wrong, over all.

    Args:
        names: that are tried.
        folder: for what is written.
        every: how many names go through terminal and JSON for one that is put through all.
    """
    found: list[str] = []
    with all_loaded():
        for number, name in enumerate(names):
            for encoding in ("utf-8", "cp1251", "ascii"):
                found += through_terminal(name, encoding)
            found += through_json(name)
            if number % every == 0:
                found += through_picture(name, folder)
                if is_file(name):
                    found += through_commands(name, folder)
    return found


def main() -> None:
    """Try them all and say what came of it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--count", type=int, default=2400)
    count = asked.parse_args().count
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        found = campaign(words(count), Path(folder))
    print("\n".join(map(ascii, found[:40])))
    print(f"{count} names, {len(found)} faults")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
