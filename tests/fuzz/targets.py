"""What is fuzzed: a function of bytes each, which raises where the program would show a traceback.

A command must end with status 0, 1 or 2; a library call may raise a DoubledropError and nothing
else.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from contextlib import redirect_stderr, suppress
from pathlib import Path

import numpy as np
import soundfile as sf

from engine.config.preset import load_preset
from engine.config.request import EngineConfig, read, written
from engine.config.rig import Rig, Slot, read_rig
from engine.control.clock_selector import ClockSelector
from engine.control.control_mapper import ControlMapper
from engine.control.switching import Switching
from engine.dsp.settings import Settings
from engine.dsp.tempo import Tempo
from engine.errors import DoubledropError
from engine.host.controller import Controller
from engine.io.files import SoundReader
from engine.io.midi_file import read_midi
from engine.models.model_format import ModelInfo
from engine.offline.unpaced import offline_board
from export import handmade
from tests.program import doubledrop

SEPARATOR = b"\n---\n"
RATE = 24000
_MOST_S = 30.0  # of decoded sound: what a header may promise is not read for ever


def _config(played: Rig) -> None:
    """All that is made of a rig before its effects are tried."""
    config = played.config("cpu", Tempo(played.clock.bpm), Settings())
    read(EngineConfig, written(config))
    played.bindings(), played.programs(), played.starts()


def _generator(folder: Path) -> Path:
    """A generator made by hand, written once."""
    path = folder / "made" / "generator.onnx"
    return path if path.exists() else handmade.write(handmade.identity, path)


def call(*arguments: object) -> str:
    """A command; its output.

    Raises:
        AssertionError: it ended with another status than 0, 1 or 2, or without saying why.
    """
    done = doubledrop(*arguments)
    assert done.returncode in (0, 1, 2), (done.returncode, done.stderr)
    assert done.returncode == 0 or done.stderr.strip(), "an error without a word"
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


def preset(data: bytes, folder: Path) -> None:
    """A preset.toml beside a sound generator."""
    there = folder / "preset"
    there.mkdir(exist_ok=True)
    if not (there / "generator.onnx").exists():
        shutil.copy(_generator(folder), there)
    (there / "preset.toml").write_bytes(data)
    with suppress(DoubledropError):
        found = load_preset(str(there))
        _config(Rig.of_preset(str(there), found.file.bpm, 1.0))


def rig(data: bytes, folder: Path) -> None:
    """A rig.toml."""
    path = folder / "rig.toml"
    path.write_bytes(data)
    with suppress(DoubledropError):
        _config(read_rig(path, presets=False))


def metadata(data: bytes, folder: Path) -> None:
    """The metadata of a generator, as JSON."""
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(values, dict) and all(isinstance(v, str) for v in values.values()):
        with suppress(DoubledropError):
            ModelInfo.from_metadata(values, "fuzzed")


def take(data: bytes, folder: Path) -> None:
    """A take's facts and decisions, with half a second of sound."""
    there = folder / "take"
    there.mkdir(exist_ok=True)
    facts, _, decisions = data.partition(SEPARATOR)
    model = str(_generator(folder)).encode()
    (there / "take.json").write_bytes(facts.replace(b"MODEL", model))
    (there / "decisions.jsonl").write_bytes(decisions)
    for name in ("dry", "wet", "out"):
        if not (there / f"{name}.wav").exists():
            sf.write(there / f"{name}.wav", noise(), RATE, subtype="FLOAT")
    (folder / "again.wav").unlink(missing_ok=True)
    call("render", "--take", there, folder / "again.wav", "--json")


def midi(data: bytes, folder: Path) -> None:
    """A Standard MIDI File or a take's midi.jsonl, played on the controls of a rig."""
    path = folder / ("set.jsonl" if data.lstrip()[:1] == b"{" else "set.mid")
    path.write_bytes(data)
    with suppress(DoubledropError):
        clocks, switching = (
            ClockSelector(Tempo(174.0), ["midi", "tap", "fixed"], 5.0),
            Switching(2),
        )
        mapper = ControlMapper(Rig(slots=[Slot(preset="a")]).bindings(), [0, 1], clocks, switching)
        for at_s, message in read_midi(path)[:2000]:
            mapper.hear("file", message, at_s)
            clocks.update(at_s)


def state(data: bytes, folder: Path) -> None:
    """The file in which a rig's controls are remembered."""
    path = folder / "rig.state.json"
    path.write_bytes(data)
    played = Rig(slots=[Slot(preset="a"), Slot(preset="b")])
    config = played.config("cpu", Tempo(174.0), Settings())
    with suppress(DoubledropError), offline_board(config) as shared:
        controller = Controller(shared, played, state=path)
        controller.stop()
        assert 0 <= shared.called().slot < len(played.slots)
        assert all(0.0 <= at <= 1.0 for at in controller.mapper.wishes.knobs.values())


def audio(data: bytes, folder: Path) -> None:
    """A sound file of any kind."""
    path = folder / "sound.wav"
    path.write_bytes(data)
    out = io.StringIO()
    with suppress(DoubledropError), redirect_stderr(out), SoundReader(path) as reader:
        for n, block in enumerate(reader.blocks()):
            assert block.shape[0] == reader.channels
            if n * block.shape[-1] > _MOST_S * reader.rate:
                return


def noise() -> np.ndarray:
    """Half a second of stereo, (samples, 2)."""
    return np.random.default_rng(3).normal(0, 0.1, (RATE // 2, 2)).astype(np.float32)


TARGETS: dict[str, Callable[[bytes, Path], None]] = {
    target.__name__: target for target in (preset, rig, metadata, take, midi, state, audio)
}
