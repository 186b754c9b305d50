"""The sound of the README: ``python -m tests.make_media``.

Four bars of the demo feed as they are, and again through ``liquid-to-dancefloor``, equally loud.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile as sf

from engine.io.sources import demo_feed

PLACE = Path(__file__).parent.parent / "docs" / "media" / "before-after.mp3"
BARS, FIRST = 4, 12
FADE_S = 0.01


def main() -> None:
    """Render the feed, cut both and put them together."""
    feed, tempo = demo_feed()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.wav"
        tempi = ["--bpm", str(tempo.bpm), "--downbeat", str(tempo.downbeat_s)]
        command = ["render", str(feed), str(out), "--preset", "liquid-to-dancefloor", *tempi]
        subprocess.run([sys.executable, "-m", "engine.cli", *command], check=True)
        sounds = [sf.read(path, dtype="float32") for path in (feed, out)]
    rate = sounds[0][1]
    first = round((tempo.downbeat_s + FIRST * tempo.bar_s) * rate)
    parts = [sound[first : first + round(BARS * tempo.bar_s * rate)] for sound, _ in sounds]
    edge = np.ones(len(parts[0]))
    ramp = np.linspace(0.0, 1.0, round(FADE_S * rate))
    edge[: len(ramp)], edge[-len(ramp) :] = ramp, ramp[::-1]
    quietest = min(np.sqrt(np.mean(part**2)) for part in parts)
    level = [part * edge[:, None] * (quietest / np.sqrt(np.mean(part**2))) for part in parts]
    PLACE.parent.mkdir(exist_ok=True)
    sf.write(PLACE, np.concatenate(level), rate, format="MP3")
    print(PLACE)


if __name__ == "__main__":
    main()
