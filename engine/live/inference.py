"""Who runs inference: a schedule that a file repeats exactly, or a thread beside the audio."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor

from engine.dsp.gain import GainImage
from engine.errors import DoubledropError, GeneratorError
from engine.stages.inference import Job


class _Worker:
    """One job at a time on a thread of its own; ONNX Runtime releases the interpreter."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="inference")
        self._job: Future[GainImage | None] | None = None
        self._begun, self._since = 0, 0.0
        self.done = 0

    def idle(self) -> bool:
        """Whether a job can be submitted."""
        return self._job is None

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

    Attributes:
        faults: jobs that failed.
        fault: the last one's message.
        paused: whether new jobs have to wait.
    """

    def __init__(self) -> None:
        super().__init__()
        self.paused = False
        self.faults = 0
        self.fault = ""

    def idle(self) -> bool:
        """Whether a job can be submitted."""
        return super().idle() and not self.paused

    def collect(self, now: int) -> GainImage | None:
        """The result, if one has finished."""
        del now
        if self._job is None or not self._job.done():
            return None
        try:
            return self._finish()
        except DoubledropError as fault:
            self.faults, self.fault = self.faults + 1, str(fault)
            return None


def run_error(fault: Exception) -> GeneratorError:
    """What an execution provider raised, as an error of this program."""
    return GeneratorError(
        "generator",
        f"failed while running ({str(fault).splitlines()[0]})",
        cure="Check the preset with `doubledrop presets`, or export it again.",
    )
