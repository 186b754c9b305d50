"""Where the sound of ``play`` comes from and goes to."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from engine.cli.console import tell
from engine.config.names import is_sound_path
from engine.config.request import DeviceConfig
from engine.errors import DeviceError
from engine.io import devices as audio
from engine.io import sources
from engine.io.files import check_writable, make_folder
from engine.writing import check_output, free_name

TAKES = Path("takes")


@dataclass
class Route:
    """From where to where, before anything is opened."""

    source: str
    sink: str
    input_device: audio.Device | None
    output_device: audio.Device | None
    input_path: Path | None
    path: Path | None
    force: bool = False

    @property
    def inputs(self) -> list[Path]:
        """Files that it reads."""
        return [] if self.input_path is None else [self.input_path]

    @property
    def picture(self) -> Path | None:
        """Where the picture of a recording of a file goes."""
        both = self.path is not None and self.input_path is not None
        return self.path.with_suffix(".png") if self.path and both else None

    def wanted(self, wanted: DeviceConfig) -> DeviceConfig:
        """The same for the stage, with files in the place of devices."""
        kept = None if self.output_device else "" if self.path is None else str(self.path)
        feed = "" if self.input_path is None else str(self.input_path)
        source = self.source if feed else wanted.input
        sink = wanted.output if kept is None else self.sink
        ends = replace(wanted, input=source, output=sink)
        return replace(ends, feed=feed, kept=kept, force=self.force)


def find_route(source: str | None, sink: str | None, force: bool = False) -> Route:
    """The route between these, before anything is opened.

    Args:
        source: device, sound file or ``demo``; None for the line-in, or the demo if there is none.
        sink: device, sound file or ``none``; None for the line-out, or a file in :data:`TAKES` if
            there is none.
        force: whether files that are not ours may be replaced.

    Raises:
        DeviceError: there is no such device.
        OutputError: the file cannot be written.
    """
    listed: list[audio.Device] = []
    trouble = "no audio device found"
    try:
        listed = audio.devices()
    except DeviceError as fault:
        trouble = str(fault)
    has_input = any(device.inputs for device in listed)
    has_output = any(device.outputs for device in listed)
    if source is None and not has_input:
        tell(f"{trouble}: playing the demo feed in real time")
        source = "demo"
    if sink is None and not has_output:
        make_folder(TAKES)
        sink = str(free_name(TAKES / time.strftime("play-%Y%m%d-%H%M%S.wav")))
    input_path = None
    if source == "demo":
        input_path = sources.demo_feed()[0]
    elif source is not None and is_file(source):
        input_path = Path(source)
    path = Path(sink) if sink is not None and sink != "none" and is_file(sink) else None
    input_device = _device(source, "input") if input_path is None else None
    to_device = path is None and sink != "none"
    output_device = _device(sink, "output") if to_device else None
    route = Route(
        source=source or (input_device.name if input_device else ""),
        sink=str(path) if path else (output_device.name if output_device else "nowhere"),
        input_device=input_device,
        output_device=output_device,
        input_path=input_path,
        path=path,
        force=force,
    )
    if path is not None:
        check_writable(path, route.inputs, force)
    if route.picture is not None:
        check_output(route.picture, force=force)
    return route


def _device(name: str | None, direction: str) -> audio.Device:
    try:
        return audio.find(name, direction)
    except DeviceError as fault:
        other = "--input demo" if direction == "input" else "--output none"
        cure = f"{fault.cure} To rehearse without it: {other}."
        raise DeviceError(fault.subject, fault.found, expected=fault.expected, cure=cure) from fault


def is_file(name: str) -> bool:
    """A name with an extension or a folder in it is a file; devices are named in words, whatever
    files lie in the working directory."""
    return is_sound_path(name)
