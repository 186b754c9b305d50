"""Where the files of a rig lie: its paths begin in its own folder, and ``~`` is the user's home."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.config.names import is_sound_path
from engine.config.rig_chain import located

if TYPE_CHECKING:
    from engine.config.rig import Rig


def places(rig: Rig, folder: Path) -> dict[str, Any]:
    """What of a rig changes when its files are found from a folder."""

    def found(path: str) -> str:
        return str(folder / os.path.expanduser(path))

    devices, recording = rig.devices, rig.recording
    ends = {"input": devices.input, "output": devices.output}
    sounds = {end: found(name) for end, name in ends.items() if is_sound_path(name)}
    return {
        "chain": located(rig.chain, folder),
        "slots": [slot.located(folder) for slot in rig.slots],
        "devices": devices.model_copy(update=sounds),
        "genres": rig.genres.model_copy(
            update={"classifier": found(rig.genres.classifier) if rig.genres.classifier else ""}
        ),
        "recording": recording.model_copy(update={"folder": found(recording.folder)}),
    }
