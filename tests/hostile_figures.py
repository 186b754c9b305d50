"""Hostile generators through the real commands: ``python -m tests.hostile_figures``.

A campaign and no test: each generator of :mod:`tests.hostile` through ``render``, ``play``,
``presets`` and ``rig check``, in processes of their own and with nothing known of it; then the same
interrupted at a random moment. Per command: exit statuses, time, the largest resident memory of any
of its processes, time from Ctrl-C to the end, and what of it left a traceback or a process behind.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import soundfile as sf

from tests import hostile
from tests.program import START

_TICK_S = 0.01
_GONE_S = 2.0  # children end with their parent within this
_MOST_S = 120.0
_PLAYED_S = 3.0


@dataclass
class Run:
    """What became of a command; ``ended_s`` from Ctrl-C to its end."""

    status: int
    seconds: float
    mib: float
    text: str
    left: int
    ended_s: float = 0.0


def commands(folder: Path, preset: Path) -> dict[str, list[str]]:
    """Each command on one preset."""
    rig = preset / "rig.toml"
    rig.write_text(f'[[slots]]\npreset = "{preset}"\n[[slots]]\npreset = "downbeat-filter"\n')
    source, sink = str(folder / "in.wav"), str(folder / "out.wav")
    with_it = ["--preset", str(preset)]
    played = ["--input", source, "--output", sink, "--bpm", "174", "--seconds", str(_PLAYED_S)]
    return {
        "render": ["render", source, sink, *with_it, "--bpm", "174"],
        "render --rig": ["render", source, sink, "--rig", str(rig), "--bpm", "174"],
        "play": ["play", *with_it, *played],
        "presets": ["presets", str(preset), "--json"],
        "rig check": ["rig", "check", str(rig)],
    }


def run(arguments: list[str], interrupted_s: float | None = None) -> Run:
    """A command until it ends, watched."""
    for kept in Path(os.environ["XDG_CACHE_HOME"]).glob("doubledrop/generators/*"):
        kept.unlink()
    began = time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = psutil.Popen([*START, *arguments], stdout=said, stderr=said)
        largest, sent, family = 0, 0.0, {}
        while process.poll() is None and time.monotonic() - began < _MOST_S:
            try:
                for one in [process, *process.children(recursive=True)]:
                    family[one.pid] = one
                    largest = max(largest, one.memory_info().rss)
            except psutil.Error:
                pass
            now = time.monotonic()
            if interrupted_s is not None and not sent and now - began > interrupted_s:
                process.send_signal(signal.SIGINT)
                sent = now
            time.sleep(_TICK_S)
        ended = time.monotonic()
        hung = process.poll() is None
        if hung:
            process.kill()
        status = process.wait()
        _, left = psutil.wait_procs(list(family.values()), timeout=_GONE_S)
        for one in left:
            one.kill()
        said.seek(0)
        text = said.read().decode(errors="replace")
    late = ended - sent if sent else 0.0
    return Run(99 if hung else status, ended - began, largest / 2**20, text, len(left), late)


def main(only: str = "") -> None:
    """Print a line for each command, and each run that is not as it should be."""
    # A shell that starts it in the background has it ignore Ctrl-C, and so would the commands.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        sound = 0.1 * np.random.default_rng(0).standard_normal((48000 * 6, 2))
        sf.write(folder / "in.wav", sound, 48000, subtype="FLOAT")
        kinds = [kind for kind in hostile.GENERATORS if only in kind]
        found: dict[str, list[Run]] = {}
        for number, kind in enumerate(kinds):
            preset = hostile.preset(folder, kind)
            every = list(commands(folder, preset).items())
            runs_it = kind not in hostile.SAYS or hostile.SAYS[kind].startswith(hostile.SHOWN)
            # What is refused before it runs is the same for all commands: they take turns.
            for command, arguments in every if runs_it or only else [every[number % len(every)]]:
                runs = [run(arguments)]
                runs.append(run(arguments, rng.uniform(0.0, max(0.2, runs[0].seconds))))
                for one in runs:
                    found.setdefault(command, []).append(one)
                    if _is_wrong(one):
                        print(f"{command}, {kind}: {one}", flush=True)
                print(
                    f"{kind:36} {command:12} "
                    + "; ".join(
                        f"{r.status} {r.seconds:.1f} s {r.mib:.0f} MiB"
                        + (f", Ctrl-C {r.ended_s:.1f} s" if r.ended_s else "")
                        for r in runs
                    ),
                    flush=True,
                )
        for command, runs in found.items():
            print(
                f"{command:14} {len(runs)} runs, statuses {sorted({r.status for r in runs})},"
                f" at most {max(r.seconds for r in runs):.1f} s,"
                f" {max(r.mib for r in runs):.0f} MiB,"
                f" Ctrl-C {max(r.ended_s for r in runs):.1f} s,"
                f" {sum(_is_wrong(r) for r in runs)} wrong"
            )


def _is_wrong(one: Run) -> bool:
    statuses = {0, 1, 2, 130, -signal.SIGINT} if one.ended_s else {0, 1, 2}
    return one.status not in statuses or "Traceback" in one.text or one.left > 0


if __name__ == "__main__":
    main(*sys.argv[1:])
