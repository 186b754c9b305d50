"""Real VST3s to be hosted, built from Debian's dpf-source, and approved as a user approves them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from engine.plugins.approval import approve

DPF = Path("/usr/share/dpf/distrho")
SOURCE = Path(__file__).parent / "vst3"


def build(folder: Path) -> Path:
    """The shared object that all the plugins are."""
    if not DPF.is_dir() or not shutil.which("g++"):
        pytest.skip(
            "no dpf-source or g++ to build a VST3 with (Debian: apt install dpf-source g++)"
        )
    made = folder / "harm.so"
    flags = ["-std=c++17", "-O1", "-shared", "-fPIC", "-DDISTRHO_PLUGIN_TARGET_VST3"]
    sources = str(SOURCE / "harm.cpp"), str(DPF / "DistrhoPluginMain.cpp")
    command = ["g++", *flags, f"-I{SOURCE}", f"-I{DPF}", *sources, "-o", str(made), "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    return made


def vst3(made: Path, name: str) -> str:
    """A bundle of this name, approved; the name says what it does, see tests/vst3/harm.cpp."""
    bundle = made.parent / f"{name}.vst3"
    inside = bundle / "Contents" / "x86_64-linux"
    if not bundle.exists():
        inside.mkdir(parents=True)
        shutil.copy(made, inside / f"{name}.so")
    approve(bundle)
    return str(bundle)
