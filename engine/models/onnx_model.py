"""Networks in ONNX Runtime: read once, checked before they run, held to their example, and honest
about where they run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime as ort

from engine.dsp.arrays import Array
from engine.dsp.front_ends import FRONT_ENDS, STAGE, name_of
from engine.dsp.frontend import FrontEnd
from engine.errors import DoubledropError, FrontEndError, PresetError
from engine.models import trial
from engine.models.deadline import DEADLINE, interruptible
from engine.models.executors import reason_of, run_error
from engine.models.model_format import EXAMPLE_TOLERANCE, Kind, ModelInfo
from engine.models.onnx_check import MOST_BYTES, check
from engine.models.onnx_contract import Declared, check_shape
from engine.models.providers import QUIET, check_provider, open_session

LONGEST_S = 20.0
"""Of an inference, where nobody listens."""
STAGE_S = 3.0
"""Of an inference on the stage: what comes later is of no use to anybody."""
_GRACE_S = 1.0  # for an inference that has been told to end


@dataclass(frozen=True)
class ModelFile:
    """A generator's file that has been read and checked; these bytes are the ones that run.

    Attributes:
        path: the file.
        data: its bytes.
        declared: what it says of its inputs and outputs.
        info: its metadata.
        digest: SHA-256 of the bytes.
    """

    path: Path
    data: bytes
    declared: Declared
    info: ModelInfo
    digest: str


def read_file(path: Path, front_end: FrontEnd | None = None) -> ModelFile:
    """Read and check a generator's file.

    Args:
        path: the file.
        front_end: the only one that the host has; by default any that is known, as files have it.

    Raises:
        PresetError: it is missing, corrupt, no generator, or has what it must not have.
        FrontEndError: it was made for another front end.
        DoubledropError: only as one of these.
    """  # noqa: DOC501
    name = str(path)
    try:
        data = read_model(path)
        declared = check(data, name)
        info = ModelInfo.from_metadata(declared.metadata, name)
        if info.front_end not in ([front_end] if front_end else FRONT_ENDS.values()):
            raise _of_another_front_end(name, info.front_end, front_end or STAGE)
        check_shape(declared, info, name)
        return ModelFile(path, data, declared, info, trial.digest_of(data))
    except DoubledropError:
        raise
    except Exception as fault:  # whatever a file can bring about
        raise unloadable(path, fault) from fault


class OnnxModel(ABC):
    """A network of any kind.

    Args:
        path: the ONNX file, or one that has been read.
        provider: auto, cpu, cuda, tensorrt or coreml. ``auto`` takes a GPU that works, else CPU.
        front_end: see :func:`read_file`.
        threads: of one inference on the CPU.
        tried: whether this is its trial, or it has had it (see :mod:`engine.models.trial`).

    Attributes:
        kind: that it has to be of.
        auto: the provider that ``auto`` means.
        most_threads: of one inference, where nobody says how many; None for what suits a file.
        info: the file's metadata.
        front_end, level_db: of these.
        provider: the one that runs, cpu … coreml.
        digest: SHA-256 of the file.
        longest_s: an inference that takes longer is ended.

    Raises:
        PresetError: it fails its trial or its own example, is of another kind, or cannot be read.
        FrontEndError: see :func:`read_file`.
        ProviderError: the provider was asked for by name and does not run.
    """

    kind: Kind
    auto = "auto"
    most_threads: int | None = None

    def __init__(
        self,
        path: Path | ModelFile,
        provider: str = "auto",
        front_end: FrontEnd | None = None,
        threads: int | None = None,
        tried: bool = False,
    ) -> None:
        file = path if isinstance(path, ModelFile) else read_file(path, front_end)
        self.path, self.longest_s, self.info, self.digest = (
            *(file.path, LONGEST_S),
            *(file.info, file.digest),
        )
        self.front_end, self.level_db = self.info.front_end, self.info.level_db
        if self.info.kind != self.kind:
            raise PresetError(
                str(file.path),
                f"a generator of kind {self.info.kind}",
                expected=f"one of kind {self.kind}",
                cure="Use another preset.",
            )
        check_provider(provider)
        provider = self.auto if provider == "auto" else provider
        threads = threads or self.most_threads
        self._take(file.declared)
        try:
            if not tried:
                trial.admit(file.path, self.digest)
            opening = partial(open_session, file.data, str(file.path), provider, threads)
            self._session, self.provider = interruptible(opening)
            self._check_example()
        except DoubledropError:
            raise
        except Exception as fault:  # whatever a file can bring about
            raise unloadable(file.path, fault) from fault

    @abstractmethod
    def _take(self, declared: Declared) -> None:
        """Keep what this kind has to know of the file."""

    def run(self, feed: dict[str, Array], outputs: list[str] | None = None) -> list[Array]:
        """Outputs for inputs by name.

        Args:
            feed: the inputs.
            outputs: names of those that are wanted, in this order; None for all.

        Raises:
            GeneratorError: the provider failed, or took too long.
        """  # noqa: DOC501
        options, late = ort.RunOptions(), False
        options.log_severity_level = QUIET

        def end() -> None:
            nonlocal late
            late = options.terminate = True

        def run() -> list[Array]:
            with DEADLINE.within(self.longest_s, end):
                return [np.asarray(one) for one in self._session.run(outputs, feed, options)]

        try:
            return interruptible(run, self.longest_s + _GRACE_S)
        except Exception as fault:
            raise run_error(fault, self.longest_s if late else 0.0) from fault
        except BaseException:  # Ctrl-C
            options.terminate = True
            raise

    @abstractmethod
    def example_output(self) -> Array:
        """What the network makes of its example's source."""

    @staticmethod
    @abstractmethod
    def distance(generated: Array, wanted: Array) -> float:
        """How far what it makes is from what it is to make, see :data:`EXAMPLE_TOLERANCE`."""

    def _check_example(self) -> None:
        wanted, generated = self.info.example.generated, self.example_output()
        wrong = self.distance(generated, wanted) if generated.shape == wanted.shape else np.inf
        tolerance = EXAMPLE_TOLERANCE[self.kind]
        if not wrong <= tolerance:
            raise PresetError(
                str(self.path),
                f"its example comes out {wrong:.2g} off on {self.provider}",
                expected=f"at most {tolerance:g}",
                cure="The file is damaged: export it again, or try --provider cpu.",
            )


def read_model(path: Path) -> bytes:
    """The bytes of a generator's file.

    Raises:
        PresetError: it is missing, or cannot be read.
    """  # noqa: DOC501
    if not path.is_file():
        raise PresetError(
            str(path), "no such file", cure="A preset holds preset.toml and generator.onnx."
        )
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as fault:
        raise unloadable(path, fault) from fault


def unloadable(path: Path, fault: Exception) -> PresetError:
    """The error of a file that cannot be loaded, whatever that brought about."""
    return PresetError(
        str(path),
        f"cannot be loaded ({reason_of(fault)})",
        cure="The file is damaged or no ONNX model: export it again.",
    )


def _of_another_front_end(name: str, has: FrontEnd, wanted: FrontEnd) -> FrontEndError:
    cure = "Train or export it again with this version's front end."
    if has in FRONT_ENDS.values():
        cure = "It is for files: doubledrop render IN OUT --preset PRESET --window late."
    return FrontEndError(
        name,
        f"made for front end {name_of(has)} ({_difference(has, wanted)})",
        expected=f"{name_of(wanted)}, {wanted.fingerprint}",
        cure=cure,
    )


def _difference(has: FrontEnd, wanted: FrontEnd) -> str:
    return ", ".join(
        f"{key} {getattr(has, key):g} instead of {value:g}"
        if isinstance(value, (int, float))
        else f"{key} {getattr(has, key)} instead of {value}"
        for key, value in vars(wanted).items()
        if getattr(has, key) != value
    )
