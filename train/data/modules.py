"""Tracker modules (MOD, S3M, XM, IT) as sound, by libopenmpt: the system's, or one that is brought
out of its package without being installed."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from ctypes.util import find_library
from pathlib import Path

import numpy as np
import soundfile as sf

from engine.dsp.arrays import Audio
from engine.errors import InputError
from engine.paths import native

LIBRARY = "libopenmpt.so.0"
PACKAGES = ("libogg0", "libvorbis0a", "libvorbisfile3", "libmpg123-0", "libopenmpt0")
"""Debian's, each after those it needs."""
RATE = 44100
_NEEDED = ("libogg.so.0", "libvorbis.so.0", "libvorbisfile.so.3", "libmpg123.so.0")
_BLOCK = 1 << 15
_LONGEST_S = 600.0  # some never end


class ModulePlayer:
    """libopenmpt, loaded.

    Args:
        brought: called where the system has none; the folder that :data:`PACKAGES` were unpacked
            into.

    Raises:
        InputError: there is none.
    """

    def __init__(self, brought: Callable[[], Path]) -> None:
        name = find_library("openmpt")
        try:
            self._library = ctypes.CDLL(name) if name else _load(brought())
        except OSError as fault:
            raise InputError(
                "libopenmpt", f"cannot be loaded ({fault})", cure="Install libopenmpt0."
            ) from fault
        create, read = (
            self._library.openmpt_module_create_from_memory2,
            self._library.openmpt_module_read_interleaved_float_stereo,
        )
        create.restype, read.restype = ctypes.c_void_p, ctypes.c_size_t
        self._destroy = self._library.openmpt_module_destroy
        self._destroy.argtypes = [ctypes.c_void_p]
        create.argtypes = [ctypes.c_char_p, ctypes.c_size_t, *([ctypes.c_void_p] * 8)]
        read.argtypes = [ctypes.c_void_p, ctypes.c_int32, ctypes.c_size_t, ctypes.c_void_p]
        self._create, self._read = create, read

    def render(self, module: Path, out: Path) -> float:
        """Write a module as FLAC; its length in seconds, 0 where it cannot be read.

        Args:
            module: the file.
            out: the file to write.
        """
        parts = list(self._blocks(module.read_bytes()))
        if not parts:
            return 0.0
        sound = np.clip(np.concatenate(parts), -1.0, 1.0)
        sf.write(native(out), sound, RATE, subtype="PCM_16")
        return len(sound) / RATE

    def _blocks(self, data: bytes) -> Iterator[Audio]:
        module = self._create(data, len(data), *([None] * 8))
        if not module:
            return
        try:
            done, block = 0, np.empty((_BLOCK, 2), np.float32)
            while done < _LONGEST_S * RATE:
                count = self._read(module, RATE, _BLOCK, block.ctypes.data)
                if not count:
                    return
                done += count
                yield block[:count].copy()
        finally:
            self._destroy(module)


def _load(tree: Path) -> ctypes.CDLL:
    """The library out of a tree of packages, with what it needs loaded before it."""

    def found(name: str) -> str:
        return next((str(path) for path in tree.rglob(name)), name)

    for needed in _NEEDED:
        ctypes.CDLL(found(needed), mode=ctypes.RTLD_GLOBAL)
    return ctypes.CDLL(found(LIBRARY))
