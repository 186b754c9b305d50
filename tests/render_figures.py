"""Speed and memory of whole renders: ``python -m tests.render_figures``.

A benchmark and no test: five minutes of stereo through a 9-block, 32-channel network with random
weights (the paper's generator at half its channels), as a process of its own; then the memory of
an hour against five minutes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile as sf

from engine.diagnostics.bench import music
from export import handmade

RATE = 48000
PRESET = 'format = 1\ndescription = "random weights"\nlicence = "none"\n'


def make_preset(folder: Path, name: str) -> Path:
    """A preset of a generator made by hand."""
    preset = folder / name
    handmade.write(handmade.GENERATORS[name], preset / "generator.onnx")
    (preset / "preset.toml").write_text(PRESET, encoding="utf-8")
    return preset


def make_feed(path: Path, minutes: int) -> Path:
    """So many minutes of stereo."""
    minute = music(np.random.default_rng(0), 60.0).T
    with sf.SoundFile(path, "w", RATE, 2, "FLOAT") as file:
        for _ in range(minutes):
            file.write(minute)
    return path


def render(feed: Path, preset: Path) -> tuple[float, float, dict[str, object]]:
    """Wall time in seconds, peak resident memory in MiB, and what --json says."""
    code = (
        "from engine.cli import main; import sys\n"
        "from engine.diagnostics.bench import peak_rss_mib\n"
        "try: main()\n"
        "finally: print(peak_rss_mib(), file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", code, "render", str(feed), str(feed.with_name("out.wav"))]
    begun = time.monotonic()
    done = subprocess.run(
        [*command, "--preset", str(preset), "--bpm", "175", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    wall = time.monotonic() - begun
    return wall, float(done.stderr.split()[-1]), json.loads(done.stdout)


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        five = make_feed(folder / "five.wav", 5)
        network = make_preset(folder, "resnet-32")
        factors = []
        for _ in range(3):
            wall, _, said = render(five, network)
            factors.append(300 / wall)
            print(
                f"render, 5 min stereo, 9 blocks, 32 channels, late: {wall:.1f} s,"
                f" {300 / wall:.1f} × real time as a whole process"
                f" ({said['realtime_factor']:.1f} × without its start)",
                flush=True,
            )
        print(f"  median {np.median(factors):.1f} × real time")
        filter_preset = make_preset(folder, "downbeat-filter")
        _, small, _ = render(five, filter_preset)
        hour = make_feed(folder / "hour.wav", 60)
        _, large, _ = render(hour, filter_preset)
        print(f"memory of render, 5 / 60 min: {small:.0f} / {large:.0f} MiB")


if __name__ == "__main__":
    main()
