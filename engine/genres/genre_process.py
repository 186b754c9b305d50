"""The process that names the genres of line-in and line-out.

``engine.genres.genre_process MEMORY [CLASSIFIER]``, see :mod:`engine.processes.child`. It first
says which genres there are, and then, every two seconds, the shares of each in the last seconds of
both lines, and the time that cost. It reads rings of the shared memory and writes nothing there:
the callback does not know that it exists.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np

from engine.genres.classifier import Classifier
from engine.genres.meter import Line
from engine.processes.speech import say
from engine.state import shared_state as b

_LOOK_S = 2.0
_CHUNK_S = 0.1
_NICE = 15  # the music comes first, and its tempo


def shares(line: Line, classifier: Classifier) -> dict[str, float]:
    """What a line is called, genre by genre; empty for silence."""
    features = line.features()
    if features is None:
        return {}
    found = classifier(np.asarray(features)[None])[0]
    return {
        name: round(float(share), 4) for name, share in zip(classifier.genres, found, strict=True)
    }


def main(shared: b.SharedState, classifier: Classifier) -> None:
    """Serve until the parent is gone."""
    say(genres=list(classifier.genres))
    lines = Line(shared, "heard"), Line(shared, "played")
    looked, began = time.monotonic(), time.process_time()
    while True:
        time.sleep(_CHUNK_S)
        sessions = [line.hear() for line in lines]
        if not all(sessions) or time.monotonic() - looked < _LOOK_S:
            continue
        looked = time.monotonic()
        line_in, line_out = (shares(line, classifier) for line in lines)
        cost, began = time.process_time() - began, time.process_time()
        say(session=sessions[0], line_in=line_in, line_out=line_out, cost_s=cost)


if __name__ == "__main__":
    os.nice(_NICE)
    own = Classifier(Path(sys.argv[2]) if len(sys.argv) > 2 else None)
    main(b.SharedState(Path(sys.argv[1])), own)
