"""Writes into a rig without losing its comments."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path

import tomlkit

from engine.control.mapping import Binding
from engine.errors import OutputError
from engine.live.rig import read_rig
from engine.paths import replacing


def add_control(path: Path, binding: Binding) -> None:
    """Put a control into a rig, in the place of one that had the same control or target.

    Raises:
        RigError: the rig is not valid.
        OutputError: it cannot be written.
    """
    read_rig(path)
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
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
    try:
        with replacing(path) as part:
            part.write_text(tomlkit.dumps(document), encoding="utf-8")
            read_rig(part)
    except OSError as fault:
        raise OutputError(
            str(path), f"cannot be written ({fault.strerror})", cure="Check its folder."
        ) from fault


def _same(control: object, values: dict[str, object]) -> bool:
    assert isinstance(control, dict)
    place = [control.get(key, default) for key, default in (("control", ""), ("port", ""))]
    return control.get("target") == values["target"] or place == [
        values["control"],
        values.get("port", ""),
    ]
