"""Who runs inference: a schedule that a file repeats exactly, or a thread beside the audio."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Protocol

from engine.dsp.gain import GainImage
from engine.errors import DoubledropError, GeneratorError
from engine.stages.inference import Inference, Job


class Runner(Inference, Protocol):
    """Who runs the inferences of a slot, and what became of them."""

    faults: int
    fault: str
    paused: bool

    @property
    def busy_s(self) -> float:
        """For how long the present job has been running."""
        ...

    def close(self) -> None:
        """End its thread."""
        ...


class _Worker:
    """One job at a time on a thread of its own; ONNX Runtime releases the interpreter.

    Attributes:
        done: jobs that gave an image.
        faults: jobs that failed.
        fault: the last one's message.
        paused: whether new jobs have to wait.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="inference")
        self._job: Future[GainImage | None] | None = None
        self._begun, self._since = 0, 0.0
        self.done = self.faults = 0
        self.fault, self.paused = "", False

    def idle(self) -> bool:
        """Whether a job can be submitted."""
        return self._job is None and not self.paused

    def submit(self, job: Job, now: int) -> None:
        """Start a job."""
        self._job, self._begun = self._pool.submit(job), now
        self._since = time.monotonic()

    def _finish(self) -> GainImage | None:
        assert self._job is not None
        job, self._job = self._job, None
        image = job.result()
        self.done += image is not None
        return image

    @property
    def busy_s(self) -> float:
        """For how long the present job has been running."""
        return time.monotonic() - self._since if self._job is not None else 0.0

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class Scheduled(_Worker):
    """For files: a result is there exactly ``duration`` samples after its job was begun.

    However long the inference takes on this machine, the output is the same; while it runs, the
    hop loop goes on up to the moment at which the result is due.

    Args:
        duration: simulated time of an inference, samples of the feed.
    """

    def __init__(self, duration: int) -> None:
        super().__init__()
        self._duration = duration

    def collect(self, now: int) -> GainImage | None:
        """The result that is due by now.

        Raises:
            GeneratorError: the generator failed.
        """
        if self._job is None or now < self._begun + self._duration:
            return None
        return self._finish()


class Background(_Worker):
    """For the stage: a result is there when it is there, and a fault is counted, not raised.

    Args:
        told: of each job that was collected: when, and whether it was done.
    """

    def __init__(self, told: Callable[[int, bool], None] | None = None) -> None:
        super().__init__()
        self._told = told

    def collect(self, now: int) -> GainImage | None:
        """The result, if one has finished."""
        if self._job is None or not self._job.done():
            return None
        faults = self.faults
        try:
            return self._finish()
        except DoubledropError as fault:
            self.faults, self.fault = self.faults + 1, str(fault)
            return None
        finally:
            if self._told is not None:
                self._told(now, self.faults == faults)


class Recorded(_Worker):
    """For a take: each result is there when it was there on the stage.

    Args:
        collected: samples at which jobs were collected, in order, and whether they were done.
    """

    def __init__(self, collected: Iterable[tuple[int, bool]]) -> None:
        super().__init__()
        self._collected = deque(collected)

    def collect(self, now: int) -> GainImage | None:
        """The result that was there by now.

        Raises:
            GeneratorError: the generator failed, and did not on the stage.
        """
        if self._job is None or not self._collected or now < self._collected[0][0]:
            return None
        _, done = self._collected.popleft()
        if done:
            return self._finish()
        with suppress(DoubledropError):
            self._finish()
        return None


def run_error(fault: Exception) -> GeneratorError:
    """What an execution provider raised, as an error of this program."""
    return GeneratorError(
        "generator",
        f"failed while running ({str(fault).splitlines()[0]})",
        cure="Check the preset with `doubledrop presets`, or export it again.",
    )
