"""Files under names that the user gives: whole or not there, never the input, never somebody's.

Everything that a command writes where the user says so passes :func:`check_output` and becomes a
:class:`Draft` first: a file of an unguessable name beside it, opened exclusively, which takes the
name when it is whole. A symlink stays one, and what it points to is replaced.

A file that stands there already is replaced where doubledrop wrote it and nobody has changed it
since, or where the user says ``--force``. What was written is remembered by inode, size and time of
change, so that no mark in the file is needed, and a file that was edited afterwards is the user's.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

from engine.errors import OutputError, UsageError

_MOST = 1000  # files that are remembered; older ones need --force
_State = list[int]


def check_output(path: Path, *, inputs: Iterable[Path] = (), force: bool = False) -> Path:
    """Fail before the work and not after it.

    Args:
        path: the name the user gave.
        inputs: files that the command reads; the output is none of them, by whatever name.
        force: whether the user lets it replace a file of his own.

    Returns:
        The path that is written: where a symlink points, else the same.

    Raises:
        UsageError: it is an input, or a file that doubledrop did not write.
        OutputError: its folder does not exist or refuses, or it is no file.
    """  # noqa: DOC501
    final = Path(os.path.realpath(path))
    folder = final.parent
    if not os.path.isdir(folder):
        raise OutputError(str(folder), "no such folder", cure=f"Make it: mkdir -p {folder}")
    try:
        there = final.stat()
    except FileNotFoundError:
        there = None
    except OSError as fault:
        raise _unwritable(path, fault) from fault
    if not os.access(folder, os.W_OK) or (there and not stat.S_ISREG(there.st_mode)):
        raise OutputError(str(path), "cannot be written", cure="Choose another folder or name.")
    if there is None:
        return final
    if any(_is_file(one, there) for one in inputs):
        raise UsageError(
            str(path), "input and output are one file", cure="Choose another name for the output."
        )
    if not force and _recalled().get(str(final)) != _state(there):
        raise UsageError(
            str(path),
            "exists, and is not as doubledrop wrote it",
            cure="Choose another name, or add --force to replace it.",
        )
    return final


class Draft:
    """A file on its way to a name. A context manager: without :meth:`keep` nothing is left.

    Args:
        path: the name it shall have.
        inputs: files that the command reads; the output is none of them.
        force: whether the user lets it replace a file of his own.
        at_once: takes the name now and grows there, as a recording does that must outlive a crash.
        inside: of a folder that the command fills: replaced without a question, not remembered.

    Attributes:
        part: where it is written meanwhile.

    Raises:
        UsageError: see :func:`check_output`.
        OutputError: see :func:`check_output`.
    """

    def __init__(
        self,
        path: Path,
        *,
        inputs: Iterable[Path] = (),
        force: bool = False,
        at_once: bool = False,
        inside: bool = False,
    ) -> None:
        self.path, self._force, self._inputs = path, force or inside, tuple(inputs)
        self._inside = inside
        self._final = check_output(path, inputs=self._inputs, force=self._force)
        # Short, for a name may have 255 bytes already.
        self.part = self._final.with_name(f".doubledrop-{secrets.token_hex(8)}")
        try:
            os.close(os.open(self.part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
            with suppress(FileNotFoundError):
                os.chmod(self.part, stat.S_IMODE(self._final.stat().st_mode))
            if at_once:
                os.replace(self.part, self._final)
                self.part = self._final
        except OSError as fault:
            self.part.unlink(missing_ok=True)
            raise _unwritable(path, fault) from fault

    def keep(self) -> None:
        """Give the file, which is closed, its name.

        Raises:
            UsageError: meanwhile another file has taken it.
            OutputError: the disk refuses.
        """  # noqa: DOC501
        if self.part != self._final:
            check_output(self.path, inputs=self._inputs, force=self._force)
            try:
                os.replace(self.part, self._final)
            except OSError as fault:
                raise _unwritable(self.path, fault) from fault
        self.part = self._final
        if not self._inside:
            _remember(self._final)

    def drop(self) -> None:
        """Leave nothing of it, unless it has its name."""
        if self.part != self._final:
            self.part.unlink(missing_ok=True)

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()


def write_whole(
    path: Path,
    content: str | bytes,
    *,
    inputs: Iterable[Path] = (),
    force: bool = False,
    inside: bool = False,
) -> None:
    """Write a small file, whole or not at all.

    Args:
        path: the name it shall have.
        content: of the file; text is written in UTF-8.
        inputs: files that the command reads; the output is none of them.
        force: whether the user lets it replace a file of his own.
        inside: see :class:`Draft`.

    Raises:
        UsageError: see :class:`Draft`.
        OutputError: see :class:`Draft`; also where the disk is full.
    """  # noqa: DOC501
    with Draft(path, inputs=inputs, force=force, inside=inside) as draft:
        try:
            draft.part.write_bytes(content.encode() if isinstance(content, str) else content)
        except OSError as fault:
            raise _unwritable(path, fault) from fault
        draft.keep()


def own_folder(folder: Path, marks: Iterable[str]) -> None:
    """Make a folder that a command fills, or go on with one.

    Args:
        folder: which the user names.
        marks: names of what lies in one that the command has begun; ``*`` matches anything.

    Raises:
        UsageError: it holds something, and none of these.
        OutputError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = any(folder.iterdir())
    except OSError as fault:
        raise OutputError(
            str(folder), f"cannot be made ({fault.strerror})", cure="Choose another folder."
        ) from fault
    if held and not any(next(folder.glob(mark), None) for mark in marks):
        raise UsageError(
            str(folder),
            "holds files already, and doubledrop did not begin it",
            cure="Name a new or an empty folder.",
        )


def check_log(path: Path) -> None:
    """Whether lines of JSON may be appended to a file.

    Raises:
        UsageError: it is a file of another kind.
        OutputError: it cannot be written.
    """  # noqa: DOC501
    try:
        with path.open("a+b") as file:
            file.seek(0)
            head = file.read(1)
    except OSError as fault:
        raise _unwritable(path, fault) from fault
    if head not in (b"", b"{"):
        raise UsageError(
            str(path), "no log", expected="a new file, or one of JSON lines", cure="Name another."
        )


def append_line(path: Path, line: str) -> None:
    """Append to a log, on a line of its own even where the last one is torn.

    Raises:
        UsageError: see :func:`check_log`.
        OutputError: see :func:`check_log`; also where the disk is full.
    """  # noqa: DOC501
    check_log(path)
    try:
        with path.open("r+b") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - 1))
            torn = file.read(1) not in (b"", b"\n")
            file.write(b"\n" * torn + line.encode() + b"\n")
    except OSError as fault:
        raise _unwritable(path, fault) from fault


def free_name(path: Path) -> Path:
    """The path, or the first like it (``NAME-2``, ``NAME-3``) that does not exist."""
    found, number = path, 2
    while os.path.lexists(found):
        found, number = path.with_name(f"{path.stem}-{number}{path.suffix}"), number + 1
    return found


def _unwritable(path: Path, fault: OSError) -> OutputError:
    return OutputError(
        str(path), f"cannot be written ({fault.strerror})", cure="Choose another folder or name."
    )


def _is_file(path: Path, there: os.stat_result) -> bool:
    try:
        return os.path.samestat(path.stat(), there)
    except OSError:
        return False


def _state(of: os.stat_result) -> _State:
    return [of.st_dev, of.st_ino, of.st_size, of.st_mtime_ns]


def _journal() -> Path:
    return user_cache_path("doubledrop", appauthor=False) / "written.json"


def _recalled() -> dict[str, _State]:
    try:
        known = json.loads(_journal().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _remember(path: Path) -> None:
    """Keep that the file is ours; where there is no place for that, --force is needed."""
    journal = _journal()
    part = journal.with_name(f".{journal.name}-{secrets.token_hex(8)}")
    try:
        known = _recalled()
        known.pop(str(path), None)
        known[str(path)] = _state(path.stat())
        if len(known) > _MOST:
            known = {name: state for name, state in known.items() if os.path.lexists(name)}
        journal.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(dict(list(known.items())[-_MOST:])), encoding="utf-8")
        os.replace(part, journal)
    except OSError:
        with suppress(OSError):
            part.unlink()
