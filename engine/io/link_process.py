"""The process that takes part in an Ableton Link session.

``engine.io.link_process BEATS``, see :mod:`engine.processes.child`.
It writes a line of JSON every 50 ms: peers, tempo,
beat, and the time of ``time.monotonic`` they are for. It never sets the tempo of the session:
doubledrop follows.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import warnings

_PERIOD_S = 0.05


async def main(beats_per_bar: int) -> None:
    """Serve until the parent is gone; bars lie on the multiples of ``beats_per_bar``."""
    from aalink import Link

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        link = Link(120.0, asyncio.get_running_loop())
    link.quantum, link.enabled = beats_per_bar, True
    while True:
        before = time.monotonic()
        phase, tempo = link.phase, link.tempo
        at = 0.5 * (before + time.monotonic())
        line = {"peers": link.num_peers, "bpm": tempo, "beat": phase, "at": at}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        await asyncio.sleep(_PERIOD_S)


if __name__ == "__main__":
    try:
        asyncio.run(main(int(sys.argv[1])))
    except ImportError:
        print(json.dumps({"missing": "aalink"}), flush=True)
