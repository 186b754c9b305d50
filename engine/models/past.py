"""How much of the feed a network has to hear again when it begins in the middle of it."""

from __future__ import annotations

from collections.abc import Sequence

from engine.dsp.streaming import columns_needed
from engine.dsp.tempo import Tempo
from engine.models.generator import AnyGenerator, IdentityGenerator, StreamingOnnx


def past_needed(
    generators: Sequence[AnyGenerator | IdentityGenerator], tempo: Tempo, rate: int
) -> int:
    """Samples of the feed after which a session is as if it had always been there: a phrase; and
    for a streaming generator all that its state, its level and its memory depend on.

    Args:
        generators: of the slots.
        tempo: of the music, which says how long a phrase is.
        rate: of the feed, hertz.
    """
    columns_s = 0.0
    for generator in generators:
        if isinstance(generator, StreamingOnnx):
            hop_s = generator.front_end.hop_s
            columns_s = max(columns_s, columns_needed(generator.receptive, hop_s) * hop_s)
    return round((1.1 * tempo.phrase_s + columns_s) * rate)
