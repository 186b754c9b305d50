"""A recording of more than 4 GiB: plain WAV before, RF64 after. ``python -m tests.long_recording``.

Not among the tests: it takes the disk's time for 4.3 GB.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import soundfile as sf

from engine.io.wav import GrowingWav

RATE, BLOCK = 48000, 1 << 23
LIMIT = 0xFFFFFFFF


def main() -> None:
    """Write it, and look at its header on both sides of the limit."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "long.wav")
        path.touch()
        file = GrowingWav(path, RATE, 2, "PCM_24")
        block = np.zeros((2, BLOCK), np.float32)
        block[:, 0] = 0.5
        names = []
        while file.frames * 6 <= LIMIT:
            file.write(block)
            with path.open("rb") as head:
                names.append(head.read(4))
        file.close()
        assert names == [b"RIFF"] * (len(names) - 1) + [b"RF64"]
        assert sf.info(path).frames == file.frames
        with sf.SoundFile(path) as read:
            read.seek(file.frames - BLOCK)
            assert np.array_equal(read.read(2), [[0.5, 0.5], [0.0, 0.0]])
        print(f"{path.stat().st_size / 2**30:.2f} GiB, RIFF below 4 GiB and RF64 above")


if __name__ == "__main__":
    main()
