"""Generators in ONNX Runtime: read once, checked before they run, held to their example, and honest
about where they run."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime as ort

from engine.dsp.arrays import Array
from engine.dsp.frontend import FrontEnd
from engine.dsp.model_format import (
    DEFAULT_LEVEL_DB,
    EXAMPLE_TOLERANCE,
    IMAGE,
    PERIOD,
    ModelInfo,
)
from engine.errors import DoubledropError, FrontEndError, GeneratorError, PresetError
from engine.live import trial
from engine.live.deadline import DEADLINE, interruptible
from engine.live.inference import reason_of, run_error
from engine.live.onnx_check import MOST_BYTES, check, check_shape
from engine.live.providers import QUIET, check_provider, open_session

LONGEST_S = 20.0
"""Of an inference, where nobody listens."""
STAGE_S = 3.0
"""Of an inference on the stage: what comes later is of no use to anybody."""
_GRACE_S = 1.0  # for an inference that has been told to end


class OnnxGenerator:
    """A network that restyles a window.

    The file is read once: the bytes that are checked and tried are the ones that run.

    Args:
        path: the ONNX file.
        provider: auto, cpu, cuda, tensorrt or coreml. ``auto`` takes a GPU that works, else CPU.
        front_end: what the host's images are made with.
        threads: of one inference on the CPU.
        tried: whether this is its trial, or it has had it (see :mod:`engine.live.trial`).

    Attributes:
        info: the file's metadata.
        view: columns around "now" that it wants to see on the stage; 0 for the whole window.
        provider: the one that runs, cpu … coreml.
        digest: SHA-256 of the file.
        longest_s: an inference that takes longer is ended.

    Raises:
        PresetError: the file is missing, corrupt, no generator, has what it must not have, or
            fails its trial or its own example.
        FrontEndError: it was made for another front end.
        ProviderError: the provider was asked for by name and does not run.
    """

    def __init__(
        self,
        path: Path,
        provider: str = "auto",
        front_end: FrontEnd | None = None,
        threads: int | None = None,
        tried: bool = False,
    ) -> None:
        self._path, self.longest_s = path, LONGEST_S
        check_provider(provider)
        try:
            self._load(provider, front_end or FrontEnd(), threads, tried)
        except DoubledropError:
            raise
        except Exception as fault:  # whatever a file can bring about
            raise _unloadable(path, fault) from fault

    def _load(self, provider: str, wanted: FrontEnd, threads: int | None, tried: bool) -> None:
        path, name = self._path, str(self._path)
        data = read_model(path)
        declared = check(data, name)
        self.digest = trial.digest_of(data)
        self._wants_period = declared.wants_period
        self.info = ModelInfo.from_metadata(declared.metadata, name)
        self.front_end, self.level_db = self.info.front_end, self.info.level_db
        self.view = self.info.view
        if self.front_end != wanted:
            raise FrontEndError(
                name,
                f"made for front end {self.front_end.fingerprint} {_difference(self, wanted)}",
                expected=wanted.fingerprint,
                cure="Train or export it again with this version's front end.",
            )
        check_shape(declared, self.info, name)
        if not tried:
            trial.admit(path, self.digest)
        opening = partial(open_session, data, name, provider, threads)
        self._session, self.provider = interruptible(opening)
        self._check_example()

    def __call__(self, image: Array, period: float) -> Array:
        """Image (width, n_mels), 0…1, to the restyled image of the same shape.

        Raises:
            GeneratorError: the provider failed, took too long, or gave another shape.
        """
        feed = {IMAGE: np.ascontiguousarray(image.T, np.float32)[None, None]}
        if self._wants_period:
            feed[PERIOD] = np.array([period], np.float32)
        generated = self._run(feed)
        if generated.shape != feed[IMAGE].shape or generated.dtype != np.float32:
            raise GeneratorError(
                "generator",
                f"returned {generated.dtype} of shape {generated.shape}",
                expected=f"float32 of shape {feed[IMAGE].shape}",
                cure="The preset is faulty: export it again.",
            )
        return np.ascontiguousarray(generated[0, 0].T)

    def _run(self, feed: dict[str, Array]) -> Array:
        options, late = ort.RunOptions(), False
        options.log_severity_level = QUIET

        def end() -> None:
            nonlocal late
            late = options.terminate = True

        def run() -> Array:
            with DEADLINE.within(self.longest_s, end):
                (generated,) = self._session.run(None, feed, options)
                return np.asarray(generated)

        try:
            return interruptible(run, self.longest_s + _GRACE_S)
        except Exception as fault:
            raise run_error(fault, self.longest_s if late else 0.0) from fault
        except BaseException:  # Ctrl-C
            options.terminate = True
            raise

    def warm(self, width: int, runs: int = 2) -> None:
        """Run at a width, so that the first real window of it takes no longer than the rest."""
        silence = np.zeros((width, self.front_end.n_mels), np.float32)
        for _ in range(runs):
            self(silence, float(width))

    def _check_example(self) -> None:
        example = self.info.example
        generated = self(example.source, example.period)
        wrong = (
            float(np.max(np.abs(generated - example.generated)))
            if generated.shape == example.generated.shape
            else np.inf
        )
        if not wrong <= EXAMPLE_TOLERANCE:
            raise PresetError(
                str(self._path),
                f"its example comes out {wrong:.2g} off on {self.provider}",
                expected=f"at most {EXAMPLE_TOLERANCE:g}",
                cure="The file is damaged: export it again, or try --provider cpu.",
            )


class Through:
    """The generator that changes nothing: what a slot plays whose own cannot be loaded."""

    def __init__(self) -> None:
        self.front_end, self.level_db, self.view = FrontEnd(), DEFAULT_LEVEL_DB, 0
        self.longest_s = LONGEST_S

    def __call__(self, image: Array, period: float) -> Array:
        """The image itself."""
        return image


def read_model(path: Path) -> bytes:
    """The bytes of a generator's file.

    Raises:
        PresetError: it is missing, too large, or cannot be read.
    """
    if not path.is_file():
        raise PresetError(
            str(path), "no such file", cure="A preset holds preset.toml and generator.onnx."
        )
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as fault:
        raise _unloadable(path, fault) from fault


def _unloadable(path: Path, fault: Exception) -> PresetError:
    return PresetError(
        str(path),
        f"cannot be loaded ({reason_of(fault)})",
        cure="The file is damaged or no ONNX model: export it again.",
    )


def _difference(generator: OnnxGenerator, wanted: FrontEnd) -> str:
    has = vars(generator.front_end)
    return ", ".join(
        f"{key} {has[key]:g} instead of {value:g}" if isinstance(value, (int, float)) else key
        for key, value in vars(wanted).items()
        if has[key] != value
    )
