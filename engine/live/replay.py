"""A gig once more: device and engine led by what they decided then."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.dsp.arrays import Audio
from engine.errors import InputError
from engine.live import board as b
from engine.live.budget import FADE
from engine.live.chains import chains_latency
from engine.live.external import OFFLINE_S, Turn
from engine.live.files import SoundReader, SoundWriter
from engine.live.generator import AnyGenerator, StreamingOnnx, Through
from engine.live.inference import Recorded, Runner, Scheduled
from engine.live.loading import load_slots
from engine.live.offline import Callbacks, offline_board
from engine.live.opening import begin_session
from engine.live.quarantine import Outcome, quarantines
from engine.live.rack import CHANCES, racked
from engine.live.render import Progress
from engine.live.session import Session
from engine.live.take import Entry, Take, hash_of

_SAME = 1e-4  # samples this near to what was recorded are what was recorded: -80 dB


@dataclass(frozen=True)
class Replay:
    """What became of a take that was played again.

    Attributes:
        seconds: of sound.
        same_share: samples that are within -80 dB of what was recorded, 0 … 1.
        error_db: power of the difference to what was recorded, dB of it; of the whole take.
        changed: networks that are not those of the take.
        faults: what went wrong this time.
    """

    seconds: float
    same_share: float
    error_db: float
    changed: list[str]
    faults: list[str]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return dict(vars(self))


def replay(
    take: Take,
    sink: Path,
    provider: str,
    progress: Progress | None = None,
    force: bool = False,
) -> Replay:
    """Play a take again, decision by decision, and compare it with what went out.

    Args:
        take: the take.
        sink: sound file to write.
        provider: where inference runs.
        progress: told samples done and samples in all.
        force: whether the sink may be a file that is not ours.

    Raises:
        InputError, OutputError, PresetError: a file is damaged, cannot be written, or is gone.
    """
    loaded = load_slots(take.asked.models, provider)
    before = take.hashes
    changed = [m for m, known in zip(take.asked.models, before, strict=True) if hash_of(m) != known]
    faults = loaded.said
    with (
        SoundReader(take.folder / "dry.wav") as dry,
        SoundReader(take.folder / "out.wav") as out,
        racked(take.asked, faults.append, CHANCES) as asked,
        offline_board(asked) as board,
    ):
        take = replace(take, asked=asked)
        frames = min(dry.frames, out.frames)
        player = _Player(board, take, loaded.generators, faults)
        off = power = same = 0.0
        form = take.rate, b.CHANNELS
        with SoundWriter(sink, *form, inputs=take.files, force=force) as writer:
            done = 0
            for played in player.play(lambda n: _read(dry, n)):
                sound = played[:, : frames - done]
                wanted = _read(out, sound.shape[-1])
                error = np.abs(sound - wanted)
                off += float(np.vdot(error, error))
                power += float(np.vdot(wanted, wanted))
                same += float(np.count_nonzero(error.max(axis=0) <= _SAME))
                writer.write(sound)
                done += sound.shape[-1]
                if progress is not None:
                    progress(done, frames)
                if done >= frames:
                    break
            writer.keep()
        player.close()
    return Replay(
        seconds=frames / take.rate,
        same_share=same / max(1, frames),
        error_db=float(10 * np.log10(max(off, 1e-30) / max(power, 1e-30))),
        changed=changed,
        faults=faults,
    )


class _Player:
    """Device and engine, led by what they decided then.

    Args:
        board: of this replay.
        take: what is played.
        generators: its networks.
        faults: where to put what goes wrong.
    """

    def __init__(
        self,
        board: b.Board,
        take: Take,
        generators: Sequence[AnyGenerator | Through],
        faults: list[str],
    ) -> None:
        self._faults = faults
        self._board, self._take, self._generators = board, take, generators
        self._engine, self._device = deque(take.engine), deque(take.device)
        self._session: Session | None = None
        self._ready = 0
        self._quarantines = quarantines(len(generators), faults.append)

    def close(self) -> None:
        """End the threads."""
        if self._session is not None:
            self._session.close()

    def play(self, feed: Callable[[int], Audio]) -> Iterator[Audio]:
        """What goes out, from the take's first sample on, without end.

        Args:
            feed: gives the next samples of the line-in, (2, n), from the same sample on.
        """
        board, callbacks = self._board, None
        while True:
            heard = board.get(b.HEARD)
            if self._device and self._device[0]["what"] == "opened":
                opened = self._device[0]
                if callbacks is None or opened["at"] <= heard + self._take.block:
                    self._device.popleft()
                    self._open(opened)
                    callbacks = callbacks or Callbacks(board)
                    # What was heard before it began, and what lies between two sessions.
                    skipped = int(opened["at"]) - (heard or self._take.first)
                    if skipped < 0:
                        raise InputError(
                            str(self._take.folder),
                            f"a device that begins {-skipped} samples before the one before it",
                            cure="Its decisions are damaged: record another take.",
                        )
                    feed(skipped)
            if callbacks is None:
                raise InputError(
                    str(self._take.folder), "the device never began", cure="Record another take."
                )
            self._turn(board.get(b.HEARD) - board.get(b.BEHIND))
            callbacks.exchange(feed(self._take.block)[: self._take.channels[0]])
            self._advance()
            yield callbacks.played()[1]

    def _open(self, opened: Entry) -> None:
        take, board = self._take, self._board
        board.levels[b.WET_WANTED] = opened["wet"]
        asked, chains = take.asked, chains_latency(take.asked, take.rate)
        given = (take.rate, take.block, take.channels, asked.settings, opened["at"], chains)
        begin_session(board, *given)

    def _turn(self, due: int) -> None:
        """What the device took over for this block, and how much of the wet sound was there."""
        board = self._board
        while self._device and self._device[0]["what"] == "turned" and self._device[0]["at"] <= due:
            row = self._device.popleft()
            board.levels[b.WET_WANTED], board.levels[b.LEVEL_WANTED] = row["wet"], row["level"]
            self._ready = int(row["ready"])
        there = self._take.block + FADE if self._ready < 0 else self._ready
        board.publish(b.MADE, due + there)

    def _advance(self) -> None:
        """The engine, as far as the feed is there."""
        board = self._board
        while True:
            row, session = self._engine[0] if self._engine else None, self._session
            if row is not None and row["what"] in ("collected", "heard_by"):
                self._engine.popleft()  # its slot has been told at the beginning
            elif row is not None and row["what"] == "began" and board.get(b.HEARD) >= row["heard"]:
                self._begin()
            elif session is None:
                return
            elif row is not None and row["what"] != "began" and row["at"] <= session.at:
                if not self._obey(row, session):
                    return
                self._engine.popleft()
            elif board.get(b.HEARD) - session.at < session.hop:
                return
            else:
                session.play(1)

    def _obey(self, row: Entry, session: Session | None) -> bool:
        """Do what was decided; whether the feed for it is there."""
        board = self._board
        heard = board.get(b.HEARD)
        match row["what"]:
            case "hops" if session is not None:
                if heard - session.at < row["hops"] * session.hop:
                    return False
                session.play(int(row["hops"]))
            case "listened" if session is not None:
                if heard < row["until"]:
                    return False
                session.listen(int(row["until"]))
            case "tempo":
                self._tell_tempo(row)
            case "switch":
                board.call(slot=row["slot"], at=row["due"], fade_s=row["fade_s"])
            case "cross":
                board.call(cross=row["place"])
            case "macro":
                board.levels[b.MACROS + int(row["number"])] = row["place"]
            case "panic":
                board.publish(b.PANICS, board.get(b.PANICS) + 1)
            case "plugin" if session is not None:
                for plugin in session.plugins[int(row["number"]) :][:1]:
                    plugin.lead(Turn(int(row["turn"])))
            case "amount":
                board.levels[b.AMOUNTS + int(row["slot"])] = row["amount"]
        return True

    def _tell_tempo(self, row: Entry) -> None:
        """The tempo of a row; how many beats a bar has, is the same from beginning to end."""
        bpm, downbeat_s = float(row["bpm"]), float(row["downbeat_s"])
        tempo = replace(self._take.asked.tempo, bpm=bpm, downbeat_s=downbeat_s)
        self._board.want_tempo(tempo, bool(row["known"]))

    def _begin(self) -> None:
        """The engine begins, or begins anew: with the tempo, the slot and the feed of then."""
        self.close()
        began, rows = self._engine.popleft(), self._engine
        collected: list[list[tuple[int, Outcome]]] = [[] for _ in self._generators]
        decided: list[list[tuple[int, int]]] = [[] for _ in self._generators]
        for row in rows:
            if row["what"] == "began":
                break
            if row["what"] == "heard_by":
                decided[int(row["slot"])].append((int(row["column"]), int(row["by"])))
            if row["what"] == "collected":
                at = int(row["at"]) - began["at"]
                collected[int(row["slot"])].append((at, Outcome(max(-1, min(1, int(row["done"]))))))
        while rows and rows[0]["what"] in ("tempo", "switch") and rows[0]["at"] == began["at"]:
            self._obey(rows.popleft(), None)
        if rows and rows[0]["what"] == "listened":
            rows.popleft()  # a session does so itself when it begins
        self._session = Session(
            *(self._board, self._generators, self._take.asked),
            lambda slot, _: self._runner(slot, collected[slot]),
            int(began["heard"]),
            OFFLINE_S,
            self._faults.append,
            decided=decided,
        )
        for plugin in self._session.plugins:
            plugin.lead(Turn.AWAY)  # until its note says that it came

    def _runner(self, slot: int, collected: list[tuple[int, Outcome]]) -> Runner:
        """Who runs a slot's inferences: of a streaming generator, when they came says nothing."""
        if isinstance(self._generators[slot], StreamingOnnx):
            return Scheduled(0, self._quarantines[slot])
        return Recorded(collected, self._quarantines[slot])


def _read(file: SoundReader, n: int) -> Audio:
    """The next samples, (2, n); silence after the end."""
    sound = file.read(n)
    return np.pad(sound, ((0, 0), (0, n - sound.shape[-1])))
