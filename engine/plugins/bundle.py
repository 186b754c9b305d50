"""What a plugin's file or bundle holds, as one number: it changes with anything in it."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.errors import EffectError

SUFFIXES = (".vst3", ".component")
MOST_ENTRIES = 100_000
"""Files, folders and links of a bundle: one that holds more is no plugin, but somebody's disk."""
_PART = 1 << 20


def is_plugin(path: Path) -> bool:
    """Whether a file or folder is named as a VST3 or Audio Unit."""
    return path.suffix.lower() in SUFFIXES


@dataclass(frozen=True)
class Entry:
    """A file, a folder or a link of a bundle.

    Attributes:
        place: from the bundle's root, with ``/``; empty for a bundle that is one file.
        path: where it lies.
        kind: ``F``, ``D`` or ``L``.
        size: of a file, in bytes.
    """

    place: str
    path: str
    kind: str
    size: int = 0


def entries(bundle: Path) -> list[Entry]:
    """All that a bundle holds, in order of place; nothing of it is read.

    Raises:
        EffectError: it cannot be listed, or holds what is neither file, folder nor link.
    """
    found = sorted(_walk(bundle), key=lambda entry: os.fsencode(entry.place))
    for entry in found:
        if entry.kind not in "FDL":
            raise EffectError(
                entry.path, "is no file", expected="files, folders and links", cure="Leave it."
            )
    return found


def size_of(found: list[Entry]) -> int:
    """Bytes of all files."""
    return sum(entry.size for entry in found)


def hash_of(bundle: Path, found: list[Entry], inside: bool = True) -> str:
    """SHA-256 of names, contents and links.

    Args:
        bundle: the bundle.
        found: what it holds.
        inside: whether its links may lead nowhere else. One that leads out of the bundle would make
            the number say nothing of what is loaded.

    Raises:
        EffectError: a file cannot be read, or a link leads out.
    """  # noqa: DOC501
    digest = hashlib.sha256()
    root = os.path.realpath(bundle)
    try:
        for entry in found:
            _field(digest, entry.kind.encode(), os.fsencode(entry.place))
            if entry.kind == "F":
                _read(digest, entry.path, entry.size)
            elif entry.kind == "L":
                if inside and not _is_within(os.path.realpath(entry.path), root):
                    raise EffectError(
                        entry.path,
                        f"leads out of {bundle.name}, to {os.path.realpath(entry.path)}",
                        expected="a bundle that is whole",
                        cure="Ask for one without such links, or put the file in its place.",
                    )
                _field(digest, os.fsencode(os.readlink(entry.path)))
                if not inside and os.path.isfile(entry.path):  # what a system's package links to
                    _read(digest, entry.path, os.path.getsize(entry.path))
    except OSError as fault:
        raise _unreadable(bundle, fault) from fault
    return digest.hexdigest()


def _walk(bundle: Path) -> Iterator[Entry]:
    def failed(fault: OSError) -> None:
        raise fault

    try:
        if not bundle.is_dir():
            yield _entry(str(bundle), "")
            return
        count = 0
        for folder, folders, files in os.walk(bundle, onerror=failed):
            for name in (*folders, *files):
                path = os.path.join(folder, name)
                yield _entry(path, os.path.relpath(path, bundle).replace(os.sep, "/"))
                count += 1
                if count > MOST_ENTRIES:
                    raise EffectError(
                        str(bundle), f"holds more than {MOST_ENTRIES} files", cure="Name a plugin."
                    )
    except OSError as fault:
        raise _unreadable(bundle, fault) from fault


def _entry(path: str, place: str) -> Entry:
    known = os.lstat(path)
    if stat.S_ISLNK(known.st_mode):
        return Entry(place, path, "L")
    if stat.S_ISDIR(known.st_mode):
        return Entry(place, path, "D")
    if stat.S_ISREG(known.st_mode):
        return Entry(place, path, "F", known.st_size)
    return Entry(place, path, "?")


def _read(digest: hashlib._Hash, path: str, size: int) -> None:
    """The contents of a file; one that grows meanwhile is another.

    Raises:
        OSError: it cannot be read, or grows.
    """
    _field(digest, str(size).encode())
    with open(path, "rb") as opened:
        while part := opened.read(_PART):
            digest.update(part)
            size -= len(part)
            if size < 0:
                raise OSError(0, "it is being written")


def _field(digest: hashlib._Hash, *fields: bytes) -> None:
    """Each with its length, that two bundles cannot share a number by their names."""
    for one in fields:
        digest.update(len(one).to_bytes(8, "little") + one)


def _is_within(path: str, root: str) -> bool:
    return path == root or path.startswith(root + os.sep)


def _unreadable(bundle: Path, fault: OSError) -> EffectError:
    return EffectError(
        str(bundle), f"cannot be read ({fault.strerror})", cure="Name a plugin that can be."
    )
