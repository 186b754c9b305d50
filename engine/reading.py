"""Texts as others leave them: with a byte order mark, or with a last line that is torn."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from engine import strict_json


def read_text(path: Path) -> str:
    """A text in UTF-8, without the byte order mark that editors on Windows put before it.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no UTF-8.
    """
    return path.read_text(encoding="utf-8-sig")


def read_json_lines(path: Path) -> list[Any]:
    """What was appended to a file as JSON, a line each. The last line may be torn, where the
    program or the power went while it was written: it is left out.

    Raises:
        OSError: it cannot be read.
        ValueError: another line is no JSON.
    """
    *lines, last = path.read_bytes().rstrip(b"\r\n\0").split(b"\n")
    values = [strict_json.read(line) for line in lines if line.strip()]
    with suppress(ValueError):
        values.append(strict_json.read(last))
    return values
