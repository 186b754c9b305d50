"""``python -m tests.write_figures``: docs/figures.md, from what is said and what was measured.

docs/figures.toml holds the figures that somebody asked for: what was reached, what was wanted, and
which command shows it. docs/measured.json holds what the tests themselves have measured;
``make figures`` writes it anew (see :func:`measured` and tests/conftest.py).
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SAID, MEASURED, PAGE = (
    ROOT / "docs" / name for name in ("figures.toml", "measured.json", "figures.md")
)
HEAD = """# Figures

What was measured, beside what was wanted. Made by `python -m tests.write_figures` from
[figures.toml](figures.toml) and, for what the tests print, by `make figures`; do not edit it.
"""
COLUMNS = ("what", "reached", "wanted", "shown", "date", "commit")


def measured(figures: list[tuple[str, str]]) -> dict[str, Any]:
    """What one run of the tests has measured, with date, commit and machine.

    Args:
        figures: names and values.
    """
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit or "unknown",
        "machine": f"{len(names)} × {names[0] if names else platform.processor()}, "
        f"Python {platform.python_version()}",
        "figures": figures,
    }


def keep(figures: list[tuple[str, str]]) -> None:
    """Keep what a run has measured, where ``DOUBLEDROP_FIGURES`` names a file; several runs of one
    `make figures` add to it."""
    path = os.environ.get("DOUBLEDROP_FIGURES")
    if path and figures:
        runs = json.loads(Path(path).read_text(encoding="utf-8")) if Path(path).exists() else []
        text = json.dumps([*runs, measured(figures)], ensure_ascii=False, indent=1)
        Path(path).write_text(text + "\n", encoding="utf-8")


def page() -> str:
    """The text of docs/figures.md."""
    said = tomllib.loads(SAID.read_text(encoding="utf-8"))
    figures = said["figure"]
    missed = [one for one in figures if one.get("missed")]
    parts = [
        HEAD,
        f"Machine: {said['machine']}.\n",
        "## Missed",
        table(missed, COLUMNS),
    ]
    for area in dict.fromkeys(one["area"] for one in figures):
        parts += [f"## {area}", table([one for one in figures if one["area"] == area], COLUMNS)]
    if MEASURED.exists():
        parts.append("## Measured by the tests")
        for run in json.loads(MEASURED.read_text(encoding="utf-8")):
            rows = [{"what": name, "measured": value} for name, value in run["figures"]]
            parts += [
                f"{run['date']}, {run['commit']}, {run['machine']}.\n",
                table(rows, ("what", "measured")),
            ]
    return "\n".join(parts)


def table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> str:
    """Rows as a Markdown table; what was missed is bold.

    Args:
        rows: by column.
        columns: names of those that are shown, in order.
    """

    def lines() -> Iterator[str]:
        yield f"| {' | '.join(columns)} |"
        yield f"|{' --- |' * len(columns)}"
        for row in rows:
            cells = [str(row[column]).replace("|", "\\|") for column in columns]
            if row.get("missed"):
                cells[1] = f"**{cells[1]}**"
            yield f"| {' | '.join(cells)} |"

    return "\n".join([*lines(), ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
