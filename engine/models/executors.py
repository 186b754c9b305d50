"""Who runs inference: a schedule that a file repeats exactly, or a thread beside the audio."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, wait
from functools import partial
from queue import SimpleQueue
from typing import Protocol

from engine.dsp.gain import GainImage
from engine.errors import GeneratorError
from engine.inference.jobs import Executor, Job, Result
from engine.models.deadline import DEADLINE, settle
from engine.models.quarantine import Quarantine
from engine.text import printable

_GIVEN_UP_S = 5.0  # an inference that was told to end by then, and has not
_FILE_S = 25.0  # the same where nobody listens
_CLOSE_S = 1.0
_LOOK_S = 0.1  # between two looks at an inference, at most
_TIMES = 256


class Runner(Executor, Protocol):
    """Who runs the inferences of a slot, and what became of them."""

    faults: int
    fault: str
    times_s: deque[float]

    @property
    def works(self) -> bool:
        """Whether a job has been begun, and not been collected."""
        ...

    def close(self) -> None:
        """End its thread."""
        ...


class _Hangs(GeneratorError):
    """A job that goes on, and cannot be ended."""


class _Worker:
    """One job at a time on a thread of its own; ONNX Runtime releases the interpreter.

    The thread never keeps the program from ending: one that hangs is left alone.

    Args:
        quarantine: of the slot, told of faults instead of raising them; None to raise.

    Attributes:
        done: jobs that gave an image.
        faults: jobs that failed.
        fault: the last one's message.
        times_s: of the latest jobs that gave gains.
    """

    def __init__(self, quarantine: Quarantine | None = None) -> None:
        self._jobs: SimpleQueue[tuple[Future[Result | None], Job] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._job: Future[Result | None] | None = None
        self._begun = 0
        self._quarantine = quarantine
        self.done = self.faults = 0
        self.fault, self.times_s = "", deque[float](maxlen=_TIMES)

    @property
    def is_out(self) -> bool:
        """Whether the slot is in quarantine: jobs are taken, and nothing is done with them."""
        return self._quarantine is not None and self._quarantine.is_out

    @property
    def works(self) -> bool:
        """Whether a job has been begun, and not been collected."""
        return self._job is not None

    def idle(self) -> bool:
        """Whether a job can be submitted."""
        return self._job is None

    def submit(self, job: Job, now: int) -> None:
        """Start a job."""
        if self.is_out:
            return
        if self._thread is None:
            self._thread = threading.Thread(
                target=_work, args=(self._jobs,), name="inference", daemon=True
            )
            self._thread.start()
        self._job, self._begun = Future(), now
        self._jobs.put((self._job, partial(_timed, job, self.times_s)))

    def _finish(self, patience_s: float) -> Result | None:
        """The job's image; None, and counted, where it failed.

        Raises:
            GeneratorError: it failed, and the slot has no quarantine.
        """
        try:
            image = self._take(patience_s)
        except GeneratorError as fault:
            if self._quarantine is None:
                raise
            self.faults, self.fault = self.faults + 1, str(fault)
            self._quarantine.failed(fault.found, for_good=isinstance(fault, _Hangs))
            return None
        self.done += image is not None
        return image

    def _take(self, patience_s: float) -> Result | None:
        """The job's image, after so many seconds at most; another job may be begun then.

        Raises:
            GeneratorError: it failed.
            _Hangs: it goes on, and is left alone.
        """  # noqa: DOC501
        assert self._job is not None
        job, self._job = self._job, None
        try:
            return job.result(patience_s)
        except GeneratorError:
            raise
        except Exception as fault:
            if job.done():
                raise run_error(fault) from fault
            self._part()
            raise _Hangs(
                "generator", "does not answer, and cannot be ended", cure="Export it again."
            ) from fault

    def close(self) -> None:
        """End the thread, and what it infers: nobody waits for that any more."""
        thread = self._thread
        self._part()
        if thread is not None:
            DEADLINE.end(thread)
            thread.join(_CLOSE_S)

    def _part(self) -> None:
        """Leave the thread alone: it ends behind its job, and another job has another one."""
        self._jobs.put(None)
        self._thread, self._jobs = None, SimpleQueue()


def _timed(job: Job, times_s: deque[float]) -> Result | None:
    """A job, and how long it took if gains came of it."""
    begun = time.perf_counter()
    result = job()
    if isinstance(result, GainImage | tuple):
        times_s.append(time.perf_counter() - begun)
    return result


def _work(jobs: SimpleQueue[tuple[Future[Result | None], Job] | None]) -> None:
    while (item := jobs.get()) is not None:
        settle(*item)
        del item  # the image, and what the job has heard, are not kept until the next


class Scheduled(_Worker):
    """For files: a result is there exactly ``duration`` samples after its job was begun.

    However long the inference takes on this machine, the output is the same; while it runs, the
    sound goes on up to the moment at which the result is due.

    Args:
        duration: simulated time of an inference, samples of the feed.
        quarantine: of the slot, in a performance; None where a fault ends the rendering.
    """

    def __init__(self, duration: int, quarantine: Quarantine | None = None) -> None:
        super().__init__(quarantine)
        self._duration = duration

    def collect(self, now: int) -> Result | None:
        """The result that is due by now.

        Raises:
            GeneratorError: the generator failed.
        """
        if self._job is None or now < self._begun + self._duration:
            return None
        return self._finish(_FILE_S)


class Eager(_Worker):
    """For files where nothing depends on when a result comes: whoever needs it waits."""

    def collect(self, now: int) -> Result | None:
        """The result, if the job is done.

        Raises:
            GeneratorError: the generator failed.
        """
        if self._job is None or not self._job.done():
            return None
        return self._finish(0.0)

    def wait(self) -> None:
        """Until the job is done, or hangs."""
        if self._job is not None:
            wait([self._job], _FILE_S)
            if not self._job.done():
                self._finish(0.0)


class Background(_Worker):
    """For the stage: a result is there when it is there, and a fault is counted, not raised.

    Args:
        quarantine: of the slot, beyond this device and this rate.
        done: set when a result is there.
    """

    def __init__(
        self, quarantine: Quarantine | None = None, done: threading.Event | None = None
    ) -> None:
        super().__init__(quarantine or Quarantine())
        self._looked = self._waited = 0.0
        self._is_there = done or threading.Event()

    def submit(self, job: Job, now: int) -> None:
        """Start a job."""
        self._looked, self._waited = time.monotonic(), 0.0
        super().submit(job, now)
        if self._job is not None:
            self._job.add_done_callback(lambda _: self._is_there.set())

    def collect(self, now: int) -> Result | None:
        """The result, if one has finished."""
        if self._job is None:
            return None
        if not self._job.done():
            # Time in which this thread stood still too, as in a debugger, does not count.
            moment = time.monotonic()
            self._waited += min(moment - self._looked, _LOOK_S)
            self._looked = moment
            if self._waited < _GIVEN_UP_S:
                return None
        return self._finish(0.0)


class Recorded(_Worker):
    """For a take: the jobs whose images were published on the stage, at once.

    Args:
        heard: samples up to which the feed was heard for each of them, in order.
        quarantine: of the slot.
    """

    def __init__(self, heard: Iterable[int], quarantine: Quarantine) -> None:
        super().__init__(quarantine)
        self._heard, self._now = deque(heard), 0

    def idle(self) -> bool:
        """Whether the next one was begun with the feed as it is now."""
        while self._heard and self._heard[0] < self._now:
            self._heard.popleft()
        return bool(super().idle() and self._heard and self._heard[0] == self._now)

    def submit(self, job: Job, now: int) -> None:
        """Start it."""
        self._heard.popleft()
        super().submit(job, now)

    def collect(self, now: int) -> Result | None:
        """The result of the last job."""
        self._now = now
        return None if self._job is None else self._finish(_FILE_S)


def reason_of(fault: BaseException) -> str:
    """Why something failed, in one line of bounded length."""
    first = (str(fault).splitlines() or [""])[0].strip()[:200]
    return printable(first or type(fault).__name__)


def run_error(fault: Exception, longest_s: float = 0.0) -> GeneratorError:
    """What an execution provider raised, as an error of this program.

    Args:
        fault: that.
        longest_s: time limit, if the inference was ended for it; else 0.
    """
    found = f"failed while running ({reason_of(fault)})"
    if longest_s:
        found = f"has not answered for {longest_s:g} s"
    return GeneratorError(
        "generator",
        found,
        cure="Check the preset with `doubledrop presets`, or export it again.",
    )
