"""What the documentation says works: its links lead somewhere, its commands are the program's."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from engine.cli.app import App
from engine.cli.commands import register_whole
from tests import write_figures

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LONGEST = 120  # lines of the README
BLOCK = re.compile(r"(<!-- run -->\n)?```sh\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def commands(text: str) -> Iterator[list[str]]:
    """Calls of the program in blocks of shell, without what pipes and comments add."""
    for _, block in BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            while "|" in words:
                if Path(words[0]).name == "doubledrop":
                    break
                words = words[words.index("|") + 1 :]
            if words and Path(words[0]).name == "doubledrop":
                yield words[1 : words.index("|") if "|" in words else None]


CALLS = [(page.name, words) for page in PAGES for words in commands(page.read_text("utf-8"))]


def parsed(words: list[str]) -> None:
    """Let the command line's own parser read a call; nothing is run.

    Raises:
        Exception: there is no such command or option, or a value is out of range.
    """
    app = App()
    register_whole(app)
    command = typer.main.get_command(app)
    context = command.context_class(command, info_name="doubledrop")
    rest = list(words)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
        context = command.context_class(command, info_name=command.name, parent=context)
    command.make_context(command.name, rest)


@pytest.mark.parametrize(("page", "words"), CALLS, ids=[f"{p}: {' '.join(w)}" for p, w in CALLS])
def test_a_command_is_one_of_the_programs(page, words):
    parsed(words)


def test_a_command_that_there_is_not_is_found():
    assert len(CALLS) > 40
    for wrong in (
        ["render", "a.wav", "b.wav", "--presets", "x"],
        ["plai"],
        ["play", "--bpm", "no"],
    ):
        with pytest.raises(Exception, match=r"presets|plai|number"):
            parsed(wrong)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    links = [link for link in LINK.findall(page.read_text("utf-8")) if "://" not in link]
    assert not [link for link in links if not (page.parent / link).exists()]


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= LONGEST


def test_the_tutorial_can_be_followed(tmp_path):
    """Every block that is marked, one after the other, in an empty folder."""
    program = shlex.join([sys.executable, "-m", "engine.cli"])
    blocks = [block for marked, block in BLOCK.findall(tutorial()) if marked]
    assert len(blocks) >= 4
    for block in blocks:
        script = re.sub(r"^doubledrop\b", lambda _: program, block, flags=re.MULTILINE)
        done = subprocess.run(
            ["bash", "-ec", script],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stderr}"
    assert list((tmp_path / "pictures").glob("*.png"))
    assert (tmp_path / "first.wav").stat().st_size > 0


def tutorial() -> str:
    return (ROOT / "docs" / "tutorial.md").read_text("utf-8")


def test_the_site_is_built(tmp_path):
    """Strictly: a broken link, or a page that is in no menu, is an error."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "reference" / "commands" / "index.html").read_text("utf-8")
    assert "doubledrop plugins approve" in page
    assert "[clock]" in (tmp_path / "reference" / "rig" / "index.html").read_text("utf-8")
    assert "band_edges" not in page


def test_the_figures_are_those_that_were_written_down():
    assert write_figures.PAGE.read_text("utf-8") == write_figures.page()
