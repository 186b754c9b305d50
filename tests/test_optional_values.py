"""Options that may stand alone: `--web`, and `--web lan`."""

from __future__ import annotations

import pytest
import typer.main

from engine.cli.app import App
from engine.cli.play import play


def parsed(*words):
    app = App()
    app.command("play")(play)
    app.command("other")(lambda: None)
    group = typer.main.get_command(app)
    command = group.commands["play"]
    context = command.context_class(command, info_name="play")
    return command.make_context("play", list(words), parent=context).params


@pytest.mark.parametrize(
    ("words", "web", "osc", "rig"),
    [
        ([], None, None, None),
        (["--web"], "", None, None),
        (["--web", "lan"], "lan", None, None),
        (["--web=lan"], "lan", None, None),
        (["--web", "rig.toml"], "", None, "rig.toml"),
        (["rig.toml", "--web", "lan", "--osc"], "lan", "", "rig.toml"),
        (["--osc", "--web", "--seconds", "3"], "", "", None),
        (["--osc", "lan", "lan"], None, "lan", "lan"),
    ],
)
def test_an_option_may_stand_alone(words, web, osc, rig):
    found = parsed(*words)
    assert (found["web"], found["osc"]) == (web, osc)
    assert found["rig_path"] == rig or str(found["rig_path"]) == rig
