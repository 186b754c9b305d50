"""Words from outside reach terminal, JSON, pictures and pages without steering them."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from contextlib import suppress
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from engine import cli
from engine.cli import commands, console, listing
from engine.errors import UsageError
from engine.io import devices as audio
from engine.paths import LONGEST, fitting, native
from engine.strict_json import legible, read, written
from engine.text import encodable, printable, printable_lines, shortened
from engine.writing import Draft
from tests.hostile_names import _OWN, campaign, steers, strict, terminal
from tests.hostile_words import words
from tests.program import START, doubledrop
from tests.test_tracker import RATE, drums
from train.data.dataset import Dataset
from train.prepare.sources import name_of

ROOT = Path(__file__).parent.parent
CAFE = os.fsdecode(b"caf\xe9")
NAMES = [CAFE, "Ba$$in", "[red]", "a\x1b[2Jb", "two\nlines", "\u202egpj", "{0.x}", "x" * 251]


def test_hostile_names_come_through_everything(tmp_path, monkeypatch):
    """Every hundred and fiftieth; ``python -m tests.hostile_names`` tries them all."""
    monkeypatch.chdir(tmp_path)
    assert campaign([*words(2400)][::150], tmp_path) == []


@pytest.mark.parametrize("text", NAMES)
def test_what_is_printable_stays_and_what_is_not_is_an_escape(text):
    shown = printable(text)
    assert not steers(shown, newlines=False)
    assert printable(shown) == shown
    shown.encode()


def test_words_that_are_text_are_left_as_they_are():
    for text in ("Ünïcödé – 日本語 → ×", "👍", "e\u0301", "[bold] $x$", "a\\nb"):
        assert printable(text) == text
    assert printable_lines("one\ntwo\x07") == "one\ntwo\\x07"


@pytest.mark.parametrize("encoding", ["ascii", "cp1251", "latin-1", "utf-8", "no-such"])
def test_what_an_encoding_lacks_is_something_alike(encoding):
    shown = encodable("in → out × 2 │ Привет \udce9", encoding)
    known = "ascii" if encoding == "no-such" else encoding
    assert shown.encode(known)
    if known == "ascii":
        assert shown.startswith("in > out x 2 | \\u041f")


def test_a_long_text_keeps_both_ends():
    assert shortened("short", 10) == "short"
    assert shortened("a" * 50 + "b" * 50, 9) == "aaaa…bbbb"


def test_commands_print_through_the_console_alone():
    """``print`` and consoles of rich stand in one file: nothing can pass it by."""
    for path in [*(ROOT / "engine" / "cli").glob("*.py"), *(ROOT / "train" / "cli").glob("*.py")]:
        if path.name in ("console.py", "streams.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            where = f"{path}: {ast.unparse(node)}" if called else ""
            assert called not in ("print", "Console", "json.dumps", "rich.print"), where
            assert not called.endswith(
                ("stderr.status", "stdout.status", "from_markup", "stderr.write")
            ), where


def test_no_word_is_markup_on_any_console():
    with terminal() as raw:
        console.stdout.print("[bold]x[/bold] :smile:")
        table = console.Table("[red]", title="[/]")
        table.add_row("a\nb")
        console.stdout.print(table)
        print("\x1b[31mlibrary")
        with console.progress() as bar:
            bar.add_task("[bold]task[/]")
            print("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\ \x1b[2Jcleared")
    shown = raw.getvalue().decode()
    assert not steers(_OWN.sub("", shown))
    assert "[bold]x[/bold] :smile:" in shown
    assert "[bold]task[/]" in shown
    assert "[red]" in shown
    assert "[/]" in shown
    assert "a\\nb" in shown
    assert "\\x1b[31mlibrary" in shown


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251", "ascii"])
def test_a_process_in_any_encoding(encoding, tmp_path):
    """Messages with all names at once, help with its boxes, and a table."""
    environment = os.environ | {"PYTHONIOENCODING": f"{encoding}:strict", "COLUMNS": "100"}
    twice = [f"./{name}" for name in (*NAMES, "set[/live]", CAFE)]
    for command in (["listen", "out", *twice], ["render", "--help"]):
        done = subprocess.run(
            [*START, *command], capture_output=True, cwd=tmp_path, env=environment, check=False
        )
        assert done.returncode == (2 if command[0] == "listen" else 0), done.stderr
        said = done.stdout.decode(encoding) + done.stderr.decode(encoding)
        assert not steers(said)
        if command[0] == "listen":
            assert said.count("\n") == 1
            assert "Ba$$in, [red], a\\x1b[2Jb, two\\nlines" in said


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("--version >&- 2>&- <&-", 0),
        ("--version >/dev/full", 1),
        ("--help | true", 0),
        ("nonsense 2>/dev/full", 2),
    ],
)
def test_a_stream_that_is_closed_full_or_gone(words, status, tmp_path):
    program = " ".join(f"'{word}'" for word in START)
    code = f"set -o pipefail; {program} {words}"
    done = subprocess.run(
        ["bash", "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert not list(tmp_path.iterdir())
    if status == 1:
        assert done.stderr == (
            "doubledrop: stdout: cannot be written (No space left on device). Make room.\n"
        )


def test_a_lost_stderr_does_not_end_what_goes_on(tmp_path):
    code = "import sys\nfrom engine.cli import console\nfrom engine.cli.streams import guarded\n"
    code += "with guarded():\n [console.warn('x' * 9999) for _ in range(99)]\n console.say('done')"
    done = subprocess.run(
        ["bash", "-c", f'"$0" -c "{code}" 2> >(true)', START[0]],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


def test_json_is_strict_and_round_trips():
    value = {"a": [1.5, float("nan")], "b": (float("inf"), CAFE), CAFE: None}
    text = written(value)
    assert strict(written(legible(value))) == {
        "a": [1.5, None],
        "b": [None, "caf\\udce9"],
        "caf\\udce9": None,
    }
    assert read(text)["b"][1] == CAFE
    for bad in ("NaN", "[Infinity]", "1e999", "[" * 100_000, "{"):
        with pytest.raises(ValueError, match=r".+"):
            read(bad)


def test_a_device_whose_name_is_no_text_does_not_hide_the_others(monkeypatch):
    good = {
        "name": "Interface",
        "hostapi": 0,
        "max_input_channels": 2,
        "max_output_channels": 2,
        "default_samplerate": 48000.0,
        "default_low_input_latency": 0.01,
        "default_low_output_latency": 0.01,
    }

    class SoundDevice:
        PortAudioError = RuntimeError

        class default:
            device = (0, 0)

        @staticmethod
        def query_hostapis():
            return [{"name": "ALSA"}]

        @staticmethod
        def query_devices(index=None):
            if index == 0:
                return good
            if index in (None, 1):
                b"caf\xe9".decode()
            raise RuntimeError("no such device")

    monkeypatch.setattr(audio, "portaudio", lambda: SoundDevice)
    assert [(d.name, d.inputs) for d in listing.audio.devices()] == [
        ("Interface", 2),
        ("caf\\xe9", 0),
    ]


@pytest.mark.parametrize("name", ["x" * 300, "ж" * 200, CAFE * 80, "short"])
def test_a_name_fits_a_file_system(name, tmp_path):
    made = fitting(name, "-cqt.png")
    assert len(os.fsencode(made)) <= LONGEST
    assert made.endswith("-cqt.png")
    assert fitting(name + "1", "-cqt.png") != made
    (tmp_path / made).write_text("it can be called so")
    assert (made == name + "-cqt.png") == (name == "short")
    assert len(os.fsencode(name_of(Path(name, name, "track.flac")))) <= 200


@pytest.mark.parametrize("name", [*NAMES[:-1], "x" * LONGEST])
def test_a_file_is_replaced_whole_or_not_at_all(name, tmp_path):
    path = tmp_path / name
    path.write_text("before")
    path.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(path)
    with suppress(KeyboardInterrupt), Draft(link, force=True) as draft:
        draft.part.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "before"
    with Draft(link, force=True) as draft:
        draft.part.write_text("after")
        draft.keep()
    assert path.read_text() == "after"
    assert path.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_bad_name_does_not_stop_a_dataset(tmp_path):
    """Files of every name, broken and whole, become tracks or are named and skipped."""
    for genre in ("soft", CAFE):
        folder = tmp_path / genre
        folder.mkdir()
        for name in NAMES:
            (folder / f"{name}.wav").write_bytes(b"")
        whole = folder / f"whole [red] $ {CAFE}.wav"
        sf.write(native(whole), drums("two-step", 175.0, 0.5, "i4 d12"), RATE)
    done = doubledrop("prepare", tmp_path / "out", tmp_path / "soft", tmp_path / CAFE, "--json")
    assert done.returncode == 0, done.stderr
    said = strict(done.stdout)
    assert len(said["skipped"]) == 2 * len(NAMES)
    assert len(done.stderr.splitlines()) == 2 * len(NAMES)
    assert not steers(done.stderr)
    strict((tmp_path / "out" / "dataset.json").read_text())
    data = Dataset(tmp_path / "out")
    assert data.genres == ("soft", "caf\\udce9")
    for genre in data.genres:
        assert np.isfinite(data.segments(genre)[0].audio()).all()


def test_sound_models_and_pictures_of_any_name(tmp_path):
    for number, name in enumerate(NAMES[:-1]):
        source, sink = tmp_path / f"{name}.wav", tmp_path / f"{name}-out.wav"
        sf.write(native(source), np.full(24000, 0.1), 24000)
        options = ["--preset", "downbeat-filter", "--bpm", "240", "--inference-ms", "5"]
        if number == 1:  # the pictures take longest
            options += ["--report", tmp_path / f"pictures {name}"]
        done = doubledrop("render", source, sink, *options, "--json")
        assert done.returncode == 0, done.stderr
        said = strict(done.stdout)
        assert len(said["pictures"]) == (2 if number == 1 else 0)
        assert sf.info(native(sink)).frames == 24000


def test_a_preset_s_folder_may_be_called_anything(tmp_path):
    import shutil

    from engine.config.preset import bundled_folder

    folder = tmp_path / CAFE
    shutil.copytree(bundled_folder() / "downbeat-filter", folder)
    sf.write(tmp_path / "in.wav", np.full(24000, 0.1), 24000)
    files = tmp_path / "in.wav", tmp_path / "out.wav"
    done = doubledrop("render", *files, "--preset", folder, "--bpm", "240", "--inference-ms", "5")
    assert done.returncode == 0, done.stderr


def test_the_version_is_said():
    done = doubledrop("--version")
    assert (done.returncode, done.stdout) == (0, f"doubledrop {cli.__version__}\n")


def test_a_command_that_cannot_be_loaded_does_not_hide_the_others(monkeypatch):
    broken = EntryPoint("broken\x1b[2J", "no_such_module:x", "g")
    monkeypatch.setattr(commands, "entry_points", lambda group: [broken])
    done = doubledrop("--help")
    assert done.returncode == 0
    assert "render" in done.stdout
    assert done.stderr.startswith("warning: broken\\x1b[2J is left out: ")
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["prepare", "--nonsense"], "No such option: --nonsense"),
        (["render", "--wet"], "--wet"),
        (["compose"], "Missing argument"),
        (["render", "a", "b", "c"], "unexpected extra argument"),
        (["bench", "--hops", "many"], "--hops"),
    ],
)
def test_a_command_that_is_typed_wrongly_is_one_line(words, says):
    done = doubledrop(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("doubledrop: ")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr
    assert "--help`." in done.stderr


def test_an_error_s_parts_are_printable():
    fault = UsageError("a\x1b[2J", "b\nc", expected=CAFE, cure="\u202ed")
    assert str(fault) == "a\\x1b[2J: b\\nc (expected caf\\udce9). \\u202ed"
    assert fault.subject == "a\\x1b[2J"


def test_page_facts_are_legible(tmp_path):
    """A name that is no text does not make a file that others cannot read."""
    assert json.loads(written(legible({"name": CAFE})))["name"] == "caf\\udce9"
