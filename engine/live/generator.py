"""Generators in ONNX Runtime: loaded, checked against their example, and honest about where
they run."""

from __future__ import annotations

import os
from collections.abc import Sequence
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
from engine.errors import FrontEndError, PresetError, ProviderError
from engine.live.inference import run_error

_PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
}
_CURES = {
    "cuda": "Install an NVIDIA driver and pip install 'onnxruntime-gpu[cuda,cudnn]'",
    "tensorrt": "Install TensorRT 10 and an NVIDIA driver",
    "coreml": "CoreML exists on macOS only",
}
_AUTO = ("cuda", "coreml")  # TensorRT builds its engine for minutes: only when asked for
_QUIET = 4  # fatal: a provider that is not there is reported by us, in one line


class OnnxGenerator:
    """A network that restyles a window.

    Args:
        path: the ONNX file.
        provider: auto, cpu, cuda, tensorrt or coreml. ``auto`` takes a GPU that works, else CPU.
        front_end: what the host's images are made with.
        threads: of one inference on the CPU.

    Attributes:
        info: the file's metadata.
        view: columns around "now" that it wants to see on the stage; 0 for the whole window.
        provider: the one that runs, cpu … coreml.

    Raises:
        PresetError: the file is missing, corrupt, no generator, or fails its own example.
        FrontEndError: it was made for another front end.
        ProviderError: the provider was asked for by name and does not run.
    """

    def __init__(
        self,
        path: Path,
        provider: str = "auto",
        front_end: FrontEnd | None = None,
        threads: int | None = None,
    ) -> None:
        self._path = path
        if not path.is_file():
            raise PresetError(
                str(path), "no such file", cure="A preset holds preset.toml and generator.onnx."
            )
        self._session, self.provider = _open(path, provider, threads)
        self._wants_period = PERIOD in {entry.name for entry in self._session.get_inputs()}
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.info = ModelInfo.from_metadata(metadata, str(path))
        self.front_end, self.level_db = self.info.front_end, self.info.level_db
        self.view = self.info.view
        wanted = front_end or FrontEnd()
        if self.front_end != wanted:
            raise FrontEndError(
                str(path),
                f"made for front end {self.front_end.fingerprint} {_difference(self, wanted)}",
                expected=wanted.fingerprint,
                cure="Train or export it again with this version's front end.",
            )
        self._check_example()

    def __call__(self, image: Array, period: float) -> Array:
        """Image (width, n_mels), 0…1, to the restyled image of the same shape.

        Raises:
            GeneratorError: the provider failed.
        """
        feed = {IMAGE: np.ascontiguousarray(image.T, np.float32)[None, None]}
        if self._wants_period:
            feed[PERIOD] = np.array([period], np.float32)
        try:
            (generated,) = self._session.run(None, feed)
        except Exception as fault:
            raise run_error(fault) from fault
        return np.ascontiguousarray(np.asarray(generated)[0, 0].T)

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

    def __call__(self, image: Array, period: float) -> Array:
        """The image itself."""
        return image

    def warm(self, width: int) -> None:
        """Nothing to do."""


def _open(path: Path, provider: str, threads: int | None) -> tuple[ort.InferenceSession, str]:
    if provider != "auto" and provider not in _PROVIDERS:
        raise ProviderError(
            f"--provider {provider}",
            "unknown",
            expected="auto, " + ", ".join(_PROVIDERS),
            cure="Choose one of these.",
        )
    asked = _AUTO if provider == "auto" else (provider,)
    for name in (*(n for n in asked if n != "cpu"), "cpu"):
        if name == "cpu" and provider not in ("auto", "cpu"):
            break
        if _PROVIDERS[name] not in ort.get_available_providers():
            continue
        session = _session(path, name, threads)
        if session is not None and _PROVIDERS[name] in session.get_providers():
            return session, name
    raise ProviderError(
        f"--provider {provider}",
        "not available on this machine",
        expected=f"{_PROVIDERS[provider]} in ONNX Runtime",
        cure=f"{_CURES[provider]}, or use --provider cpu.",
    )


def _loadable(path: Path) -> str | bytes:
    """A model for ONNX Runtime: its path, or its content where the path is no UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return path.read_bytes()
    return str(path)


def _session(path: Path, name: str, threads: int | None) -> ort.InferenceSession | None:
    options = ort.SessionOptions()
    options.log_severity_level = _QUIET
    options.intra_op_num_threads = threads or min(2, os.cpu_count() or 1)
    options.inter_op_num_threads = 1
    # Spinning threads would take the hop loop's core between two inferences.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    try:
        ort.set_default_logger_severity(_QUIET)
        return ort.InferenceSession(_loadable(path), options, providers=[_PROVIDERS[name]])
    except Exception as fault:
        if name != "cpu":
            return None
        raise PresetError(
            str(path),
            f"cannot be loaded ({str(fault).splitlines()[0][:200]})",
            cure="The file is damaged or no ONNX model: export it again.",
        ) from fault


def _difference(generator: OnnxGenerator, wanted: FrontEnd) -> str:
    has = vars(generator.front_end)
    return ", ".join(
        f"{key} {has[key]:g} instead of {value:g}" if isinstance(value, (int, float)) else key
        for key, value in vars(wanted).items()
        if has[key] != value
    )


def load_slots(
    models: Sequence[str], provider: str
) -> tuple[list[OnnxGenerator | Through], str, dict[int, PresetError]]:
    """The network of each slot, and where they run; one that cannot be loaded lets dry through.

    Returns:
        The networks, the provider, and why those that cannot be loaded cannot.

    Raises:
        PresetError: none of them can.
    """
    generators: list[OnnxGenerator | Through] = []
    runs_on, faults = "", {}
    for slot, model in enumerate(models):
        try:
            generator = OnnxGenerator(Path(model), provider, threads=1)
            runs_on = generator.provider
            generators.append(generator)
        except PresetError as fault:
            faults[slot] = fault
            generators.append(Through())
    if len(faults) == len(generators):
        raise faults[0]
    return generators, runs_on, faults
