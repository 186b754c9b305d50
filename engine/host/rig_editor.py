"""Writes a rig that was edited elsewhere: as it was typed, comments and all, if it is one."""

from __future__ import annotations

from pathlib import Path

from engine.config.rig import inspect_rig
from engine.errors import DoubledropError, OutputError
from engine.reading import read_text
from engine.text import printable, shortened
from engine.writing import Draft

_MOST = 12  # mistakes that are told
_LONGEST = 240  # characters of one


class RigEditor:
    """Of one rig; it is played as it is now until the next start.

    Args:
        path: of its file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, text: str, before: str) -> list[str]:
        """Write it.

        Args:
            text: of the new rig.
            before: the text that was edited: it has not been changed by anybody meanwhile.

        Returns:
            What is wrong with it; empty where it was written.
        """
        try:
            return self._write(text, before)
        except (DoubledropError, OSError, ValueError) as fault:
            return [self._said(fault)]

    def _write(self, text: str, before: str) -> list[str]:
        """Browsers end lines in their own way; those of the file stay as they are.

        Raises:
            OSError: the rig cannot be read.
            ValueError: it is no UTF-8.
            OutputError: it cannot be written.
        """
        text, before = (one.replace("\r\n", "\n") for one in (text, before))
        if read_text(self._path) != before:
            return ["The rig was changed meanwhile: open it again."]
        end = "\r\n" if b"\r\n" in self._path.read_bytes() else "\n"
        with Draft(self._path, force=True) as draft:
            try:
                draft.part.write_text(text, encoding="utf-8", newline=end)
            except (OSError, UnicodeError) as fault:
                raise OutputError(
                    str(self._path), "cannot be written", cure="Check its folder."
                ) from fault
            mistakes = _mistakes(draft.part)
            if mistakes:
                return [self._said(one, draft.part) for one in mistakes[:_MOST]]
            draft.keep()
        return []

    def _said(self, fault: Exception, part: Path | None = None) -> str:
        """A mistake, under the name of the rig."""
        text = str(fault)
        for path in (part, self._path):
            text = text if path is None else text.replace(str(path), self._path.name)
        return shortened(printable(text), _LONGEST)


def _mistakes(path: Path) -> list[DoubledropError]:
    """All that is wrong with a rig."""
    try:
        return inspect_rig(path)[1]
    except DoubledropError as fault:
        return [fault]
