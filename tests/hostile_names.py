"""Names as nobody means well: of files, devices, ports and plugins, and what is in metadata.

``python -m tests.hostile_names`` puts all of them through every command's terminal, JSON and
pictures and says what came through; a sample of it runs with the tests.
"""

from __future__ import annotations

import argparse
import io
import json
import os
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
from engine.cli.commands import register_whole
from engine.cli.pane import Pane
from engine.cli.screen import draw
from engine.cli.streams import guarded
from engine.errors import InputError
from engine.host.observer import SlotStatus
from engine.host.supervisor import Event
from engine.io.devices import Device
from engine.pictures import head, pyplot, save
from tests.hostile_words import is_file, words
from tests.program import doubledrop
from tests.test_screen import show
from train.judge import page

_BESIDE = "warning: ", "no audio device found: "  # what may be said beside why a command ends
# What our own console sends to a terminal: the cursor up a line, to its beginning, and away.
_OWN = re.compile(r"\x1b\[(1A|2K|\?25[lh])|\r(?=\x1b\[(2K|1A))")


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
        ["compose-notes", file, out],
        ["evaluate", name, "--data", file, "--json"],
        ["evaluate", "--versions", name],
        ["export", out, out, "--data", file],
        ["classify", file, name, "--json"],
        ["classify", "--train", out, name],
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
    with mock.patch.object(cli, "register", lambda app, asked: register_whole(app)):
        whole = typer.main.get_command(cli.program(""))
    with mock.patch.object(cli, "program", return_value=whole):
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
        if "--json" in command and done.stdout and name != "--help":
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
            stack.enter_context(mock.patch.object(one, "is_interactive", True))
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
        slots=[SlotStatus(name, n, 1.0, n == 1) for n in range(3)],
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
    shown = raw.getvalue().decode(encoding)
    left = _OWN.sub("", shown)
    if steers(left):
        yield f"terminal {encoding} {name!r}: {[c for c in left if steers(c, False)]}"
    if wide := [line for line in left.splitlines() if line.startswith(("╭", "│", "|", "+"))]:
        widths = {console.stderr.render_str(line).cell_len for line in wide}
        if max(widths) > 80:
            yield f"terminal {encoding} {name!r}: {max(widths)} columns"
    with terminal(encoding) as raw:
        Pane(console.stderr).show(draw(seen, 80, 30, keys=True, encoding=encoding))
    cleared, *rows = re.split(r"\x1b\[(\d+);1H", raw.getvalue().decode(encoding))
    if cleared != "\x1b[2J" or rows[::2] != [str(n) for n in range(1, 30)]:
        yield f"screen {encoding} {name!r}: {cleared!r}, rows {rows[::2]}"
    for row in rows[1::2]:
        if steers(row, newlines=False) or console.stderr.render_str(row).cell_len > 80:
            yield f"screen {encoding} {name!r}: {row!r}"


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2400)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        found = campaign(words(count), Path(folder))
    print("\n".join(map(ascii, found[:40])))
    print(f"{count} names, {len(found)} faults")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
