"""Audio devices, by name. PortAudio may be missing: then there are none, and a reason."""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from types import ModuleType
from typing import Any

from engine.errors import DeviceError

_CLIENT = b"doubledrop"  # kept here: PortAudio keeps the address
_USELESS = {
    "hostapi": 0,
    "max_input_channels": 0,
    "max_output_channels": 0,
    "default_samplerate": 0.0,
    "default_low_input_latency": 0.0,
    "default_low_output_latency": 0.0,
}
_CURE_PORTAUDIO = "Install PortAudio (Debian and Ubuntu: apt-get install libportaudio2)."


@dataclass(frozen=True)
class Device:
    """An audio device as PortAudio lists it."""

    index: int
    name: str
    inputs: int
    outputs: int
    rate: float
    host_api: str
    default_input: bool
    default_output: bool
    low_latency_s: float = 0.0
    """In and out together, as PortAudio states it for small blocks."""


def portaudio() -> ModuleType:
    """sounddevice, or why it cannot be had; on JACK its client is called as the program is.

    Raises:
        DeviceError: PortAudio is not installed.
    """
    if "sounddevice" not in sys.modules:  # which opens the client when it is imported
        _name_client()
    try:
        import sounddevice  # loads the PortAudio library, which may be missing
    except OSError as fault:
        raise DeviceError("PortAudio", str(fault), cure=_CURE_PORTAUDIO) from fault
    module: ModuleType = sounddevice
    if not module._initialized:  # it was let go
        module._initialize()
    return module


def _name_client() -> None:
    """Tell PortAudio what to call itself, where it is built with JACK."""
    found = ctypes.util.find_library("portaudio")
    with suppress(OSError, AttributeError):
        if found:
            ctypes.CDLL(found).PaJack_SetClientName(_CLIENT)


def let_go() -> None:
    """Close PortAudio in this process, where it was only asked for devices.

    A client of the audio server that stays open keeps its name from the process that plays, and
    is waited for when the server has died.
    """
    module = sys.modules.get("sounddevice")
    while module is not None and module._initialized:
        module._terminate()


def devices() -> list[Device]:
    """All devices.

    Raises:
        DeviceError: PortAudio is not installed.
    """
    sd = portaudio()
    apis = sd.query_hostapis()
    default_input, default_output = sd.default.device
    return [
        Device(
            index=i,
            name=info["name"],
            inputs=info["max_input_channels"],
            outputs=info["max_output_channels"],
            rate=info["default_samplerate"],
            host_api=apis[info["hostapi"]]["name"],
            default_input=i == default_input,
            default_output=i == default_output,
            low_latency_s=info["default_low_input_latency"] + info["default_low_output_latency"],
        )
        for i, info in enumerate(_listed(sd))
    ]


def _listed(sd: ModuleType) -> list[dict[str, Any]]:
    """What PortAudio says of its devices. One whose name is no UTF-8 cannot be opened through
    sounddevice; it is listed without channels and does not take the others away."""
    with suppress(UnicodeDecodeError):
        return list(sd.query_devices())
    found: list[dict[str, Any]] = []
    with suppress(sd.PortAudioError):  # there is none of that number
        for index in count():
            try:
                found.append(sd.query_devices(index))
            except UnicodeDecodeError as fault:
                name = fault.object.decode("utf-8", "backslashreplace")
                found.append(_USELESS | {"name": name})
    return found


def find(name: str | None, direction: str) -> Device:
    """A device by its name or a part of it; the default device without a name.

    Args:
        name: as ``doubledrop devices`` shows it.
        direction: "input" or "output".

    Raises:
        DeviceError: there is no such device, or several.
    """
    usable = [d for d in devices() if (d.inputs if direction == "input" else d.outputs) > 0]
    if name is None:
        chosen = [d for d in usable if getattr(d, f"default_{direction}")] or usable[:1]
    else:
        chosen = [d for d in usable if d.name == name] or [
            d for d in usable if name.casefold() in d.name.casefold()
        ]
    if len(chosen) != 1:
        names = ", ".join(repr(d.name) for d in (chosen or usable)) or "no device at all"
        raise DeviceError(
            f"{direction} device {name!r}" if name else f"{direction} device",
            "several match" if chosen else "not found",
            expected=f"one of {names}",
            cure="Name it as `doubledrop devices` shows it.",
        )
    return chosen[0]
