"""The signal path of the stage: in the memory of the board, and of the process that plays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.dsp.frontend import FrontEnd
from engine.dsp.path_setup import Arrangement, path_of
from engine.dsp.stft import STFT
from engine.dsp.true_peak import TABLE
from engine.live.asked import Asked
from engine.live.board import Board, Shape
from engine.live.budget import NO_TRIPS, Trips, budget
from engine.live.callback import Ends, Live, Wishes


def shape_of(asked: Asked) -> Shape:
    """What the board is made for."""
    behind = bool(asked.master) or any(lane["after"] for lane in asked.lanes)
    return Shape(len(asked.models), 1 + len(sources_of(asked)), int(behind))


def sources_of(asked: Asked) -> list[int]:
    """The slots that have effects before their generator, in the order of their feeds."""
    return [slot for slot, lane in enumerate(asked.lanes) if lane["before"]]


def live_of(
    board: Board,
    asked: Asked,
    trips: Trips = NO_TRIPS,
    decided: Sequence[Sequence[tuple[int, int]]] | None = None,
) -> Live:
    """A signal path for the session that the board is at the beginning of.

    Args:
        board: of the stage.
        asked: what is played with.
        trips: through the effects' process, at this rate.
        decided: for a take: of each slot, what its columns were heard by.
    """
    device, settings = board.device, asked.settings
    analyser = FrontEnd().at(device.rate)
    stft = STFT.low_delay(device.rate, settings.synthesis)
    parts = budget(device.rate, device.block, settings, trips)
    sources = sources_of(asked)
    arrangement = Arrangement(
        slots=len(asked.models),
        channels=max(1, device.inputs),
        held_back=parts["look-ahead"] + parts["before"],
        use=settings.use,
        law=asked.law,
        sides=asked.sides,
        sources=1 + len(sources),
    )
    path = path_of(
        *(analyser, stft, arrangement, board.published, board.feeds, board.sound),
        parts=(board.shares, board.running),
        decided=decided,
        state=board.state,
        slots=board.slots,
        rows=board.device_rows,
    )
    path.slots["match"] = asked.match
    if asked.levels_db:
        path.slots["level"] = 10 ** (np.array(asked.levels_db) / 20)
    for number, slot in enumerate(sources, 1):
        path.slots["source"][slot] = number
    path.state["at"] = device.heard
    path.state["active"] = board.called().slot % len(asked.models)
    board.device.effects = int(board.shares.shape[-1] > 0)
    tempo_read, wish_read = board.tempo.array.copy(), board.wish.array.copy()
    tempo_read["count"] = wish_read["count"] = -1
    device_, network, effects = board.device.array, board.network.array, board.effects.array
    wishes = Wishes(
        device=device_,
        network=network,
        tempo=board.tempo.array,
        tempo_read=tempo_read,
        wish=board.wish.array,
        wish_read=wish_read,
        amounts=board.amounts,
        kinds=board.kinds,
    )
    ends = Ends(
        device=device_,
        effects=effects,
        controls=board.controls.array,
        effected=board.effected,
        out=board.out,
        ceiling=board.ceiling,
        ahead=board.ahead,
        table=TABLE,
        mix=board.mix,
        measured=board.measured,
        clock=np.zeros(2, np.int64),
    )
    return Live(path, wishes, ends)
