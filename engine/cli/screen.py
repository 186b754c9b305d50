"""The terminal screen of ``play``: what a performer needs to see in half a second.

Every line is one row, cut to the terminal's cells (a wide character takes two), so that nothing
wraps and the last line stays. Where there are more lines than rows the least important are left
out.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from engine.cli.rows import beside, columns, framed, gauge, row, wrapped
from engine.cli.set_rows import set_rows
from engine.dsp.meters import FLOOR_DB
from engine.host.meters import Levels
from engine.host.observer import SlotStatus, Snapshot
from engine.text import printable

_FLOOR = -48.0  # LUFS at the left end of a meter
_WIDE = 100  # characters of a meter
_BESIDE = 47  # characters beside one
_PLACE = 20  # characters of the crossfader
_TALL = 30  # rows from which on there is room for every slot in a line of its own
_FRESH_S = 8.0  # for so long an event is something to be read at once
_KEYS = (
    *("space tap", "d downbeat", "1-9 slot", "b bypass", "k kill", "m mute"),
    *("c cancel", "p panic", "q quit"),
)
_QUIT = Text(" q once more: quit ", style="bold black on yellow")
# What is left out first where rows are few; what has 0 stays in any case.
HEAD, TIME, WARNING, CALLED, METER, CONTROL, KEYS, SLOT, HEALTH, EVENT, AIR = range(11)

Line = tuple[int, Text]


def draw(
    snapshot: Snapshot,
    width: int,
    height: int,
    keys: bool,
    quitting: bool = False,
    encoding: str = "utf-8",
) -> list[Text]:
    """The rows of the screen.

    Args:
        snapshot: what there is to be seen.
        width: of the terminal, cells.
        height: of the terminal, rows.
        keys: whether the keyboard is listened to.
        quitting: whether q was pressed, and is asked for once more.
        encoding: of the terminal.
    """
    inner, rows = max(1, width - 4), max(1, height - 3)
    air = (AIR, Text())
    lines = [
        *_head(snapshot, inner),
        (TIME, _time(snapshot, inner)),
        *[(CALLED, text) for text in set_rows(snapshot.songs, inner)],
        air,
        *_slots(snapshot, inner, height),
        *_controls(snapshot, inner),
        air,
        *_levels(snapshot, inner),
        *_genres(snapshot, inner),
        air,
        *_health(snapshot, inner),
    ]
    bottom: list[Line] = []
    if keys:
        said = [row(_QUIT, inner)] if quitting else wrapped(_KEYS, inner)
        bottom = [(HEAD if quitting else KEYS, one) for one in said]
    newest = [event for event in snapshot.events if snapshot.seconds - event.at_s < _FRESH_S][-1:]
    room = min(rows, max(rows - len(lines) - len(bottom), len(newest)))
    lines += [
        (WARNING if event in newest else EVENT, _event(event.at_s, event.text, inner))
        for event in snapshot.events[max(0, len(snapshot.events) - room) :]
    ]
    lines += [air] * (rows - len(lines) - len(bottom))
    texts = [text for _, text in _fitting([*lines, *bottom], rows)]
    title = Text(f"doubledrop  {_clock(snapshot.seconds)}")
    subtitle = Text(f"{printable(snapshot.route)}, latency {snapshot.latency_ms:.1f} ms")
    style = "red" if snapshot.alarm else "green"
    return framed(texts, title, subtitle, width, style, encoding)


def _fitting(lines: Sequence[Line], rows: int) -> list[Line]:
    """As many lines as there are rows: the least important go, of two alike the lower one."""
    kept = sorted(range(len(lines)), key=lambda n: (lines[n][0], n))[:rows]
    return [lines[n] for n in sorted(kept)]


def _head(snapshot: Snapshot, width: int) -> list[Line]:
    red = "bold white on red"
    if snapshot.recording_error:
        take = Text(f"● NOT RECORDING: {printable(snapshot.recording_error)}", style="bold red")
    elif snapshot.recording is not None:
        take = Text(f"● rec {_clock(snapshot.recording)}", style="red")
    else:
        take = Text("not recording", style="dim")
    if snapshot.lost:
        lost = Text(f" {snapshot.state}: waiting for {printable(snapshot.lost)} ", style=red)
        return [(HEAD, row(lost, width, pad=True)), (TIME, beside(Text(), take, width))]
    state = Text(f" {snapshot.state} ", style=red if snapshot.alarm else "bold black on green")
    return [(HEAD, beside(state, take, width, first=True))]


def _time(snapshot: Snapshot, width: int) -> Text:
    tempo = Text(f"{snapshot.bpm:7.2f} BPM ", style="bold" if snapshot.known else "yellow")
    tempo.append(
        snapshot.source + (" held" if snapshot.held and snapshot.known else ""), style="cyan"
    )
    if not snapshot.known:
        tempo.append("  listening", style="yellow")
    if snapshot.confidence is not None:
        tempo.append(f"  sure {snapshot.confidence:.0%}", style="dim")
    place = Text()
    if snapshot.known:
        place.append(f"bar {snapshot.bar} of {snapshot.bars}  ")
        for beat in range(1, snapshot.beats + 1):
            place.append("■" if beat == snapshot.beat else "□", style="bold" if beat == 1 else "")
            place.append(" " * (beat < snapshot.beats))
    return beside(tempo, place, width)


def _slots(snapshot: Snapshot, width: int, height: int) -> list[Line]:
    """All slots, in two columns where there are many and rows are few."""
    marked = (snapshot.active, snapshot.called)
    cells = [
        (CALLED if n in marked else SLOT, _slot(snapshot, n, slot))
        for n, slot in enumerate(snapshot.slots)
    ]
    if height >= _TALL or len(cells) <= 4:
        return [(importance, row(text, width)) for importance, text in cells]
    half = -(-len(cells) // 2)
    pairs = [cells[at::half] for at in range(half)]
    return [(min(i for i, _ in pair), columns([t for _, t in pair], 2, width)) for pair in pairs]


def _slot(snapshot: Snapshot, number: int, slot: SlotStatus) -> Text:
    name, text = printable(slot.name), Text()
    if number == snapshot.active:
        text.append(f"▶ {number + 1} {name}", style="bold green")
    elif number == snapshot.called:
        text.append(f"◆ {number + 1} {name}", style="bold yellow")
        text.append(f"  in {snapshot.bars_to_go:.1f} bars", style="yellow")
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


def _controls(snapshot: Snapshot, width: int) -> list[Line]:
    """Crossfader and macros with their places, and what waits to be picked up."""
    lines: list[Line] = []
    if snapshot.sides is not None:
        a, b = (str(side + 1) for side in snapshot.sides)
        fader = Text(f"A {a} ", style="cyan")
        if snapshot.crossfader is None:
            fader.append("·" * (_PLACE + 1), style="dim").append(f" {b} B")
        else:
            place = round(snapshot.crossfader * _PLACE)
            fader.append("─" * place + "█" + "─" * (_PLACE - place) + f" {b} B")
            fader.append(f"  {snapshot.crossfader:.0%}")
        lines.append((CONTROL, row(fader, width)))
    if snapshot.macros:
        knobs = Text("macros")
        for number, at in enumerate(snapshot.macros, 1):
            knobs.append(f"  {number} ").append(f"{at:.0%}", style="cyan")
        lines.append((CONTROL, row(knobs, width)))
    if snapshot.waiting:
        lines.append((WARNING, row(Text(", ".join(_waiting(snapshot)), style="yellow"), width)))
    return lines


def _genres(snapshot: Snapshot, width: int) -> list[Line]:
    """What line-in and line-out are called, once that is known."""
    if not snapshot.genres:
        return []
    return [(EVENT, row(Text(printable(snapshot.genres), style="cyan"), width))]


def _waiting(snapshot: Snapshot) -> list[str]:
    """Where each control has to go before it takes hold, and where it is."""
    return [
        f"{target} waits at {100 * it.wanted:.0f} % ({it.control} is at {100 * it.place:.0f} %)"
        for target, it in snapshot.waiting.items()
    ]


def _levels(snapshot: Snapshot, width: int) -> list[Line]:
    span = min(max(0, width - _BESIDE), _WIDE)
    clip = Text(" CLIP ", style="bold white on red") if snapshot.clip else Text()
    limit = Text(" LIMIT ", style="bold black on yellow") if snapshot.limit else Text()
    if snapshot.limit:
        limit.append(f" {snapshot.limited_db:5.1f} dB", style="default on default not bold")
    out = snapshot.line_out  # short-term and integrated, as R 128 abbreviates them
    meters = ((clip, "in ", snapshot.line_in), (limit, "out", out))
    knobs = (
        ("wet", snapshot.wet, f"S {out.short_term:6.1f} LUFS"),
        ("lev", snapshot.level, f"I {out.integrated:6.1f} LUFS"),
    )
    lines = [
        (METER, beside(Text.assemble(f"{name} ", _bar(at, span), " ", _figures(at)), lamp, width))
        for lamp, name, at in meters
    ]
    return lines + [
        (CONTROL, row(Text.assemble(f"{name} ", gauge(at, span), f" {at:6.0%}  {loud}"), width))
        for name, at, loud in knobs
    ]


def _bar(meter: Levels, span: int) -> Text:
    filled = round(span * min(1.0, max(0.0, 1.0 - meter.lufs / _FLOOR)))
    peak = round(span * min(1.0, max(0.0, 1.0 - meter.true_peak_db / _FLOOR)))
    text = Text("█" * filled, style="green")
    text.append("░" * max(0, peak - filled), style="yellow")
    return text.append("·" * (span - max(filled, peak)), style="dim")


def _figures(meter: Levels) -> Text:
    if meter.lufs <= FLOOR_DB + 1.0:
        return Text("silence".rjust(23), style="dim")
    return Text(f"{meter.lufs:6.1f} LUFS {meter.true_peak_db:6.1f} dBTP")


def _health(snapshot: Snapshot, width: int) -> list[Line]:
    status = snapshot.status
    first = Text(" DROPOUT ", style="bold white on red") if snapshot.dropout else Text()
    first.append("  " * snapshot.dropout + f"load {snapshot.load:4.0%}", style="default on default")
    first.append(f"  callback p99 {status.callback_ms['p99']:.2f} ms")
    first.append(f"  gains {status.age_ms['p50']:.0f} ms old (p99 {status.age_ms['p99']:.0f})")
    second = Text()
    if status.lost or status.restarts:
        second.append(f"lost {status.lost}  restarts {status.restarts}  ", style="yellow")
    second.append(f"gaps {status.gaps}  device flags {status.flags}")
    second.append(f"  {status.late_gains} gains late of {status.inferences} inferences")
    ports = ", ".join(map(printable, snapshot.ports)) or "no ports"
    heard = Text(f"MIDI {printable(snapshot.midi) or '-'}  ({ports})")
    importance = WARNING if snapshot.dropout else HEALTH
    return [
        (importance, row(first, width)),
        (HEALTH, row(second, width)),
        (HEALTH, row(heard, width)),
    ]


def _event(at_s: float, text: str, width: int) -> Text:
    return row(Text(f"{_clock(at_s)} {printable(text)}", style="yellow"), width)


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def line(snapshot: Snapshot) -> str:
    """The same in a line, for where there is no screen."""
    now, status = snapshot, snapshot.status
    place = f"bar {now.bar} of {now.bars} beat {now.beat}" if now.known else "listening"
    tempo = f"{now.bpm:.2f} BPM {now.source}{' held' if now.held and now.known else ''}"
    if now.confidence is not None:
        tempo += f" sure {now.confidence:.0%}"
    text = f"{now.state}{f': waiting for {printable(now.lost)}' if now.lost else ''}"
    text += f"  {printable(now.slots[now.active].name)}"
    if now.slots[now.active].broken:
        text += f": {printable(now.slots[now.active].why) or 'cannot be loaded'}"
    if now.called is not None:
        text += f" → {printable(now.slots[now.called].name)} in {now.bars_to_go:.1f} bars"
    if now.recording_error:
        text += f"  NOT recording: {printable(now.recording_error)}"
    elif now.recording is not None:
        text += f"  rec {now.recording:.0f} s"
    lamps = {"CLIP": now.clip, f"LIMIT {now.limited_db:.1f} dB": now.limit}
    lamps |= {"DROPOUT": now.dropout}
    lit = "".join(f"  {name}" for name, on in lamps.items() if on)
    waits = "".join(f"  {said}" for said in _waiting(now))
    return (
        f"{text}  {tempo}  {place}  in {now.line_in.lufs:.1f} LUFS"
        f"  out {now.line_out.lufs:.1f} LUFS {now.line_out.true_peak_db:.1f} dBTP{lit}{waits}"
        f"  wet {status.wet:.0%}  {status.inferences} inferences  {status.gaps} gaps"
    )
