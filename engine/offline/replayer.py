"""Device, network and effects of a take once more, led by what they decided then."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from engine.dsp.arrays import Audio
from engine.dsp.latency import FADE
from engine.dsp.published import NEVER
from engine.errors import InputError
from engine.host.effects_session import EffectsSession
from engine.host.network import NetworkSession
from engine.host.session import begin_session
from engine.models.executors import Recorded, Runner, Scheduled
from engine.models.generator import AnyGenerator, IdentityGenerator, StreamingOnnx, kind_of
from engine.models.quarantine import dry, quarantines
from engine.offline.unpaced import Unpaced
from engine.plugins.chains import trips_of
from engine.plugins.remote import OFFLINE_S, PluginTransition
from engine.state import shared_state as b
from engine.takes.take import Entry, Take

_READ = ("taken", "heard_by")


class Replayer:
    """Device, network and effects, led by what they decided then.

    Args:
        shared: of this replay.
        take: what is played.
        generators: its networks.
        faults: where to put what goes wrong.
    """

    def __init__(
        self,
        shared: b.SharedState,
        take: Take,
        generators: Sequence[AnyGenerator | IdentityGenerator],
        faults: list[str],
    ) -> None:
        self._faults = faults
        self._shared, self._take, self._generators = shared, take, generators
        shared.kinds[:] = [kind_of(generator) for generator in generators]
        # What was read is told beforehand; what was wanted, block by block.
        self._device = deque(row for row in take.device if row["what"] not in _READ)
        self._sessions = 0
        self._network, self._effects = deque(take.network), deque(take.effects)
        self._unpaced: Unpaced | None = None
        self._listening: NetworkSession | None = None
        self._chains: EffectsSession | None = None
        self._ready, self._fed = -1, -1
        self._quarantines = quarantines(
            len(generators), lambda slot, why: faults.append(dry(slot, why))
        )

    def close(self) -> None:
        """End the threads."""
        if self._listening is not None:
            self._listening.close()

    def play(self, feed: Callable[[int], Audio]) -> Iterator[Audio]:
        """What goes out, from the take's first sample on, without end.

        Args:
            feed: gives the next samples of the line-in, (2, n), from the same sample on.

        Raises:
            InputError: the device never began, or began again before what it had heard.
        """
        take, device = self._take, self._shared.device
        while True:
            if self._device and self._device[0]["what"] == "opened":
                opened, heard = self._device[0], device.heard
                if self._unpaced is None or opened["at"] <= heard + take.block:
                    self._device.popleft()
                    skipped = int(opened["at"]) - (heard or take.first)
                    self._open(opened)
                    # What was heard before it began, and what lies between two sessions.
                    if skipped < 0:
                        raise InputError(
                            str(take.folder),
                            f"a device that begins {-skipped} samples before the one before it",
                            cure="Its decisions are damaged: record another take.",
                        )
                    feed(skipped)
            if self._unpaced is None:
                raise InputError(
                    str(take.folder), "the device never began", cure="Record another take."
                )
            self._obey()
            self._unpaced.exchange(feed(take.block)[: take.channels[0]])
            self._hear()
            self._sound()
            yield self._unpaced.played()[1]

    def _open(self, opened: Entry) -> None:
        take, shared = self._take, self._shared
        shared.controls.wet = opened["wet"]
        trips = trips_of(take.config, take.rate)
        given = (take.rate, take.block, take.channels, take.config, int(opened["at"]), trips)
        live = begin_session(shared, *given, decided=self._decided(), level=opened["level"])
        self._unpaced = self._unpaced or Unpaced(shared, live)
        self._unpaced.go_on(live)

    def _decided(self) -> list[list[tuple[int, int]]]:
        """Of each slot, what its columns are heard by in the session that begins."""
        decided: list[list[tuple[int, int]]] = [[] for _ in self._generators]
        self._sessions += 1
        session = 0
        for row in self._take.device:
            session += row["what"] == "opened"
            if session == self._sessions and row["what"] == "heard_by":
                decided[int(row["slot"])].append((int(row["column"]), int(row["by"])))
        return decided

    def _obey(self) -> None:
        """What the device took over for this block, and how much there was of the effects."""
        shared = self._shared
        at, due = int(shared.state["at"][0]), shared.device.heard - shared.device.behind
        while self._device and self._device[0]["what"] != "opened":
            row = self._device[0]
            if row["at"] > (due if row["what"] == "turned" else at):
                break
            self._device.popleft()
            match row["what"]:
                case "turned":
                    shared.controls.wet, shared.controls.level = row["wet"], row["level"]
                    self._ready = int(row["ready"])
                case "fed":
                    self._fed = int(row["fed"])
                case "tempo":
                    self._tell_tempo(row)
                case "switch":
                    shared.call(slot=int(row["slot"]), at=int(row["due"]), fade_s=row["fade_s"])
                case "cross":
                    shared.call(cross=row["place"])
                case "amount":
                    shared.amounts[int(row["slot"])] = row["amount"]
        there = self._take.block + FADE if self._ready < 0 else self._ready
        shared.effects.made = due + there
        shared.effects.fed = 1 << 60 if self._fed < 0 else self._fed

    def _tell_tempo(self, row: Entry) -> None:
        """The tempo of a row; how many beats a bar has, is the same from beginning to end."""
        bpm, downbeat_s = float(row["bpm"]), float(row["downbeat_s"])
        tempo = replace(self._take.config.tempo, bpm=bpm, downbeat_s=downbeat_s)
        self._shared.want_tempo(tempo, bool(row["known"]))

    def _hear(self) -> None:
        """The network, as far as the feed is there."""
        while self._network and self._network[0]["what"] != "began":
            self._network.popleft()  # its session has been told at the beginning
        if self._network and self._shared.device.heard >= self._network[0]["heard"]:
            self._listen(int(self._network.popleft()["heard"]))
        if self._listening is not None:
            self._listening.advance()
            self._listening.collect()

    def _listen(self, heard: int) -> None:
        """The network begins, or begins anew, with the feed of then."""
        self.close()
        heard_for: list[list[int]] = [[] for _ in self._generators]
        for row in self._network:
            if row["what"] == "began":
                break
            heard_for[int(row["slot"])].append(int(row["at"]))
        taken = {
            (int(row["slot"]), int(row["number"])): int(row["at"])
            for row in self._take.device
            if row["what"] == "taken"
        }
        self._listening = NetworkSession(
            self._shared,
            self._generators,
            self._take.config,
            lambda slot, origin: self._runner(slot, [at - origin for at in heard_for[slot]]),
            heard,
            tell=self._faults.append,
            when=lambda slot, number, until, now: taken.get((slot, number), NEVER),
        )

    def _runner(self, slot: int, heard: list[int]) -> Runner:
        """Who runs a slot's inferences: of a streaming generator, when they came says nothing."""
        if isinstance(self._generators[slot], StreamingOnnx):
            return Scheduled(0, self._quarantines[slot])
        return Recorded(heard, self._quarantines[slot])

    def _sound(self) -> None:
        """The effects, as far as there is sound for them."""
        rows = self._effects
        while True:
            chains = self._chains
            if rows and rows[0]["what"] == "effects" and self._is_made(rows[0]):
                row = rows.popleft()
                led = int(row["at"]), int(row["fed"])
                self._chains = EffectsSession(
                    self._shared, self._take.config, OFFLINE_S, self._faults.append, led
                )
                for plugin in self._chains.plugins:
                    plugin.lead(PluginTransition.BACK)  # until a note says that it went
            elif chains is None:
                return
            elif rows and rows[0]["what"] != "effects" and chains.is_at(rows[0]):
                self._move(rows.popleft(), chains)
            elif not chains.step(rows[0] if rows else None):
                return

    def _is_made(self, row: Entry) -> bool:
        device = self._shared.device
        return bool(device.made >= row["at"] and device.heard >= row["fed"])

    def _move(self, row: Entry, chains: EffectsSession) -> None:
        match row["what"]:
            case "macro":
                chains.turn(int(row["number"]), float(row["place"]))
            case "panic":
                chains.panic()
            case "plugin":
                for plugin in chains.plugins[int(row["number"]) :][:1]:
                    plugin.lead(PluginTransition(int(row["turn"])))
