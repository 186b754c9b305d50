"""Which plugins may be loaded at all: those that are installed, and those that the user approved.

A plugin is native code, which may do whatever the user may. A preset, a rig or a take names plugins
too, by names and paths; that is data, and says nothing of whether they may be loaded. What says so:

- the plugin lies where the system keeps its plugins: the user has installed it;
- the user approved its contents (``doubledrop plugins approve PATH``);
- the user named it on the command line just now (``plugins check PATH``, ``plugins save PATH``).

Whoever loads a plugin asks here, in the process that loads it, immediately before it does.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from platformdirs import user_config_path

from engine import strict_json
from engine.errors import EffectError, OutputError
from engine.plugins import bundle
from engine.text import printable
from engine.writing import write_whole

_FORMAT = 1


@dataclass(frozen=True)
class Approval:
    """What the user said of a plugin.

    Attributes:
        sha256: of all that its bundle holds; nothing else is what was approved.
        path: where it lay then.
        size: bytes of its files.
        approved: when, in local time.
    """

    sha256: str
    path: str
    size: int
    approved: str


def installed() -> list[Path]:
    """The VST3 and Audio Units that lie where the system keeps them."""
    import pedalboard

    kinds = ("VST3Plugin", "AudioUnitPlugin")
    there = [getattr(pedalboard, kind) for kind in kinds if hasattr(pedalboard, kind)]
    return sorted({Path(path) for kind in there for path in kind.installed_plugins})


def is_installed(path: Path) -> bool:
    """Whether a plugin lies where the system keeps them."""
    real = os.path.realpath(path)
    return any(os.path.realpath(one) == real for one in installed())


def clear(path: Path, granted: Collection[str] = ()) -> None:
    """Whether a plugin may be loaded into this process; silence is consent.

    Args:
        path: of the plugin.
        granted: hashes of those that were named on the command line.

    Raises:
        EffectError: it may not, and what to type so that it may.
    """
    if is_installed(path):
        return
    _check_kind(path)
    approvals = read()
    found = bundle.entries(path)
    sizes = {one.size for one in approvals.values()}
    content = ""
    if granted or bundle.size_of(found) in sizes:  # else it need not be read
        content = bundle.hash_of(path, found)
    if content and (content in approvals or content in granted):
        return
    known = any(one.path == str(path) for one in approvals.values())
    raise EffectError(
        str(path),
        "has changed since it was approved" if known else "is not installed and not approved",
        cure=f"To let this very file run, type: {how_to_approve(path)}",
    )


def is_cleared(path: Path) -> bool:
    """Whether a plugin may be loaded wherever it is named."""
    try:
        clear(path)
    except EffectError:
        return False
    return True


def how_to_approve(path: Path) -> str:
    """What to type."""
    return f"doubledrop plugins approve {typed(Path(os.path.abspath(path)))}"


def granted_now(path: Path) -> str:
    """The hash of a plugin that the user has just named on the command line.

    Raises:
        EffectError: it is none, cannot be read, or is more than what lies there.
    """
    _check_kind(path)
    return bundle.hash_of(path, bundle.entries(path))


def approve(path: Path) -> Approval:
    """Note that the user approves what a plugin holds now.

    Raises:
        EffectError: it is no plugin, cannot be read, or a link in it leads elsewhere.
        OutputError: it cannot be noted.
    """
    path = Path(os.path.realpath(path))
    _check_kind(path)
    found = bundle.entries(path)
    when = time.strftime("%Y-%m-%d %H:%M:%S")
    one = Approval(bundle.hash_of(path, found), str(path), bundle.size_of(found), when)
    _write({**read(), one.sha256: one})
    return one


def forget(which: str) -> list[Approval]:
    """Take approvals back: of a path, or of a hash that begins so (8 digits, at least).

    Raises:
        EffectError: there is none like it.
        OutputError: it cannot be noted.
    """
    known, real = read(), os.path.realpath(which)
    gone = [
        one
        for one in known.values()
        if real == one.path or (len(which) >= 8 and one.sha256.startswith(which.lower()))
    ]
    if not gone:
        raise EffectError(
            which,
            "was not approved",
            expected="the path or the hash of one that was",
            cure="List them: doubledrop plugins approved",
        )
    _write({key: one for key, one in known.items() if one not in gone})
    return gone


def read() -> dict[str, Approval]:
    """What is approved, by its hash; nothing, where the list is missing or damaged."""
    try:
        known = strict_json.read(_file().read_text(encoding="utf-8"))
        if known["format"] != _FORMAT:
            return {}
        return {one["sha256"]: Approval(**one) for one in known["approved"]}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def typed(path: Path) -> str:
    """A path as it is typed in a shell, one that cannot be printed included."""
    if sys.platform == "win32":
        return printable(subprocess.list2cmdline([str(path)]))
    words = str(path)
    if printable(words) == words:
        return shlex.quote(words)
    plain = {byte: chr(byte) for byte in range(32, 127) if byte not in b"'\\"}
    safe = (plain.get(byte, f"\\x{byte:02x}") for byte in os.fsencode(path))
    return f"$'{''.join(safe)}'"


def _check_kind(path: Path) -> None:
    if not os.path.exists(path):
        raise EffectError(str(path), "no such file", cure="Name a VST3 or Audio Unit.")
    if not bundle.is_plugin(path):
        raise EffectError(
            str(path),
            "is no plugin",
            expected=" or ".join(bundle.SUFFIXES),
            cure="Name a VST3 or Audio Unit.",
        )


def _file() -> Path:
    return user_config_path("doubledrop", appauthor=False) / "plugins.json"


def _write(known: dict[str, Approval]) -> None:
    file = _file()
    values = {"format": _FORMAT, "approved": [asdict(one) for one in known.values()]}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # nobody else's: what is written later keeps its mode
            os.close(os.open(file, os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as fault:
        raise OutputError(
            str(file), f"cannot be written ({fault.strerror})", cure="Make room for it."
        ) from fault
    write_whole(file, strict_json.written(values, indent=1), inside=True)
