"""The terminal screen of ``play``: what a performer needs to see in half a second."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from engine.dsp.meters import FLOOR_DB
from engine.live.ear import Meter
from engine.live.show import Show, Slot
from engine.text import printable

_FLOOR = -48.0  # LUFS at the left end of a meter
_NARROW, _WIDE = 8, 100  # characters of a meter
_BESIDE = 52  # characters beside one
_TALL = 30  # rows from which on there is room for every slot in a line of its own
_KEYS = "space tap  d downbeat  1-9 slot  b bypass  k kill  m mute  c cancel  p panic  q quit"


def draw(show: Show, width: int, height: int, keys: bool) -> RenderableType:
    """The screen.

    Args:
        show: what there is to be seen.
        width, height: of the terminal, characters.
        keys: whether the keyboard is listened to.
    """
    rows: list[RenderableType] = [
        _head(show),
        _time(show),
        Text(),
        *_slots(show, width, height),
        Text(),
        _levels(show, min(max(width - _BESIDE, _NARROW), _WIDE)),
        Text(),
        _health(show),
        _midi(show),
    ]
    room = max(0, height - 3 - _height(rows) - int(keys))
    rows += [_event(event.at_s, event.text, width) for event in show.events[-room:] if room]
    if keys:
        rows += [Text()] * max(0, height - 4 - _height(rows))
        rows.append(Text(_KEYS, style="dim", no_wrap=True, overflow="ellipsis"))
    return Panel(
        Group(*rows),
        title=Text(f"doubledrop  {_clock(show.seconds)}"),
        subtitle=Text(f"{printable(show.route)}, latency {show.latency_ms:.1f} ms"),
        border_style="red" if show.alarm else "green",
        height=height - 1,
    )


def _head(show: Show) -> Table:
    grid = _grid(1, 1)
    state = Text(
        f" {show.state} ", style="bold white on red" if show.alarm else "bold black on green"
    )
    if show.recording_error:
        take = Text(f"● NOT RECORDING: {printable(show.recording_error)}", style="bold red")
    elif show.recording is not None:
        take = Text(f"● rec {_clock(show.recording)}", style="red")
    else:
        take = Text("not recording", style="dim")
    take.justify = "right"
    grid.add_row(state, take)
    return grid


def _time(show: Show) -> Table:
    grid = _grid(1, 1)
    tempo = Text(f"{show.bpm:7.2f} BPM ", style="bold" if show.known else "yellow")
    tempo.append(show.source + (" held" if show.held and show.known else ""), style="cyan")
    if not show.known:
        tempo.append("  listening", style="yellow")
    if show.confidence is not None:
        tempo.append(f"  sure {show.confidence:.0%}", style="dim")
    place = Text(justify="right")
    if show.known:
        place.append(f"bar {show.bar}/{show.bars}  ")
        for beat in range(1, show.beats + 1):
            place.append("■ " if beat == show.beat else "□ ", style="bold" if beat == 1 else "")
    grid.add_row(tempo, place)
    return grid


def _slots(show: Show, width: int, height: int) -> list[RenderableType]:
    columns = 1 if height >= _TALL or len(show.slots) <= 4 else 2
    grid = _grid(*[1] * columns)
    cells = [_slot(show, number, slot) for number, slot in enumerate(show.slots)]
    rows = -(-len(cells) // columns)
    for row in range(rows):
        grid.add_row(*(cells[at] for at in range(row, len(cells), rows)))
    said: list[RenderableType] = [grid]
    if show.crossfader is not None:
        at = round(show.crossfader * 20)
        said.append(Text("A " + "─" * at + "█" + "─" * (20 - at) + " B", style="cyan"))
    return said


def _slot(show: Show, number: int, slot: Slot) -> Text:
    text, name = Text(no_wrap=True, overflow="ellipsis"), printable(slot.name)
    if number == show.active:
        text.append(f"▶ {number + 1} {name}", style="bold green")
    elif number == show.called:
        text.append(f"◆ {number + 1} {name}", style="bold yellow")
        text.append(f"  in {show.bars_to_go:.1f} bars", style="yellow")
    else:
        text.append(f"  {number + 1} {name}")
    if slot.broken:
        text.append(
            f"  dry: {printable(slot.why)}" if slot.why else "  cannot be loaded: dry",
            style="bold red",
        )
    elif slot.amount < 1.0:
        text.append(f"  {slot.amount:.0%}", style="cyan")
    return text


def _levels(show: Show, span: int) -> Table:
    grid = Table.grid(padding=(0, 1))
    clip = Text(" CLIP ", style="bold white on red" if show.clip else "dim")
    limit = Text(" LIMIT ", style="bold black on yellow" if show.limit else "dim")
    grid.add_row("in ", _bar(show.line_in, span), _figures(show.line_in), clip)
    reduction = f"{show.limited_db:5.1f} dB" if show.limit else ""
    grid.add_row("out", _bar(show.line_out, span), _figures(show.line_out), limit, reduction)
    wet, level = (_gauge(at, span) for at in (show.wet, show.level))
    out = show.line_out  # short-term and integrated, as R 128 abbreviates them
    grid.add_row("wet", wet, Text(f"{show.wet:6.0%}  S {out.short_term:6.1f} LUFS"))
    grid.add_row("lev", level, Text(f"{show.level:6.0%}  I {out.integrated:6.1f} LUFS"))
    return grid


def _bar(meter: Meter, span: int) -> Text:
    filled = round(span * min(1.0, max(0.0, 1.0 - meter.lufs / _FLOOR)))
    peak = round(span * min(1.0, max(0.0, 1.0 - meter.true_peak_db / _FLOOR)))
    text = Text("█" * filled, style="green")
    text.append("░" * max(0, peak - filled), style="yellow")
    return text.append("·" * (span - max(filled, peak)), style="dim")


def _gauge(at: float, span: int) -> Text:
    filled = round(span * at)
    return Text("█" * filled, style="cyan").append("·" * (span - filled), style="dim")


def _figures(meter: Meter) -> Text:
    if meter.lufs <= FLOOR_DB + 1.0:
        return Text("silence".rjust(24), style="dim")
    return Text(f"{meter.lufs:6.1f} LUFS {meter.true_peak_db:6.1f} dBTP")


def _health(show: Show) -> Group:
    status = show.status
    first = Text(" DROPOUT ", style="bold white on red" if show.dropout else "dim", end="")
    first = Text.assemble(first, f"  load {show.load:4.0%}")
    first.append(f"  hop p99 {status.hop_ms['p99']:.2f} ms")
    first.append(f"  gains {status.age_ms['p50']:.0f} ms old (p99 {status.age_ms['p99']:.0f})")
    late = (
        f"{status.late_hops} hops late  {status.late_inferences} of {status.inferences} inferences"
    )
    second = Text(f"gaps {status.gaps}  device flags {status.flags}  {late} late")
    if status.lost or status.restarts:
        second.append(f"  lost {status.lost}  restarts {status.restarts}", style="yellow")
    for text in (first, second):
        text.no_wrap, text.overflow = True, "ellipsis"
    return Group(first, second)


def _midi(show: Show) -> Text:
    ports = ", ".join(show.ports) or "no ports"
    return Text(printable(f"MIDI {show.midi or '-'}  ({ports})"), no_wrap=True, overflow="ellipsis")


def _event(at_s: float, text: str, width: int) -> Text:
    return Text(
        printable(f"{_clock(at_s)} {text}"), style="yellow", no_wrap=True, overflow="ellipsis"
    )


def _grid(*ratios: int) -> Table:
    grid = Table.grid(expand=True)
    for ratio in ratios:
        grid.add_column(ratio=ratio)
    return grid


def _height(rows: list[RenderableType]) -> int:
    """Lines that the rows take: grids their rows, groups their parts."""
    total = 0
    for row in rows:
        total += row.row_count if isinstance(row, Table) else 1
        total += len(row.renderables) - 1 if isinstance(row, Group) else 0
    return total


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def line(show: Show) -> str:
    """The same in a line, for where there is no screen."""
    status = show.status
    place = f"{show.bar}.{show.beat}" if show.known else "listening"
    tempo = f"{show.bpm:.2f} BPM {show.source}{' held' if show.held and show.known else ''}"
    text = f"{show.state}  {show.slots[show.active].name}"
    if show.slots[show.active].broken:
        text += f": {printable(show.slots[show.active].why) or 'cannot be loaded'}"
    if show.called is not None:
        text += f" → {show.slots[show.called].name} in {show.bars_to_go:.1f} bars"
    if show.recording_error:
        text += "  NOT recording"
    elif show.recording is not None:
        text += f"  rec {show.recording:.0f} s"
    return (
        f"{text}  {tempo}  {place}  in {show.line_in.lufs:.1f} LUFS"
        f"  out {show.line_out.lufs:.1f} LUFS {show.line_out.true_peak_db:.1f} dBTP"
        f"  limit {status.limited_db:.1f} dB  wet {status.wet:.0%}"
        f"  {status.inferences} inferences  {status.gaps} gaps"
    )
