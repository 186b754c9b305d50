"""Writes into a rig without losing its comments."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path

import tomlkit

from engine.config.rig import read_rig
from engine.control.mapping import Binding
from engine.errors import OutputError
from engine.reading import read_text
from engine.writing import Draft


def add_control(path: Path, binding: Binding) -> None:
    """Put a control into a rig, in the place of one that had the same control or target.

    Raises:
        RigError: the rig is not valid.
        OutputError: it cannot be written.
    """
    read_rig(path)
    document = tomlkit.parse(read_text(path))
    known = {field.name: field.default for field in fields(Binding)}
    values = {k: v for k, v in asdict(binding).items() if v != known[k]}
    table = tomlkit.table()
    for key, value in values.items():
        table.add(key, value)
    controls = document.get("controls")
    if controls is None:
        controls = tomlkit.aot()
        document.append("controls", controls)
    for old in [c for c in controls if _same(c, values)]:
        controls.remove(old)
    controls.append(table)
    with Draft(path, force=True) as draft:
        try:
            draft.part.write_text(tomlkit.dumps(document), encoding="utf-8")
        except OSError as fault:
            raise OutputError(
                str(path), f"cannot be written ({fault.strerror})", cure="Check its folder."
            ) from fault
        read_rig(draft.part)
        draft.keep()


def _same(control: object, values: dict[str, object]) -> bool:
    assert isinstance(control, dict)
    place = [control.get(key, default) for key, default in (("control", ""), ("port", ""))]
    return control.get("target") == values["target"] or place == [
        values["control"],
        values.get("port", ""),
    ]
