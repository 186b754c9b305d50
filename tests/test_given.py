"""An option that does not apply is refused by name, in every mode, and nothing is begun."""

from __future__ import annotations

import pytest

from tests.program import doubledrop

RIG = '[[slots]]\npreset = "downbeat-filter"\n'
PLAY_FILE = ("play", "--input", "demo", "--output", "none")
EVALUATE = ("evaluate", "--data", "nowhere")
COMPOSE = ("compose", "nowhere", "library", "--cluster", "tcp://nowhere:1")
RENDER = ("render", "in.wav", "out.wav")


@pytest.mark.parametrize(
    ("words", "option", "mode", "cure"),
    [
        (("play", "rig.toml", "--wet", "1.0"), "--wet", "play RIG", "[output]"),
        (("play", "rig.toml", "--preset", "x"), "--preset", "play RIG", "its own presets"),
        ((*PLAY_FILE, "--rate", "44100"), "--rate", "a file in the place", "at its own rate"),
        ((*PLAY_FILE, "--interpreted"), "--interpreted", "a file in the place", "Leave it out"),
        (("render", "--take", "take", "a.wav", "b.wav"), "b.wav", "render --take", "one file"),
        (("render", "--take", "take", "--bpm", "174"), "--bpm", "render --take", ""),
        (("render", "--take", "take", "--no-effects"), "--no-effects", "render --take", ""),
        ((*RENDER, "--rig", "rig.toml", "--report", "d"), "--report", "render --rig", ""),
        ((*RENDER, "--rig", "rig.toml", "--wet", "0.5"), "--wet", "render --rig", "[output]"),
        ((*RENDER, "--midi", "x.mid", "--renderer", "paper"), "--renderer", "render --midi", ""),
        ((*RENDER, "--renderer", "paper", "--no-noise"), "--no-noise", "--renderer paper", ""),
        ((*RENDER, "--lookahead", "46"), "--lookahead", "--window late", "phrase or edge"),
        ((*EVALUATE, "--card"), "--card", "without a preset", ""),
        ((*EVALUATE, "p", "--music", "m"), "--data", "evaluate --music", ""),
        ((*COMPOSE, "--jobs", "2"), "--jobs", "--cluster", "scheduler"),
    ],
)
def test_what_does_not_apply_is_refused(words, option, mode, cure, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rig.toml").write_text(RIG, encoding="utf-8")
    done = doubledrop(*words)
    assert done.returncode == 2, done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"doubledrop: {option}: does not apply to "), done.stderr
    assert mode in last
    assert cure in last
    assert [path.name for path in tmp_path.iterdir()] == ["rig.toml"]


def test_a_default_that_was_not_given_is_no_option(tmp_path):
    """What every mode has a default for is refused only where the user gave it."""
    done = doubledrop("render", "--take", tmp_path)
    assert "does not apply" not in done.stderr
