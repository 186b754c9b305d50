"""The terminal screen of ``play``: what a performer needs to see in half a second.

Every line is one row, cut to the terminal's cells (a wide character takes two), so that nothing
wraps and the last line stays. Where there are more lines than rows the least important are left
out.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from engine.cli.rows import beside, columns, framed, gauge, row, wrapped
from engine.dsp.meters import FLOOR_DB
from engine.live.ear import Meter
from engine.live.show import Show, Slot
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
    show: Show,
    width: int,
    height: int,
    keys: bool,
    quitting: bool = False,
    encoding: str = "utf-8",
) -> list[Text]:
    """The rows of the screen.

    Args:
        show: what there is to be seen.
        width, height: of the terminal, characters.
        keys: whether the keyboard is listened to.
        quitting: whether q was pressed, and is asked for once more.
        encoding: of the terminal.
    """
    inner, rows = max(1, width - 4), max(1, height - 3)
    air = (AIR, Text())
    lines = [
        *_head(show, inner),
        (TIME, _time(show, inner)),
        air,
        *_slots(show, inner, height),
        *_controls(show, inner),
        air,
        *_levels(show, inner),
        air,
        *_health(show, inner),
    ]
    bottom: list[Line] = []
    if keys:
        said = [row(_QUIT, inner)] if quitting else wrapped(_KEYS, inner)
        bottom = [(HEAD if quitting else KEYS, one) for one in said]
    newest = [event for event in show.events if show.seconds - event.at_s < _FRESH_S][-1:]
    room = min(rows, max(rows - len(lines) - len(bottom), len(newest)))
    lines += [
        (WARNING if event in newest else EVENT, _event(event.at_s, event.text, inner))
        for event in show.events[max(0, len(show.events) - room) :]
    ]
    lines += [air] * (rows - len(lines) - len(bottom))
    texts = [text for _, text in _fitting([*lines, *bottom], rows)]
    title = Text(f"doubledrop  {_clock(show.seconds)}")
    subtitle = Text(f"{printable(show.route)}, latency {show.latency_ms:.1f} ms")
    style = "red" if show.alarm else "green"
    return framed(texts, title, subtitle, width, style, encoding)


def _fitting(lines: Sequence[Line], rows: int) -> list[Line]:
    """As many lines as there are rows: the least important go, of two alike the lower one."""
    kept = sorted(range(len(lines)), key=lambda n: (lines[n][0], n))[:rows]
    return [lines[n] for n in sorted(kept)]


def _head(show: Show, width: int) -> list[Line]:
    red = "bold white on red"
    if show.recording_error:
        take = Text(f"● NOT RECORDING: {printable(show.recording_error)}", style="bold red")
    elif show.recording is not None:
        take = Text(f"● rec {_clock(show.recording)}", style="red")
    else:
        take = Text("not recording", style="dim")
    if show.lost:
        lost = Text(f" {show.state}: waiting for {printable(show.lost)} ", style=red)
        return [(HEAD, row(lost, width, pad=True)), (TIME, beside(Text(), take, width))]
    state = Text(f" {show.state} ", style=red if show.alarm else "bold black on green")
    return [(HEAD, beside(state, take, width, first=True))]


def _time(show: Show, width: int) -> Text:
    tempo = Text(f"{show.bpm:7.2f} BPM ", style="bold" if show.known else "yellow")
    tempo.append(show.source + (" held" if show.held and show.known else ""), style="cyan")
    if not show.known:
        tempo.append("  listening", style="yellow")
    if show.confidence is not None:
        tempo.append(f"  sure {show.confidence:.0%}", style="dim")
    place = Text()
    if show.known:
        place.append(f"bar {show.bar} of {show.bars}  ")
        for beat in range(1, show.beats + 1):
            place.append("■" if beat == show.beat else "□", style="bold" if beat == 1 else "")
            place.append(" " * (beat < show.beats))
    return beside(tempo, place, width)


def _slots(show: Show, width: int, height: int) -> list[Line]:
    """All slots, in two columns where there are many and rows are few."""
    marked = (show.active, show.called)
    cells = [
        (CALLED if n in marked else SLOT, _slot(show, n, slot)) for n, slot in enumerate(show.slots)
    ]
    if height >= _TALL or len(cells) <= 4:
        return [(importance, row(text, width)) for importance, text in cells]
    half = -(-len(cells) // 2)
    pairs = [cells[at::half] for at in range(half)]
    return [(min(i for i, _ in pair), columns([t for _, t in pair], 2, width)) for pair in pairs]


def _slot(show: Show, number: int, slot: Slot) -> Text:
    name, text = printable(slot.name), Text()
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


def _controls(show: Show, width: int) -> list[Line]:
    """Crossfader and macros with their places, and what waits to be picked up."""
    lines: list[Line] = []
    if show.sides is not None:
        a, b = (str(side + 1) for side in show.sides)
        fader = Text(f"A {a} ", style="cyan")
        if show.crossfader is None:
            fader.append("·" * (_PLACE + 1), style="dim").append(f" {b} B")
        else:
            place = round(show.crossfader * _PLACE)
            fader.append("─" * place + "█" + "─" * (_PLACE - place) + f" {b} B")
            fader.append(f"  {show.crossfader:.0%}")
        lines.append((CONTROL, row(fader, width)))
    if show.macros:
        knobs = Text("macros")
        for number, at in enumerate(show.macros, 1):
            knobs.append(f"  {number} ").append(f"{at:.0%}", style="cyan")
        lines.append((CONTROL, row(knobs, width)))
    if show.waiting:
        lines.append((WARNING, row(Text(", ".join(_waiting(show)), style="yellow"), width)))
    return lines


def _waiting(show: Show) -> list[str]:
    """Where each control has to go before it takes hold, and where it is."""
    return [
        f"{target} waits at {100 * it.wanted:.0f} % ({it.control} is at {100 * it.place:.0f} %)"
        for target, it in show.waiting.items()
    ]


def _levels(show: Show, width: int) -> list[Line]:
    span = min(max(0, width - _BESIDE), _WIDE)
    clip = Text(" CLIP ", style="bold white on red") if show.clip else Text()
    limit = Text(" LIMIT ", style="bold black on yellow") if show.limit else Text()
    if show.limit:
        limit.append(f" {show.limited_db:5.1f} dB", style="default on default not bold")
    out = show.line_out  # short-term and integrated, as R 128 abbreviates them
    meters = ((clip, "in ", show.line_in), (limit, "out", out))
    knobs = (
        ("wet", show.wet, f"S {out.short_term:6.1f} LUFS"),
        ("lev", show.level, f"I {out.integrated:6.1f} LUFS"),
    )
    lines = [
        (METER, beside(Text.assemble(f"{name} ", _bar(at, span), " ", _figures(at)), lamp, width))
        for lamp, name, at in meters
    ]
    return lines + [
        (CONTROL, row(Text.assemble(f"{name} ", gauge(at, span), f" {at:6.0%}  {loud}"), width))
        for name, at, loud in knobs
    ]


def _bar(meter: Meter, span: int) -> Text:
    filled = round(span * min(1.0, max(0.0, 1.0 - meter.lufs / _FLOOR)))
    peak = round(span * min(1.0, max(0.0, 1.0 - meter.true_peak_db / _FLOOR)))
    text = Text("█" * filled, style="green")
    text.append("░" * max(0, peak - filled), style="yellow")
    return text.append("·" * (span - max(filled, peak)), style="dim")


def _figures(meter: Meter) -> Text:
    if meter.lufs <= FLOOR_DB + 1.0:
        return Text("silence".rjust(23), style="dim")
    return Text(f"{meter.lufs:6.1f} LUFS {meter.true_peak_db:6.1f} dBTP")


def _health(show: Show, width: int) -> list[Line]:
    status = show.status
    first = Text(" DROPOUT ", style="bold white on red") if show.dropout else Text()
    first.append("  " * show.dropout + f"load {show.load:4.0%}", style="default on default")
    first.append(f"  callback p99 {status.callback_ms['p99']:.2f} ms")
    first.append(f"  gains {status.age_ms['p50']:.0f} ms old (p99 {status.age_ms['p99']:.0f})")
    second = Text()
    if status.lost or status.restarts:
        second.append(f"lost {status.lost}  restarts {status.restarts}  ", style="yellow")
    second.append(f"gaps {status.gaps}  device flags {status.flags}")
    second.append(f"  {status.late_gains} gains late of {status.inferences} inferences")
    ports = ", ".join(map(printable, show.ports)) or "no ports"
    heard = Text(f"MIDI {printable(show.midi) or '-'}  ({ports})")
    importance = WARNING if show.dropout else HEALTH
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


def line(show: Show) -> str:
    """The same in a line, for where there is no screen."""
    status = show.status
    place = f"bar {show.bar} of {show.bars} beat {show.beat}" if show.known else "listening"
    tempo = f"{show.bpm:.2f} BPM {show.source}{' held' if show.held and show.known else ''}"
    if show.confidence is not None:
        tempo += f" sure {show.confidence:.0%}"
    text = f"{show.state}{f': waiting for {printable(show.lost)}' if show.lost else ''}"
    text += f"  {printable(show.slots[show.active].name)}"
    if show.slots[show.active].broken:
        text += f": {printable(show.slots[show.active].why) or 'cannot be loaded'}"
    if show.called is not None:
        text += f" → {printable(show.slots[show.called].name)} in {show.bars_to_go:.1f} bars"
    if show.recording_error:
        text += f"  NOT recording: {printable(show.recording_error)}"
    elif show.recording is not None:
        text += f"  rec {show.recording:.0f} s"
    lamps = {"CLIP": show.clip, f"LIMIT {show.limited_db:.1f} dB": show.limit}
    lamps |= {"DROPOUT": show.dropout}
    lit = "".join(f"  {name}" for name, on in lamps.items() if on)
    waits = "".join(f"  {said}" for said in _waiting(show))
    return (
        f"{text}  {tempo}  {place}  in {show.line_in.lufs:.1f} LUFS"
        f"  out {show.line_out.lufs:.1f} LUFS {show.line_out.true_peak_db:.1f} dBTP{lit}{waits}"
        f"  wet {status.wet:.0%}  {status.inferences} inferences  {status.gaps} gaps"
    )
