"""Machine code that numba keeps on disk, of which no broken file can stop a start.

numba unpickles whatever it finds: a file cut off by a full disk, zeros after a power cut, or code
that another process kept under the same number at the same moment, and raises or runs into it. Here
each file carries a digest and what it is for; one that does not hold is compiled again and written
over. This goes for all functions that are defined once this module is there, those of libraries
too.

And numba takes machine code for fresh as long as the file of its function is unchanged, though it
holds functions and constants of other files. Here it is as fresh as all of ours that the file
imports.
"""

from __future__ import annotations

import hashlib
import pickle
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numba
from numba.core import caching as _caching
from numba.core import types
from numba.extending import intrinsic as _intrinsic

caching: Any = _caching  # of which some has types
intrinsic: Any = _intrinsic  # and whose types want of a caller what numba passes
_DIGEST = hashlib.sha256


class CheckedFile(caching.IndexDataCacheFile):  # type: ignore[misc]
    """The files of one function: an index, and machine code for each kind of arguments."""

    def load(self, key: Any) -> Any:
        """What was kept for this kind; None where that is not there, or not whole."""
        try:
            kept_for, data = super().load(key)
        except Exception:  # a broken pickle may raise anything
            return None
        return data if kept_for == key else None

    def save(self, key: Any, data: Any) -> None:
        """Keep it, where there is room."""
        with suppress(OSError):
            super().save(key, (key, data))

    def _load_index(self) -> dict[Any, Any]:
        try:
            return dict(super()._load_index())
        except Exception:
            return {}

    def _load_data(self, name: str) -> Any:
        with open(self._data_path(name), "rb") as file:
            digest, body = file.read(_DIGEST().digest_size), file.read()
        if _DIGEST(body).digest() != digest:
            raise ValueError(name)
        return pickle.loads(body)

    def _save_data(self, name: str, data: Any) -> None:
        body = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(_DIGEST(body).digest() + body)


_ROOT = Path(__file__).parent.parent
_IMPORT = re.compile(r"^from (engine[\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)


@lru_cache(maxsize=256)
def _imported(file: Path) -> tuple[Path, ...]:
    """Files of the engine that a file of it imports."""

    def found() -> Iterator[Path]:
        for base, names in _IMPORT.findall(file.read_text(encoding="utf-8")):
            words = re.findall(r"\w+", names)
            for module in (base, *(f"{base}.{word}" for word in words)):
                path = _ROOT.joinpath(*module.split(".")).with_suffix(".py")
                if path.is_file():
                    yield path

    return tuple(found())


def sources(file: Path) -> list[Path]:
    """A file of the engine and all files of it that it imports, and they."""
    known, fresh = {file}, [file]
    while fresh:
        for path in _imported(fresh.pop()):
            if path not in known:
                known.add(path)
                fresh.append(path)
    return sorted(known)


@lru_cache(maxsize=256)
def _stamp(file: Path) -> str:
    digest = _DIGEST()
    for path in sources(file):
        digest.update(path.read_bytes())
    return digest.hexdigest()


_of_its_file = caching._SourceFileBackedLocatorMixin.get_source_stamp


def _fresh(locator: Any) -> Any:
    """What kept code is compared with: its own file, and of ours those that it is made of too."""
    file = Path(locator._py_file).absolute()
    ours = file.is_relative_to(_ROOT / "engine") and file.is_file()
    return (_of_its_file(locator), _stamp(file)) if ours else _of_its_file(locator)


caching._SourceFileBackedLocatorMixin.get_source_stamp = _fresh
# numba has no other way to say so; each function's cache looks for the name when it is defined.
caching.IndexDataCacheFile = CheckedFile


def is_kept(function: Any) -> bool:
    """Whether machine code of a function is on the disk, as fresh as what it is made of."""
    return bool(function._cache._cache_file._load_index())


compiled = partial(numba.njit, cache=True, _nrt=False, no_cfunc_wrapper=True)
"""``numba.njit``, kept on disk; what would allocate an array does not compile."""
internal = partial(compiled, no_cpython_wrapper=True)
"""The same for what machine code alone calls, and never Python: what Python would call it by took a
sixth of the time of compiling everything."""


@intrinsic
def fence(typingctx):  # type: ignore[no-untyped-def]
    """Nothing that stands before is done after, and the other way round; for all cores. numba emits
    no fences of its own."""

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), code
