"""Takes: what was heard, what the network made of it, and what went out, as they were.

::

    takes/20261121-201500/dry.wav     the line-in
                          wet.wav     what was made of it, below a ceiling
                          out.wav     what left for the line-out, ceiling and all
                          take.json   what was played with
                          events.jsonl  what happened, with the time since the program began
                          decisions.jsonl  what engine and device did, with the sample it was at
                          midi.jsonl  what the controllers sent, with the second of the session

The three lie on each other sample for sample, whatever the latency. A file is valid after every
write, so that a crash loses what was not yet written, a tenth of a second; a power cut loses a
second. Nobody waits for the disk: what it does not take in time is lost, counted, and silence in
the file.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

from engine.dsp.arrays import Audio
from engine.dsp.limiter import LOOKAHEAD, Limiter
from engine.dsp.streaming import LEADS
from engine.io.decoding import reason
from engine.io.disk import Disk
from engine.io.files import make_folder
from engine.io.wav import GrowingWav
from engine.state import shared_state as b
from engine.state.events import Events
from engine.state.journal import FORMAT, JournalReader
from engine.state.stage_records import Opened
from engine.strict_json import written
from engine.writing import free_name

NAMES = ("dry", "wet", "out")
Entry = dict[str, Any]
_PERIOD_S = 0.05
_MOST = 1 << 15  # samples written at once
_SPARE = 1 << 13  # samples at the far end of a ring that may be overwritten while they are read


class Recorder:
    """Writes takes from the shared memory until it is stopped or the disk refuses.

    Args:
        shared: of the stage.
        folder: for takes; each gets a folder of its own.
        facts: what is played with; goes into ``take.json``.
        events: what the stage says; read, never changed.
        heard: what the controllers send, as (second of the session, port, bytes); taken from it.
        note: told once why it has stopped.

    Attributes:
        take: folder of the take that is being written.
        first: sample of the session with which it begins.
        seconds: written so far, of this take.
        lost: samples that were overwritten before the disk took them.
        error: why it has stopped; empty while all is well.

    Raises:
        OutputError: the folder cannot be made.
    """

    def __init__(
        self,
        shared: b.SharedState,
        folder: Path,
        facts: dict[str, Any],
        events: Events,
        note: Callable[[str], None],
        heard: deque[tuple[float, str, list[int]]] | None = None,
    ) -> None:
        self._shared, self._folder, self._facts = shared, folder, facts
        self._events, self._told, self._note = events, 0, note
        self._heard = deque() if heard is None else heard
        self._journal, self._decisions = JournalReader(shared), list[Entry]()
        self._files: list[GrowingWav] = []
        self._session, self._rate, self._at = 0, 0, 0
        self.take: Path | None = None
        self.first, self.seconds, self.lost, self.error = 0, 0.0, 0, ""
        make_folder(folder)
        self._ceiling: Limiter | None = None
        self._clipped = False
        Limiter(1.0, b.CHANNELS).process(np.zeros((b.CHANNELS, 1), np.float32))  # compiles it
        self._disk = Disk()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is left and close the files."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._disk.stop()

    def _run(self) -> None:
        try:
            while not self._stop.wait(_PERIOD_S):
                self._follow()
            self._follow()
        except (sf.LibsndfileError, RuntimeError, OSError) as fault:
            self.error = reason(fault)
            self._note(f"recording stopped ({self.error}); playing goes on")
        finally:
            self._close()

    def _follow(self) -> None:
        shared, opened = self._shared, self._shared.opened()
        lost = self._journal.lost
        self._decisions += self._journal.take()
        if self._journal.lost > lost == 0:
            self._note("decisions were lost: this take cannot be played again")
        if opened is None:
            return
        session = opened.number
        if session != self._session:
            if not self._files or opened.rate != self._rate:
                self._begin(opened)
            self._session = session
        elif any(entry["what"] == "opened" for entry in self._decisions):
            return  # a session is just about to begin
        until = shared.device.played
        while self._at < until and shared.device.session == session:
            oldest = shared.device.played - b.SOUND + _SPARE
            if self._at < oldest:  # the disk was away, or the device
                n = min(oldest - self._at, _MOST)
                self.lost += n
                self._ceiling = None
                self._write([np.zeros((b.CHANNELS, n), np.float32)] * len(NAMES))
                continue
            n = min(until - self._at, _MOST)
            self._write(
                [
                    shared.read(shared.feed, self._at, n),
                    self._wet(n),
                    shared.read(shared.out, self._at, n),
                ]
            )
        self._log()

    def _wet(self, n: int) -> Audio:
        """What was made, which may go beyond full scale, under a ceiling of its own. That is
        as late as the one behind the output: what it looks ahead to has been made."""
        if self._ceiling is None:
            self._ceiling = Limiter(self._rate, b.CHANNELS)
            self._ceiling.process(self._made(self._at, LOOKAHEAD))
        return self._ceiling.process(self._made(self._at + LOOKAHEAD, n))

    def _made(self, at: int, n: int) -> Audio:
        shared = self._shared
        effects = bool(shared.device.effects)
        made = (shared.effects.made if effects else shared.device.made) - at
        sound = shared.read(shared.effected if effects else shared.sound, at, n)
        sound[:, max(0, made) :] = 0.0
        return sound

    def _write(self, blocks: list[Audio]) -> None:
        for file, block in zip(self._files, blocks, strict=True):
            file.write(block)
            file.update()
        self._at += blocks[0].shape[-1]
        self.seconds += blocks[0].shape[-1] / self._rate
        if self._files[0].clipped and not self._clipped:
            self._clipped = True
            self._note("the line-in goes beyond full scale: clipped in dry.wav")

    def _begin(self, opened: Opened) -> None:
        """A take, from the session's first sample on if that is still there."""
        shared, rate, played = self._shared, opened.rate, opened.played
        noted = [n for n, entry in enumerate(self._decisions) if entry["what"] == "opened"]
        first, begun = 0, played
        if noted:  # else so long ago that the journal has lost it
            first = noted[-1]
            begun = self._decisions[first]["at"] - opened.behind - LOOKAHEAD
        at = max(begun, played - b.SOUND + _SPARE)
        if self.take is not None:
            self._keep("decisions.jsonl", self._decisions[:first])
        self._decisions = self._decisions[first:]
        self._close()
        self._rate, self._at, self.first, self.seconds = rate, at, at, 0.0
        self._ceiling = None
        self.take = free_name(self._folder / time.strftime("%Y%m%d-%H%M%S"))
        self.take.mkdir()
        facts = self._facts | {
            "format": FORMAT,
            "lead": LEADS[0],
            "rate": rate,
            "block": shared.device.block,
            "inputs": shared.device.inputs,
            "outputs": shared.device.outputs,
            "first_sample": at,
        }
        self._note(f"recording into {self.take}")
        (self.take / "take.json").write_text(written(facts, indent=1), encoding="utf-8")
        for name in NAMES:
            file = self.take / f"{name}.wav"
            file.touch(exist_ok=False)
            self._files.append(GrowingWav(file, rate, b.CHANNELS, "PCM_24"))
        self._disk.follow(self.take / f"{name}.wav" for name in NAMES)

    def _log(self) -> None:
        """Append what was said since the last time."""
        events, self._told = self._events.since(self._told)
        said = [{"at_s": round(event.at_s, 3), "text": event.text} for event in events]
        self._keep("events.jsonl", said)
        self._keep("decisions.jsonl", self._decisions)
        self._decisions = []
        heard = [self._heard.popleft() for _ in range(len(self._heard))]
        midi = [{"at_s": at_s, "port": port, "data": data} for at_s, port, data in heard]
        self._keep("midi.jsonl", midi)

    def _keep(self, name: str, entries: list[Entry]) -> None:
        if entries and self.take is not None:
            with (self.take / name).open("a", encoding="utf-8") as file:
                file.writelines(written(entry) + "\n" for entry in entries)

    def _close(self) -> None:
        for file in self._files:
            with suppress(sf.LibsndfileError, RuntimeError, OSError):
                file.close()
        self._files = []
