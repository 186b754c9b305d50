"""``kill -9`` of any of the processes of real sessions at random moments, and what is left.

``python -m tests.kill_campaign RUNS [--stage] [--seed N]``. Without ``--stage`` each session plays
the demo into a file; with it, a rig on a JACK server without a sound card, recorded. It prints one
line of JSON, and ends with status 1 where something was left, or a recording was not.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import wave
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

from engine.processes.leftovers import places
from engine.state import shared_state as b
from engine.takes.recorder import NAMES
from tests.program import START

_GONE_S, _SHORT_S = 2.0, 0.2
_RIG = """[[slots]]
preset = "downbeat-filter"
[[slots]]
preset = "liquid-to-dancefloor"
[[controls]]
control = "cc16"
target = "wet"
"""


def _stat(pid: int) -> tuple[int, str, str]:
    """Parent, state and time of start of a process; 0 where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0, "", ""
    return int(fields[1]), fields[0], fields[19]


def family(pid: int) -> dict[int, str]:
    """A process and all that came of it, with the times of their starts."""
    numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    everyone = {number: _stat(number) for number in numbers}
    found = {pid: everyone.get(pid, (0, "", ""))[2]}
    while more := {
        one: start
        for one, (parent, _, start) in everyone.items()
        if parent in found and one not in found
    }:
        found |= more
    return found


def alive(found: dict[int, str]) -> list[int]:
    """Those that still run."""
    now = {pid: _stat(pid) for pid in found}
    return [p for p, (_, state, start) in now.items() if start == found[p] and state not in "ZX"]


def until(true: Callable[[], Any], longest_s: float) -> bool:
    """Whether it became true in time."""
    deadline = time.monotonic() + longest_s
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def memory_of(pid: int | None = None) -> list[Path]:
    """Files of shared memory that a process, or any, has made."""
    pattern = f"doubledrop-{pid}-*" if pid else "doubledrop-[0-9]*-*"
    return [path for folder in places() if folder.is_dir() for path in folder.glob(pattern)]


class Run:
    """One session, and what becomes of it.

    Args:
        folder: an empty one.
        rng: decides when and who.
        stage: on the server instead of into a file.
        longest_s: until the first of the processes is killed.
    """

    def __init__(self, folder: Path, rng: random.Random, stage: bool, longest_s: float) -> None:
        self._folder, self._rng, self._stage = folder, rng, stage
        self.faults: list[str] = []
        self.short_s: list[float] = []
        self.phase = ""
        words = ["play", "--input", "demo", "--output", "out.wav"]
        if stage:
            (folder / "rig.toml").write_text(_RIG)
            words = ["play", "rig.toml", "--record", "takes"]
        with (folder / "err").open("wb") as err:
            self._process = subprocess.Popen(
                [*START, *words], cwd=folder, stdout=err, stderr=err, stdin=subprocess.DEVNULL
            )
        self.pid = self._process.pid
        self.everyone: dict[int, str] = {}
        self._kill(rng.uniform(0.0, longest_s))
        self._check()

    def _kill(self, after_s: float) -> None:
        until(lambda: self._process.poll() is not None, after_s)
        everyone = self.everyone = family(self.pid)
        victims = self._rng.sample(sorted(everyone), self._rng.randint(1, len(everyone)))
        self.phase = self._phase()
        heard = self._heard()
        for pid in victims:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.pid not in victims:
            until(lambda: self._process.poll() is not None, self._rng.uniform(0.0, 4.0))
            told = (self._folder / "err").read_text(encoding="utf-8", errors="replace")
            files = not self._stage and "the process of the files" in told  # they are not reopened
            if self.phase == "plays" and self._process.poll() is not None and not files:
                self.faults.append(f"ended with status {self._process.returncode} by its children")
            self.everyone |= family(self.pid)
            heard = self._heard()
            self._process.send_signal(self._rng.choice([signal.SIGKILL, signal.SIGTERM]))
            if not until(lambda: self._process.poll() is not None, 20.0):
                self.faults.append("does not end")
                self._process.kill()
        self._process.wait()
        if not until(lambda: not alive(self.everyone), _GONE_S):
            who = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in alive(self.everyone)]
            self.faults.append(f"still there after {_GONE_S:g} s: {who}")
        self._expect(heard)

    def _phase(self) -> str:
        if self._stage:
            return "plays" if self._said("latency") else "loads"
        return "plays" if (self._folder / "out.wav").exists() else "loads"

    def _said(self, word: str) -> bool:
        return word in (self._folder / "err").read_text(errors="replace")

    def _takes(self) -> list[Path]:
        return sorted((self._folder / "takes").glob("*/take.json"))

    def _heard(self) -> int | None:
        """Samples that have been played since the take began; None before that."""
        takes = self._takes()
        for path in memory_of(self.pid) if takes else []:
            if path.stat().st_size > 1 << 23:  # the feed alone is as large
                with suppress(ValueError, OSError):
                    first = json.loads(takes[-1].read_text())["first_sample"]
                    return b.SharedState(path).device.played - int(first)
        return None

    def _expect(self, heard: int | None) -> None:
        if not self._stage:
            path = self._folder / "out.wav"
            if path.exists():
                self._listen(path, (path.stat().st_size - 100) // 8)
            return
        for take in self._takes():
            for name in NAMES:
                path = take.with_name(f"{name}.wav")
                if path.exists():
                    self._listen(path, (path.stat().st_size - 100) // 8 if heard is None else heard)
                elif heard and heard > _SHORT_S * 48000:
                    self.faults.append(f"no {path.name}")

    def _listen(self, path: Path, expected: int) -> None:
        """Whether a recording can be read, and how much of what was played is not in it."""
        try:
            sound, rate = sf.read(path, dtype="float32")
        except (sf.LibsndfileError, RuntimeError) as fault:
            if expected > 0:
                self.faults.append(f"{path.name} ({path.stat().st_size} bytes): {fault}")
            return
        self.short_s.append((expected - len(sound)) / rate)
        if self.short_s[-1] > _SHORT_S:
            self.faults.append(f"{path.name} is {self.short_s[-1]:.3f} s short")
        if not np.isfinite(sound).all():
            self.faults.append(f"{path.name} holds what is no number")
        if not self._stage and path.read_bytes()[:4] == b"RIFF" and rate:
            with suppress(wave.Error):  # float, which older Pythons do not read
                wave.open(str(path)).close()

    def _check(self) -> None:
        text = (self._folder / "err").read_text(errors="replace")
        if "Traceback" in text or "Exception" in text:
            self.faults.append(f"a traceback: {text[-600:]}")


def campaign(runs: int, seed: int, stage: bool, longest_s: float) -> dict[str, Any]:
    """All runs; what was found in them."""
    rng, before = random.Random(seed), memory_of()
    phases: Counter[str] = Counter()
    faults: list[str] = []
    short: list[float] = []
    left, processes, orphans = 0, 0, 0
    earlier: list[Path] = []
    for number in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            run = Run(Path(folder), rng, stage, longest_s)
        phases[run.phase] += 1
        processes += len(run.everyone)
        orphans += any("still there" in fault for fault in run.faults)
        faults += [f"run {number} of seed {seed}, {run.phase}: {fault}" for fault in run.faults]
        short += run.short_s
        if run.phase == "plays":  # it has started: what others left has to be gone
            left += sum(path.exists() for path in earlier)
            earlier = []
        earlier += [path for path in memory_of(run.pid) if path not in before]
    return {
        "runs": runs,
        "phases": dict(phases),
        "processes": processes,
        "runs with processes after 2 s": orphans,
        "leftovers after the next start": left,
        "recordings": len(short),
        "short s, at most": max(short, default=0.0),
        "faults": faults,
    }


def main() -> None:
    """As it is called."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stage", action="store_true")
    parser.add_argument("--longest-s", type=float, default=15.0)
    given = parser.parse_args()
    server = None
    if given.stage:
        from tests.live.stage import Server

        server = Server()
        server.start()
    try:
        found = campaign(given.runs, given.seed, given.stage, given.longest_s)
    finally:
        if server is not None:
            server.stop()
    print(json.dumps(found))
    sys.exit(bool(found["faults"] or found["leftovers after the next start"]))


if __name__ == "__main__":
    main()
