"""The stage page beside a stage: its board is written, its process kept alive, and what its
browsers ask for is done by the controller."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import strict_json
from engine.config.preset import bundled_names, load_preset
from engine.errors import PresetError
from engine.host.controller import Controller
from engine.host.image_rows import ImageRows
from engine.host.observer import Snapshot
from engine.host.rig_editor import RigEditor
from engine.host.shown import shown
from engine.processes.messages import RigText
from engine.state import shared_state as b
from engine.state.status_board import StatusBoard
from engine.text import printable
from engine.web.access import ROLES, Access
from engine.web.service import WebService

LOOPBACK = "127.0.0.1"
_SECRET = 32  # bytes


@dataclass(frozen=True)
class PagePlace:
    """Where the page is to be had.

    Attributes:
        address: to listen at, of IPv4.
        port: to listen at.
        shown: the address that its links name.
    """

    address: str = LOOPBACK
    port: int = 8174
    shown: str = LOOPBACK


class StagePage:
    """The page of a stage.

    Args:
        place: where it is to be had.
        shared: of the stage.
        controller: that does what browsers ask for.
        note: told what the performer should know of it.
        presets: names of those that are played with.
        takes: folder into which takes are recorded; None for none.
        rig: file of the rig, to be edited; None for none.

    Attributes:
        links: of each role.
        board: that its process reads.
        service: its process.
    """

    def __init__(
        self,
        place: PagePlace,
        shared: b.SharedState,
        controller: Controller,
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
        self.board = StatusBoard.create()
        self._rows, self._controller = ImageRows(shared), controller
        web = {"address": place.address, "port": place.port, "secret": secret.hex()}
        facts = {
            "web": web,
            "presets": _cards(presets),
            "takes": takes and str(takes.absolute()),
            "rig": rig and str(rig.absolute()),
        }
        self._editor = None if rig is None else RigEditor(rig.absolute())
        self.board.facts.put(strict_json.written(facts).encode())
        self.service = WebService(self.board, note, controller.came, self._edit)
        controller.desk.surfaces.append(self.service)

    def publish(self, snapshot: Snapshot) -> None:
        """Put what was seen on the board."""
        controller = self._controller
        state = shown(snapshot, controller.mapper.bindings, controller.desk.learner.target)
        self.board.status.put(strict_json.written(state).encode())
        if self.service.looking:
            self.board.put_rows(self._rows.take())

    def _edit(self, asked: RigText) -> None:
        """Write the rig, which takes a while, and the controller does not wait for it."""
        threading.Thread(target=self._write, args=(asked,), name="rig").start()

    def _write(self, asked: RigText) -> None:
        mistakes = ["There is no rig: play one."]
        if self._editor is not None:
            mistakes = self._editor.write(asked.rig, asked.before)
        self.service.answer({"request": asked.request, "mistakes": mistakes})

    def stop(self) -> None:
        """End it; the controller has ended by now."""
        self._controller.desk.surfaces.remove(self.service)
        self.service.stop()
        self.board.close()


def _cards(names: Sequence[str]) -> list[dict[str, Any]]:
    """What is known of the presets that are played with, and of those that come along."""
    return list(_each_card(dict.fromkeys([*names, *bundled_names()])))


def _each_card(names: dict[str, None]) -> Iterator[dict[str, Any]]:
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
