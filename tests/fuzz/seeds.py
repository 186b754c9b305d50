"""Valid inputs of each target, to begin with: what is near to valid gets furthest."""

from __future__ import annotations

import io
import json
from pathlib import Path

import mido
import soundfile as sf

from engine.config.preset import bundled_folder
from engine.config.rig_template import template
from engine.dsp.frontend import FrontEnd
from engine.models.model_format import DEFAULT_LEVEL_DB, Example, ModelInfo
from engine.state.journal import FORMAT
from tests.fuzz.targets import RATE, SEPARATOR, noise

CORPUS = Path(__file__).parent / "corpus"
_RIG = """[clock]
bpm = 174.0
sources = ["midi", "tap", "follow"]
[[slots]]
preset = "downbeat-filter"
program = 3
[[slots.chain]]
effect = "Reverb"
room_size = 0.5
[[slots]]
preset = "mine/"
level_db = -3.0
chain = []
[[chain]]
branches = [{ gain_db = -6.0, chain = [{ effect = "Gain", gain_db = 3.0 }] }, {}]
[[macros]]
start = 0.5
moves = [{ slot = 1, effect = 1, parameter = "room_size", low = 0.1, high = 0.9 }]
[switch]
quantise = "bar"
fade_s = 0.25
[crossfader]
a = 1
b = 2
[[controls]]
target = "wet"
control = "cc16"
port = "pads"
"""
_DECISIONS = [
    {"what": "opened", "at": 0, "wet": 1.0},
    {"what": "turned", "at": 0, "wet": 1.0, "level": 1.0, "ready": -1.0},
    {"what": "began", "at": 0, "heard": 0},
    {"what": "published", "at": 2048, "slot": 0, "number": 1},
    {"what": "taken", "at": 2560, "slot": 0, "number": 1},
    {"what": "heard_by", "at": 2560, "slot": 0, "column": 5, "by": 100},
    {"what": "effects", "at": 0, "fed": 0},
    {"what": "tempo", "at": 0, "bpm": 174.0, "downbeat_s": 0.1, "known": 1},
    {"what": "switch", "at": 512, "slot": 0, "fade_s": 0.1, "due": 600},
    {"what": "cross", "at": 700, "place": 0.5},
    {"what": "amount", "at": 800, "slot": 0, "amount": 0.5},
    {"what": "fed", "at": 750, "fed": 600},
    {"what": "macro", "at": 900, "fed": 900, "number": 0, "place": 0.5},
    {"what": "panic", "at": 1000, "fed": 1000},
]


def seeds(target: str) -> list[bytes]:
    """Valid inputs of a target."""
    made: list[bytes] = globals()[f"_{target}"]()
    return made


def kept(target: str) -> list[bytes]:
    """What once broke something."""
    return [path.read_bytes() for path in sorted((CORPUS / target).glob("*"))]


def _preset() -> list[bytes]:
    return [path.read_bytes() for path in sorted(bundled_folder().glob("*/preset.toml"))]


def _rig() -> list[bytes]:
    return [_RIG.encode(), template([], ["pads"], ["lights"], ["downbeat-filter"]).encode()]


def _metadata() -> list[bytes]:
    image = noise()[:16, :1].repeat(FrontEnd().n_mels, axis=1)
    info = ModelInfo(FrontEnd(), Example(image, image, 16.0), DEFAULT_LEVEL_DB, {"steps": 3})
    return [json.dumps(info.to_metadata()).encode()]


def _take() -> list[bytes]:
    settings = {"use": "phrase", "lookahead_ms": 0}
    asked = {"models": ["MODEL"], "provider": "cpu", "bpm": 174.0, "downbeat_s": 0.0}
    facts = {
        **{"format": FORMAT, "rate": RATE, "block": 128, "first_sample": 0},
        **{"inputs": 2, "outputs": 2},
        **{"models_sha256": [""], "asked": asked | {"settings": settings}},
    }
    lines = "\n".join(json.dumps(entry) for entry in _DECISIONS) + "\n"
    return [json.dumps(facts).encode() + SEPARATOR + lines.encode()]


def _midi() -> list[bytes]:
    notes = [mido.Message("program_change", program=1, time=10), mido.MetaMessage("set_tempo")]
    notes += [mido.Message("control_change", control=16, value=v, time=5) for v in (0, 64, 127)]
    notes += [mido.Message("note_on", note=60, time=9), mido.Message("songpos", pos=16)]
    made = []
    for kind in (0, 1, 2):
        file, out = mido.MidiFile(type=kind, tracks=[mido.MidiTrack(notes)]), io.BytesIO()
        file.save(file=out)
        made.append(out.getvalue())
    lines = [{"at_s": 0.5, "port": "pads", "data": [176, 16, n]} for n in (0, 64, 127)]
    return [*made, "".join(json.dumps(line) + "\n" for line in lines).encode()]


def _state() -> list[bytes]:
    return [json.dumps({"slot": 1, "wet": 0.5, "level": 1.0, "macro1": 0.25}).encode()]


def _audio() -> list[bytes]:
    kinds = [("WAV", "FLOAT"), ("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("AIFF", "PCM_24")]
    kinds += [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"), ("RF64", "FLOAT")]
    made = []
    for container, encoding in kinds:
        out = io.BytesIO()
        sf.write(out, noise()[: RATE // 20], RATE, encoding, format=container)
        made.append(out.getvalue())
    return made
