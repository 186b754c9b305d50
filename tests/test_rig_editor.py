"""A rig that is edited on the page: written as it was typed, and only if it is one."""

from __future__ import annotations

import pytest

from engine.host.rig_editor import RigEditor

RIG = '# mine\n[[slots]]\npreset = "downbeat-filter"  # the first\n'


@pytest.fixture
def rig(tmp_path):
    path = tmp_path / "rig.toml"
    path.write_text(RIG, newline="")
    return path


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_it_is_written_as_it_was_typed(rig, end):
    """A browser ends lines in its own way, and the file keeps its own."""
    rig.write_text(RIG, newline=end)
    new = RIG + "\n[output]\nwet = 0.5  # half\n"
    assert RigEditor(rig).write(new.replace("\n", "\r\n"), RIG) == []
    assert rig.read_bytes() == new.replace("\n", end).encode()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RIG.replace("preset", "preest"), "preest"),
        (RIG + "\n[output]\nwet = 2.0\nlevel = -1.0\n", "wet"),
        (RIG.replace("downbeat-filter", "nobody"), "nobody"),
        ("[[slots", "TOML"),
        ("", "slots"),
    ],
)
def test_what_is_no_rig_is_told_and_not_written(rig, text, said):
    mistakes = RigEditor(rig).write(text, RIG)
    assert any(said in one for one in mistakes)
    assert all(".doubledrop-" not in one and str(rig.parent) not in one for one in mistakes)
    assert rig.read_bytes() == RIG.encode()
    assert list(rig.parent.iterdir()) == [rig]


def test_what_somebody_else_has_changed_is_not_written_over(rig):
    rig.write_text(RIG + "# learnt meanwhile\n", newline="")
    (mistake,) = RigEditor(rig).write(RIG + "# typed\n", RIG)
    assert "changed meanwhile" in mistake
    assert rig.read_text().endswith("# learnt meanwhile\n")
