"""Rows of a terminal that are as wide as they may be and no wider, counted in cells."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from engine.text import encodable

_BETWEEN = "  "


def row(text: Text, width: int, pad: bool = False) -> Text:
    """One row: what is too long ends in an ellipsis.

    Args:
        text: what stands in it.
        width: cells.
        pad: whether a shorter one is filled up, in its own style.
    """
    cut = text.copy()
    cut.no_wrap = True
    cut.truncate(width, overflow="ellipsis", pad=pad)
    return cut


def beside(left: Text, right: Text, width: int, first: bool = False) -> Text:
    """Two texts at the two ends of a row.

    Args:
        left: text at the left end.
        right: text at the right end.
        width: of the row, cells.
        first: whether the left one is cut last; else the right one is.
    """
    if not right.cell_len:
        return row(left, width)
    kept, cut = (left, right) if first else (right, left)
    kept = row(kept, width)
    cut = row(cut, max(0, width - kept.cell_len - 1))
    one, other = (kept, cut) if first else (cut, kept)
    between = Text(" " * (width - kept.cell_len - cut.cell_len))
    return row(Text.assemble(one, between, other), width)


def columns(cells: Sequence[Text], count: int, width: int) -> Text:
    """Texts in so many columns of the same width.

    Args:
        cells: one a column.
        count: columns that the row has room for.
        width: of the row, cells.
    """
    each = width // count
    return row(Text.assemble(*(row(cell, each, pad=True) for cell in cells)), width)


def wrapped(words: Sequence[str], width: int) -> list[Text]:
    """Words in as many rows as they need."""
    rows = [""]
    for word in words:
        longer = rows[-1] + _BETWEEN * bool(rows[-1]) + word
        if rows[-1] and len(longer) > width:
            rows.append(word)
        else:
            rows[-1] = longer
    return [row(Text(one, style="dim"), width) for one in rows]


def framed(
    rows: Sequence[Text], title: Text, subtitle: Text, width: int, style: str, encoding: str
) -> list[Text]:
    """Rows in a box, with a title above and one below.

    Args:
        rows: each at most ``width`` − 4 cells wide.
        title: above; cut to the room there is.
        subtitle: below; cut to the room there is.
        width: of the box, cells.
        style: of its lines.
        encoding: of the terminal; what it lacks is written as something alike, which may be longer.
    """
    top = _edge("╭", _spelt(title, encoding), "╮", width, style)
    bottom = _edge("╰", _spelt(subtitle, encoding), "╯", width, style)
    return [top, *(_boxed(_spelt(one, encoding), width, style) for one in rows), bottom]


def _spelt(text: Text, encoding: str) -> Text:
    """A copy; of ten screens a second, so as little as can be is done to it."""
    spelt, shown = text.copy(), encodable(text.plain, encoding)
    if shown != text.plain:
        spelt.plain = shown
    return spelt


def _boxed(inside: Text, width: int, style: str) -> Text:
    """A row of its own between two sides."""
    side = Text("│", style=style)
    inside.truncate(max(0, width - 4), overflow="ellipsis", pad=True)
    whole = Text.assemble(side, " ", inside, " ", side, no_wrap=True)
    whole.truncate(width, overflow="ellipsis")
    return whole


def _edge(left: str, title: Text, right: str, width: int, style: str) -> Text:
    said = row(Text.assemble(" ", row(title, max(0, width - 6)), " "), max(0, width - 4))
    lines = max(0, width - 2 - said.cell_len)
    before = Text(left + "─" * (lines // 2), style=style)
    after = Text("─" * (lines - lines // 2) + right, style=style)
    return row(Text.assemble(before, said, after), width)


def gauge(at: float, span: int) -> Text:
    """A bar of a length, filled up to a place, 0 … 1."""
    filled = round(span * min(1.0, max(0.0, at)))
    return Text("█" * filled, style="cyan").append("·" * (span - filled), style="dim")
