"""Whether the JACK server is there: RtMidi's clients do not say so when it has died.

They go on listing the ports that were there, or none for ever, and messages no longer arrive. A
client of our own beside them is told at once, by the same library that RtMidi brings along.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import threading
from typing import Any

_NO_START = 1  # JackNoStartServer
_Shutdown = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class JackWatch:
    """A client without ports.

    Args:
        name: of the client.

    Attributes:
        gone: whether the server has died since it was found.
    """

    def __init__(self, name: str) -> None:
        self._name, self._client = name.encode(), None
        self._ended = threading.Event()
        self._told = _Shutdown(lambda _: self._ended.set())  # JACK keeps no reference to it
        self._library = _library()

    @property
    def gone(self) -> bool:
        """Nothing that was opened on it can be used any more, in this process."""
        return self._ended.is_set()

    def there(self) -> bool:
        """Look for the server; whether it can be asked for ports."""
        library = self._library
        if library is None:
            return True  # RtMidi itself will say
        if self._client is None:
            options, status = ctypes.c_int(_NO_START), ctypes.c_int()
            self._client = library.jack_client_open(self._name, options, ctypes.byref(status))
            if self._client is not None:
                library.jack_on_shutdown(ctypes.c_void_p(self._client), self._told, None)
                library.jack_activate(ctypes.c_void_p(self._client))
        return self._client is not None and not self.gone


def _library() -> Any:
    """The one that RtMidi has loaded, or the system's; None without one."""
    path = None
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
            path = next(line.split(maxsplit=5)[5].strip() for line in maps if "/libjack" in line)
    except (OSError, StopIteration):
        path = ctypes.util.find_library("jack")
    try:
        library = ctypes.CDLL(path) if path else None
    except OSError:
        return None
    if library is not None:
        library.jack_client_open.restype = ctypes.c_void_p
    return library
