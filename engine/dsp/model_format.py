"""What travels inside a generator's ONNX file beside the network.

A generator takes ``image`` (1, 1, n_mels, width), 0…1, and may take ``period`` (1,), the exact
length of the phrase in columns; it returns ``generated``, of the image's shape. Its metadata hold
the front end it was made for, the loudness it expects, facts about its making, and one example
of input and output that the player runs before it believes the file.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.frontend import FrontEnd
from engine.dsp.tempo import WIDTH_STEP
from engine.dsp.view import AHEAD
from engine.errors import PresetError

FORMAT = 1  # of the file; independent of the version of the program
IMAGE, PERIOD, GENERATED = "image", "period", "generated"
DEFAULT_LEVEL_DB = -18.0  # mean power of a mastered track, dB re full scale
EXAMPLE_TOLERANCE = 2e-3  # 0.16 dB: providers round differently, a wrong network is far off

_PREFIX = "doubledrop."


@dataclass(frozen=True)
class Example:
    """One input and its output, (width, n_mels), 0…1, with the phrase length in columns."""

    source: Array
    generated: Array
    period: float


@dataclass(frozen=True)
class ModelInfo:
    """The metadata of a generator.

    Attributes:
        front_end: what its images are made with.
        example: run at every load.
        level_db: mean power of its training material, dB re full scale.
        facts: how it was made: data, steps, seconds, hardware.
        view: columns around "now" that it is shown on the stage, as many as it was trained on; 0
            for the whole window.
    """

    front_end: FrontEnd
    example: Example
    level_db: float = DEFAULT_LEVEL_DB
    facts: dict[str, Any] = field(default_factory=dict)
    view: int = 0

    def to_metadata(self) -> dict[str, str]:
        """As the strings that ONNX metadata hold."""
        return {
            _PREFIX + "format": str(FORMAT),
            _PREFIX + "front_end": self.front_end.to_json(),
            _PREFIX + "fingerprint": self.front_end.fingerprint,
            _PREFIX + "level_db": repr(self.level_db),
            _PREFIX + "view": str(self.view),
            _PREFIX + "facts": json.dumps(self.facts, sort_keys=True),
            _PREFIX + "example_source": _pack(self.example.source),
            _PREFIX + "example_generated": _pack(self.example.generated),
            _PREFIX + "example_period": repr(float(self.example.period)),
        }

    @classmethod
    def from_metadata(cls, metadata: dict[str, str], name: str) -> ModelInfo:
        """Read the metadata of the model called ``name``.

        Raises:
            PresetError: not a doubledrop generator, or of another format.
            FrontEndError: its specification cannot be read.
        """
        found = metadata.get(_PREFIX + "format")
        if found != str(FORMAT):
            raise PresetError(
                name,
                f"format {found}" if found else "an ONNX file without doubledrop's metadata",
                expected=f"format {FORMAT}",
                cure="Export the generator with this version of doubledrop.",
            )
        try:
            return cls(
                front_end=FrontEnd.from_json(metadata[_PREFIX + "front_end"]),
                example=Example(
                    _unpack(metadata[_PREFIX + "example_source"]),
                    _unpack(metadata[_PREFIX + "example_generated"]),
                    float(metadata[_PREFIX + "example_period"]),
                ),
                level_db=float(metadata[_PREFIX + "level_db"]),
                facts=json.loads(metadata[_PREFIX + "facts"]),
                view=_view(metadata.get(_PREFIX + "view", "0")),
            )
        except (KeyError, ValueError, zlib.error) as fault:
            if isinstance(fault, PresetError):
                raise
            raise PresetError(
                name, f"metadata that cannot be read ({fault})", cure="Export it again."
            ) from fault


def _view(text: str) -> int:
    """A crop that holds more than what lies ahead, in a width that networks take."""
    view = int(text)
    if view and (view % WIDTH_STEP or view < 2 * AHEAD):
        raise ValueError(f"a view of {view} columns")
    return view


def _pack(image: Array) -> str:
    head = f"{image.shape[0]},{image.shape[1]};"
    raw = np.ascontiguousarray(image, "<f4").tobytes()
    return head + base64.b85encode(zlib.compress(raw, 9)).decode()


def _unpack(text: str) -> Array:
    head, _, body = text.partition(";")
    width, n_mels = map(int, head.split(","))
    raw = zlib.decompress(base64.b85decode(body))
    return np.frombuffer(raw, "<f4").reshape(width, n_mels)
