"""Presets and takes on the stage page: only what there is, whatever a request names."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf

from engine.web.library import Library
from tests.feeds import sine


@pytest.fixture
def library(tmp_path):
    takes, preset = tmp_path / "takes", tmp_path / "preset"
    take = takes / "20261127-200000"
    for folder in (take, takes / "no take", preset):
        folder.mkdir(parents=True)
    (take / "take.json").write_text("{}")
    sf.write(take / "out.wav", 0.5 * sine(100.0, 2.0, 8000, 1.0).T, 8000, subtype="FLOAT")
    sf.write(take / "dry.wav", np.zeros(3), 8000)
    (tmp_path / "secret.wav").write_bytes(b"secret")
    (take / "wet.wav").symlink_to(tmp_path / "secret.wav")
    outside = tmp_path / "outside"  # a take, but somewhere else
    outside.mkdir()
    (outside / "take.json").write_text("{}")
    sf.write(outside / "out.wav", np.zeros(100), 8000)
    (takes / "elsewhere").symlink_to(outside)
    (preset / "card.md").write_text("# A card")
    (preset / "run.png").write_bytes(b"png")
    one = {"name": "mine", "description": "d", "licence": "CC0", "card": str(preset / "card.md")}
    return Library([one | {"pictures": [str(preset / "run.png")]}], str(takes))


def test_a_take_is_listed_with_what_it_has(library):
    (take,) = library.takes()
    assert take["name"] == "20261127-200000"
    assert take["bytes"]["out"] > 8000
    assert take["bytes"]["wet"] == 0  # a link leads elsewhere


def test_the_outline_of_a_sound(library):
    pairs = np.frombuffer(library.peaks("20261127-200000", "out"), np.int8).reshape(-1, 2)
    assert len(pairs) == 600
    assert pairs[:, 0].min() == pytest.approx(-64, abs=1)
    assert pairs[:, 1].max() == pytest.approx(64, abs=1)
    assert len(library.peaks("20261127-200000", "dry")) == 6  # as many as there are samples


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("20261127-200000", "wet"),
        ("20261127-200000", "../../secret"),
        ("20261127-200000", "take.json"),
        ("elsewhere", "out"),
        ("no take", "out"),
        ("..", "secret"),
        ("", "out"),
        ("/etc", "passwd"),
    ],
)
def test_what_is_not_there_is_not_found(library, name, part):
    assert library.sound(name, part) is None
    assert library.peaks(name, part) is None


def test_cards_and_pictures(library):
    assert library.presets() == [
        {"name": "mine", "description": "d", "licence": "CC0", "pictures": ["run.png"]}
    ]
    assert library.card("mine").read_text() == "# A card"
    assert library.picture("mine", "run.png").read_bytes() == b"png"
    for name, picture in (("mine", "card.md"), ("mine", "../run.png"), ("other", "run.png")):
        assert library.picture(name, picture) is None
    assert library.card("../preset") is None
    assert Library([], None).takes() == []
