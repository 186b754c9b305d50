"""The files of the page, found by looking them up: no path is ever made of what a request says."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from importlib import resources

_KINDS = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "json": "application/manifest+json",
    "txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True)
class PageFile:
    """A file of the page.

    Attributes:
        kind: its media type.
        data, packed: as it is, and gzip.
        tag: another one, another content.
    """

    kind: str
    data: bytes
    packed: bytes
    tag: str


def page_files() -> dict[str, PageFile]:
    """Every file of the page by the path of its request."""
    found: dict[str, PageFile] = {}
    folders = [("/", resources.files("engine.web") / "page")]
    while folders:
        place, folder = folders.pop()
        for entry in folder.iterdir():
            if entry.is_dir():
                folders.append((f"{place}{entry.name}/", entry))
                continue
            kind = _KINDS.get(entry.name.rpartition(".")[2])
            if kind is None:
                continue
            data = entry.read_bytes()
            tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
            packed = gzip.compress(data, 9, mtime=0)
            found[place + entry.name] = PageFile(kind, data, packed, tag)
    found["/"] = found["/index.html"]
    return found
