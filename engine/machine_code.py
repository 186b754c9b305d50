"""Machine code that numba keeps on disk, of which no broken file can stop a start.

numba unpickles whatever it finds: a file cut off by a full disk, zeros after a power cut, or code
that another process kept under the same number at the same moment, and raises or runs into it. Here
each file carries a digest and what it is for; one that does not hold is compiled again and written
over. This goes for all functions that are defined once this module is there, those of libraries
too.
"""

from __future__ import annotations

import hashlib
import pickle
from contextlib import suppress
from functools import partial
from typing import Any

import numba
from numba.core import caching as _caching

caching: Any = _caching  # of which some has types
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


# numba has no other way to say so; each function's cache looks for the name when it is defined.
caching.IndexDataCacheFile = CheckedFile

compiled = partial(numba.njit, cache=True)
"""``numba.njit``, kept on disk."""
