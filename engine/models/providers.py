"""Execution providers of ONNX Runtime: which are there, and a session on one of them."""

from __future__ import annotations

import os
from functools import lru_cache

import onnxruntime as ort

from engine.errors import PresetError, ProviderError
from engine.models.executors import reason_of

MEMORY = 768 << 20
"""Bytes that all networks of this process may take together while they run on the CPU: what a
network asks for may depend on what it hears, so its trial has not seen all."""
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
_UNWANTED = ["MatMulAddFusion"]
"""It makes products of a kind that cannot be done with weights of 8 bits."""
_AUTO = ("cuda", "coreml")  # TensorRT builds its engine for minutes: only when asked for
QUIET = 4
"""Fatal: a provider that is not there is reported by us, in one line."""


def check_provider(provider: str) -> None:
    """Whether there is a provider of that name.

    Raises:
        ProviderError: there is none.
    """
    if provider != "auto" and provider not in _PROVIDERS:
        raise ProviderError(
            f"--provider {provider}",
            "unknown",
            expected="auto, " + ", ".join(_PROVIDERS),
            cure="Choose one of these.",
        )


def open_session(
    data: bytes, file: str, provider: str, threads: int | None
) -> tuple[ort.InferenceSession, str]:
    """A session of a network, and the provider that it runs on.

    Args:
        data: of the ONNX file.
        file: its name, for messages.
        provider: auto, or one by name.
        threads: of one inference on the CPU.

    Raises:
        PresetError: the network cannot be loaded.
        ProviderError: the provider was asked for by name and does not run.
    """
    asked = _AUTO if provider == "auto" else (provider,)
    for name in (*(n for n in asked if n != "cpu"), "cpu"):
        if name == "cpu" and provider not in ("auto", "cpu"):
            break
        if _PROVIDERS[name] not in ort.get_available_providers():
            continue
        session = _session(data, file, name, threads)
        if session is not None and _PROVIDERS[name] in session.get_providers():
            return session, name
    raise ProviderError(
        f"--provider {provider}",
        "not available on this machine",
        expected=f"{_PROVIDERS[provider]} in ONNX Runtime",
        cure=f"{_CURES[provider]}, or use --provider cpu.",
    )


def _session(data: bytes, file: str, name: str, threads: int | None) -> ort.InferenceSession | None:
    ort.set_default_logger_severity(QUIET)
    _bound_memory()
    options = ort.SessionOptions()
    options.log_severity_level = QUIET
    options.intra_op_num_threads = threads or min(2, os.cpu_count() or 1)
    options.inter_op_num_threads = 1
    # Spinning threads would take a core of others between two inferences.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    # Bytes of ONNX Runtime's own format would be loaded past all that was checked.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    options.add_session_config_entry("session.use_env_allocators", "1")
    # Products with weights of 8 bits round their activations to 8 bits too.
    options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", "4")
    try:
        return ort.InferenceSession(
            data, options, providers=[_PROVIDERS[name]], disabled_optimizers=_UNWANTED
        )
    except Exception as fault:
        if name != "cpu":
            return None
        raise PresetError(
            file,
            f"cannot be loaded ({reason_of(fault)})",
            cure="The file is damaged or no ONNX model: export it again.",
        ) from fault


@lru_cache(maxsize=1)
def _bound_memory() -> None:
    """One allocator for all networks of this process, with an end."""
    as_asked = 1  # of kNextPowerOfTwo, kSameAsRequested: the first reaches the end at half of it
    arena = ort.OrtArenaCfg({"max_mem": MEMORY, "arena_extend_strategy": as_asked})
    kind, use = ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, ort.OrtMemType.DEFAULT
    ort.create_and_register_allocator(ort.OrtMemoryInfo("Cpu", kind, 0, use), arena)
