"""The stage page beside a stage: its links, and what its process is told."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.config.preset import bundled_names, load_preset
from engine.errors import PresetError
from engine.host.rig_editor import RigEditor
from engine.host.surfaces import StageSurfaces
from engine.processes.messages import RigText
from engine.processes.surface import SurfaceProcess
from engine.text import printable
from engine.web.access import ROLES, Access
from engine.web.place import PagePlace

_SECRET = 32  # bytes
_MODULE = "engine.web.web_process"


class StagePage:
    """The page of a stage.

    Args:
        place: where it is to be had.
        surfaces: of the stage, of which it is one.
        came: set whenever a browser has asked for something.
        note: told what the performer should know of it.
        presets: names of those that are played with.
        takes: folder into which takes are recorded; None for none.
        rig: file of the rig, to be edited; None for none.

    Attributes:
        links: of each role.
        process: that serves it.
    """

    def __init__(
        self,
        place: PagePlace,
        surfaces: StageSurfaces,
        came: threading.Event,
        note: Callable[[str], None],
        presets: Sequence[str] = (),
        takes: Path | None = None,
        rig: Path | None = None,
    ) -> None:
        secret = secrets.token_bytes(_SECRET)
        access = Access(secret, place.port)
        self.links = {
            role: f"http://{place.shown}:{place.port}/#{access.token(role)}" for role in ROLES
        }
        path = surfaces.published.path
        assert path is not None, "processes read it"
        self._editor = None if rig is None else RigEditor(rig.absolute())
        self.process = SurfaceProcess(_MODULE, "page", path, note, came, self._edit)
        surfaces.add(
            self.process,
            web={"address": place.address, "port": place.port, "secret": secret.hex()},
            presets=cards_of(list(dict.fromkeys([*presets, *bundled_names()]))),
            takes=takes and str(takes.absolute()),
            rig=rig and str(rig.absolute()),
        )

    def _edit(self, asked: RigText) -> None:
        """Write the rig, which takes a while, and the controller does not wait for it."""
        threading.Thread(target=self._write, args=(asked,), name="rig").start()

    def _write(self, asked: RigText) -> None:
        mistakes = ["There is no rig: play one."]
        if self._editor is not None:
            mistakes = self._editor.write(asked.rig, asked.before)
        self.process.answer({"request": asked.request, "mistakes": mistakes})


def cards_of(names: Sequence[str]) -> list[dict[str, Any]]:
    """What is known of presets that can be loaded: name, description, licence, card, pictures."""
    return list(_each_card(names))


def _each_card(names: Sequence[str]) -> Iterator[dict[str, Any]]:
    for name in names:
        with suppress(PresetError):  # a slot that cannot be loaded says why by itself
            preset = load_preset(name)
            pictures = sorted(preset.folder.glob("*.png"))
            yield {
                "name": printable(preset.name),
                "description": printable(preset.file.description),
                "licence": printable(preset.file.licence),
                "card": str((preset.folder / "card.md").absolute()),
                "pictures": [str(path.absolute()) for path in pictures],
            }
