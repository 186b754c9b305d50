"""Music, samples, soundfonts and MIDI files out of Debian packages, laid out as ``prepare``,
``compose`` and ``compose-notes`` read them.

::

    OUT/GENRE/ARTIST/PACKAGE/…     music: the artist's folder is the group of a disjoint split
    OUT/PACKAGE/…                  anything else
    OUT/SOURCES.toml               package, version, licence and number of files of each

``apt-get download`` and ``dpkg-deb -x`` need neither root nor the packages' dependencies.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import soundfile as sf
import tomlkit

from engine.errors import InputError, OutputError, UsageError
from engine.paths import native
from engine.writing import own_folder, write_whole
from train.data import modules
from train.data.packages import MODULES, MUSIC, SOUNDFONTS, Package
from train.data.sets import SETS

SOURCES = "SOURCES.toml"


@dataclass(frozen=True)
class Fetched:
    """What was laid out of a package."""

    package: str
    version: str
    licence: str
    files: int
    reused: bool = False


def fetch(
    name: str, out: Path, progress: Callable[[int, int, str], None] | None = None
) -> list[Fetched]:
    """Bring a set of packages into a folder; what is there already is not fetched again.

    Args:
        name: one of :data:`SETS`.
        out: the folder.
        progress: called with the number done, of how many, and the package that is next.

    Raises:
        UsageError: no such set, no apt-get here, or the folder holds something else.
        InputError: a package cannot be had or unpacked.
        OutputError: the folder cannot be written.
    """
    if name not in SETS:
        raise UsageError(
            "fetch", f"no set {name!r}", expected=" or ".join(SETS), cure="Name one of these."
        )
    own_folder(out, [SOURCES, ".fetch-*"])
    packages = SETS[name]
    known = _known(out)
    result: list[Fetched] = []
    for done, package in enumerate(packages):
        if progress:
            progress(done, len(packages), package.name)
        entry = known.get(package.name, {})
        if entry and entry["files"] == len(_files_of(out, package)):
            result.append(
                Fetched(package.name, entry["version"], package.licence, entry["files"], True)
            )
            continue
        try:
            out.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=out, prefix=".fetch-") as scratch:
                version, tree = _unpack(package.name, Path(scratch))
                _open_archives(package, tree)
                if package.endings & MODULES:
                    _render_modules(package, tree, Path(scratch))
                version, files = _lay_out(package, (version, tree), out)
        except (InputError, UsageError):
            raise
        except OSError as fault:
            raise OutputError(
                str(out), f"cannot be written ({fault})", cure="Make room, or name another folder."
            ) from fault
        result.append(Fetched(package.name, version, package.licence, files))
        _write_sources(out, {**known, **{f.package: _entry(f) for f in result}})
    if progress:
        progress(len(packages), len(packages), "")
    return result


def _unpack(name: str, scratch: Path) -> tuple[str, Path]:
    """Version of a package and the folder it was unpacked to.

    Raises:
        UsageError: a tool is not on this system.
        InputError: the package cannot be had.
    """
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise UsageError(
                "fetch",
                f"{tool} is not on this system",
                expected="Debian, Ubuntu or one of their relatives",
                cure="Run it in a container (docker run -it debian), or lay the files out by hand.",
            )
    _run(["apt-get", "download", "-q", name], scratch, f"Try: apt-get update, then {name} again.")
    archives = list(scratch.glob("*.deb"))
    if not archives:
        raise InputError(name, "apt-get brought no package", cure="Try: apt-get update.")
    damaged = "Delete what was fetched and try again."
    version = _run(["dpkg-deb", "-f", archives[0].name, "Version"], scratch, damaged).strip()
    _run(["dpkg-deb", "-x", archives[0].name, "tree"], scratch, damaged)
    archives[0].unlink()  # another may be brought beside it
    return version, scratch / "tree"


def _run(command: list[str], folder: Path, cure: str) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, check=False, encoding="utf-8", errors="replace"
    )
    if done.returncode:
        faults = [line for line in done.stderr.splitlines() if line.startswith("E:")]
        reason = (faults or done.stderr.splitlines() or ["no reason given"])[0]
        raise InputError(" ".join(command), f"failed ({reason})", cure=cure)
    return done.stdout


def _lay_out(package: Package, unpacked: tuple[str, Path], out: Path) -> tuple[str, int]:
    """Move the wanted files to their places; version and how many there are.

    Raises:
        InputError: there are none.
    """
    version, tree = unpacked
    files = 0
    for path in sorted(tree.rglob("*")):
        inside = path.relative_to(tree)
        if not _wanted(package, path, inside):
            continue
        place = out / package.place(path, inside)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.replace(place)
        files += 1
    if not files:
        found = f"none of the wanted files in version {version}"
        raise InputError(package.name, found, cure="Report this.")
    return version, files


def _open_archives(package: Package, tree: Path) -> None:
    """Unpack the ZIP archives whose files are wanted, each beside itself.

    Raises:
        InputError: one is damaged.
    """
    for path in sorted(p for p in tree.rglob("*") if p.is_file()):
        inside = path.relative_to(tree).as_posix()
        if not any(fnmatch(inside, pattern) for pattern in package.archives):
            continue
        try:
            with zipfile.ZipFile(path) as archive:
                wanted = [n for n in archive.namelist() if Path(n).suffix.lower() in MUSIC]
                archive.extractall(path.parent, wanted)  # a member never leaves that folder
        except (zipfile.BadZipFile, OSError, NotImplementedError) as fault:
            raise InputError(
                package.name, f"{path.name} cannot be unpacked ({fault})", cure="Report this."
            ) from fault


def _render_modules(package: Package, tree: Path, scratch: Path) -> None:
    """Put the sound of a package's modules into their places."""

    def brought() -> Path:
        for name in modules.PACKAGES:
            _unpack(name, scratch)
        return scratch / "tree"

    player = modules.ModulePlayer(brought)
    found = [p for p in tree.rglob("*") if p.suffix.lower() in MODULES and p.is_file()]
    for path in sorted(found):
        player.render(path, path.with_name(f"{path.name}.flac"))


def _wanted(package: Package, path: Path, inside: Path) -> bool:
    endings = MUSIC if package.endings & MODULES else package.endings
    if path.suffix.lower() not in endings or path.is_symlink() or not path.is_file():
        return False
    if package.only_known and not package.artist(path, inside):
        return False
    if any(fnmatch(path.name, pattern) for pattern in package.without):
        return False
    if path.suffix.lower() not in MUSIC:
        return _begins_as_it_should(path)
    try:
        info = sf.info(native(path))
    except (sf.LibsndfileError, RuntimeError):
        return False
    return bool(info.frames > package.shortest_s * info.samplerate)


def _begins_as_it_should(path: Path) -> bool:
    """Whether a file that is no sound is the soundfont or Standard MIDI File that its name says."""
    with path.open("rb") as file:
        head = file.read(12)
    if path.suffix.lower() in SOUNDFONTS:
        return (head[:4], head[8:]) == (b"RIFF", b"sfbk")
    return head[:4] == b"MThd"


def _files_of(out: Path, package: Package) -> list[Path]:
    """What of a package lies in the folder."""
    below = out / package.genre
    return [p for p in below.rglob("*") if p.is_file() and p.parent.name == package.name]


def _known(out: Path) -> dict[str, Any]:
    """Entries of an earlier ``SOURCES.toml``, by package."""
    try:
        return dict(tomllib.loads((out / SOURCES).read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError):
        return {}


def _entry(fetched: Fetched) -> dict[str, Any]:
    return {"version": fetched.version, "licence": fetched.licence, "files": fetched.files}


def _write_sources(out: Path, entries: Mapping[str, Mapping[str, Any]]) -> None:
    document = tomlkit.document()
    document.add(tomlkit.comment("Debian packages that these files are from."))
    for name in sorted(entries):
        document[name] = dict(entries[name])
    write_whole(out / SOURCES, tomlkit.dumps(document), inside=True)
