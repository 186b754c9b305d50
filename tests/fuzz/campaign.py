"""A search for inputs that break something, led by what code they reach (atheris, libFuzzer).

``python -m tests.fuzz.campaign TARGET --minutes 10`` needs `pip install atheris` (Google's
coverage-guided fuzzer of Python code). What is found is written to ``tests/fuzz/corpus/TARGET``:
one input for each place in the code that raises or hangs, and the search goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from types import FrameType

DEADLINE_S, WAITS_S = 5, 60
"""An input hangs that takes longer: of the processor's time, and by the clock, which on a machine
that others use says nothing sooner."""


class Hang(Exception):
    """An input takes too long."""


def _hang(number: int, frame: FrameType | None) -> None:
    raise Hang


def _compiled() -> list[str]:
    """Modules whose functions numba compiles: it cannot read bytecode that counts its branches."""
    root = Path(__file__).parents[2]
    ours = re.compile(r"^\s*@(compiled\(|numba\.)|^import numba", re.MULTILINE)
    files = [path for path in (root / "engine").rglob("*.py") if ours.search(path.read_text())]
    return [".".join(path.relative_to(root).with_suffix("").parts) for path in files]


def place_of(fault: BaseException) -> str:
    """Where in our code something was raised, and what: faults of one place are one."""
    frames = traceback.extract_tb(fault.__traceback__)
    ours = [f for f in frames if "/engine/" in f.filename] or list(frames)
    return f"{type(fault).__name__} {Path(ours[-1].filename).name}:{ours[-1].lineno}"


def main() -> None:
    """Search, and say what was tried and found."""
    import atheris

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("--minutes", type=float, default=10.0)
    asked = parser.parse_args()
    with atheris.instrument_imports(include=["engine"], exclude=_compiled()):
        from engine.host.compiling import load
        from tests.fuzz.seeds import CORPUS, kept, seeds
        from tests.fuzz.targets import TARGETS
    load()  # which no input is to wait for
    target, findings = TARGETS[asked.target], CORPUS / asked.target
    folder = Path(tempfile.mkdtemp())
    known: dict[str, int] = {}
    tried, longest, until = 0, 0.0, time.monotonic() + 60 * asked.minutes
    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, _hang)

    def try_one(data: bytes) -> None:
        nonlocal tried, longest
        began = time.process_time()
        signal.alarm(WAITS_S)
        signal.setitimer(signal.ITIMER_PROF, DEADLINE_S)
        try:
            target(data, folder)
        except BaseException as fault:
            place = place_of(fault)
            if place not in known:
                findings.mkdir(parents=True, exist_ok=True)
                (findings / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)
                print(f"FOUND {place}: {str(fault)[:200]!r}", flush=True)
                traceback.print_exception(fault)
            known[place] = known.get(place, 0) + 1
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.alarm(0)
        tried, longest = tried + 1, max(longest, time.process_time() - began)
        if time.monotonic() > until:
            print(f"{asked.target}: {tried} inputs, longest {longest:.2f} s, faults {known}")
            sys.stdout.flush()
            os._exit(bool(known))  # libFuzzer takes any other end for a fault

    start = Path(tempfile.mkdtemp())
    for n, data in enumerate(seeds(asked.target) + kept(asked.target)):
        (start / f"{n}").write_bytes(data)
    options = ["-rss_limit_mb=4096", "-max_len=65536", "-verbosity=0", "-handle_alrm=0"]
    atheris.Setup([sys.argv[0], str(start), *options], try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
