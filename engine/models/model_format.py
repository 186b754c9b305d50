"""What travels inside a generator's ONNX file beside the network.

A generator takes ``image`` (1, 1, n_mels, width), 0…1, and may take ``period`` (1,), the exact
length of the phrase in columns; it returns ``generated``, of the image's shape. Its metadata hold
the front end it was made for, the loudness it expects, facts about its making, and one example
of input and output that the player runs before it believes the file.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.crop import AHEAD
from engine.dsp.frontend import FrontEnd
from engine.dsp.streaming import answer_size, input_size
from engine.dsp.tempo import WIDTH_STEP
from engine.errors import PresetError

FORMAT = 1  # of the file; independent of the version of the program
Kind = Literal["window", "streaming"]
"""Of a generator: one that restyles windows, or one that answers column by column."""
IMAGE, PERIOD, GENERATED = "image", "period", "generated"
COLUMN, STATE, ANSWERS, NEXT_STATE = "column", "past", "answers", "next_past"
DEFAULT_LEVEL_DB = -18.0  # mean power of a mastered track, dB re full scale
EXAMPLE_TOLERANCE: dict[Kind, float] = {"window": 2e-3, "streaming": 0.25}
"""How far from its example a network may be: of an image the largest difference, 0.16 dB; of
answers the root mean square, dB, for products in 8 bits round differently on other processors. A
wrong network is far off."""

_PREFIX = "doubledrop."
# Whoever made the file may have meant harm: what is read of it is bounded before it is made.
_MOST_COLUMNS = 8192  # of an example, and of a view: 95 s
_MOST_PIXELS = 1 << 21  # of an example: 8 MiB
_MOST_TEXT = 1 << 16  # characters of facts and of the front end
_MOST_DIGITS = 64  # of a number
_LOUDEST_DB, _QUIETEST_DB = 0.0, -80.0


@dataclass(frozen=True)
class Example:
    """One input and its output, run at every load.

    Attributes:
        source: a window (width, n_mels), 0…1; of a streaming generator columns in a row, (columns,
            :func:`engine.dsp.streaming.input_size`).
        generated: what it makes of it, the same shape; of a streaming generator the answer to the
            last of the columns, (1, :func:`engine.dsp.streaming.answer_size`).
        period: length of the phrase in columns; 0 without one.
    """

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
        kind: of generator.
    """

    front_end: FrontEnd
    example: Example
    level_db: float = DEFAULT_LEVEL_DB
    facts: dict[str, Any] = field(default_factory=dict)
    view: int = 0
    kind: Kind = "window"

    def to_metadata(self) -> dict[str, str]:
        """As the strings that ONNX metadata hold."""
        return {
            _PREFIX + "format": str(FORMAT),
            _PREFIX + "front_end": self.front_end.to_json(),
            _PREFIX + "fingerprint": self.front_end.fingerprint,
            _PREFIX + "level_db": repr(self.level_db),
            _PREFIX + "kind": self.kind,
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
            ValueError: as one of these, which are such.
            KeyError: only as PresetError.
            zlib.error: only as PresetError.
            RecursionError: only as PresetError.
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
            front_end = FrontEnd.from_json(_text(metadata, "front_end"))
            kind, bands = kind_of(metadata), front_end.n_mels
            sizes, shortest = (bands, bands), 1.0
            if kind == "streaming":  # columns in a row are of no phrase
                sizes, shortest = (input_size(bands), answer_size(bands)), 0.0
            return cls(
                front_end=front_end,
                example=Example(
                    _unpack(metadata[_PREFIX + "example_source"], sizes[0]),
                    _unpack(metadata[_PREFIX + "example_generated"], sizes[1]),
                    _number(metadata, "example_period", shortest, float(_MOST_COLUMNS)),
                ),
                level_db=_number(metadata, "level_db", _QUIETEST_DB, _LOUDEST_DB),
                facts=_facts(_text(metadata, "facts")),
                view=_view(metadata.get(_PREFIX + "view", "0")),
                kind=kind,
            )
        except (KeyError, ValueError, zlib.error, RecursionError) as fault:
            if isinstance(fault, PresetError):
                raise
            reason = f"{fault} is missing" if isinstance(fault, KeyError) else str(fault)
            raise PresetError(
                name, f"metadata that cannot be read ({reason})", cure="Export it again."
            ) from fault


def kind_of(metadata: dict[str, str]) -> Kind:
    """The kind of the generator that has these metadata.

    Raises:
        ValueError: this version knows none of that name.
    """
    kind = metadata.get(_PREFIX + "kind", "window")
    for known in get_args(Kind):
        if kind == known:
            return cast(Kind, known)
    raise ValueError(f"a generator of kind {kind[:_MOST_DIGITS]!r}, window and streaming are known")


def _text(metadata: dict[str, str], key: str) -> str:
    text = metadata[_PREFIX + key]
    if len(text) > _MOST_TEXT:
        raise ValueError(f"{key} of {len(text)} characters")
    return text


def _number(metadata: dict[str, str], key: str, low: float, high: float) -> float:
    text = metadata[_PREFIX + key]
    value = float(text) if len(text) <= _MOST_DIGITS else math.nan
    if not low <= value <= high:
        raise ValueError(f"{key} of {text[:_MOST_DIGITS]!r}, {low:g} to {high:g} are possible")
    return value


def _facts(text: str) -> dict[str, Any]:
    """Plain values, as JSON has them: no NaN, no infinity.

    Raises:
        ValueError: it is no JSON, or no table.
    """

    def refuse(constant: str) -> None:
        raise ValueError(f"facts with {constant}")

    facts = json.loads(text, parse_constant=refuse)
    if not isinstance(facts, dict):
        raise ValueError("facts that are no table")
    return facts


def _view(text: str) -> int:
    """A crop that holds more than what lies ahead, in a width that networks take.

    Raises:
        ValueError: it is none.
    """
    view = int(text) if len(text) <= _MOST_DIGITS else -1
    if view and (view % WIDTH_STEP or not 2 * AHEAD <= view <= _MOST_COLUMNS):
        raise ValueError(f"a view of {view} columns")
    return view


def _pack(image: Array) -> str:
    head = f"{image.shape[0]},{image.shape[1]};"
    raw = np.ascontiguousarray(image, "<f4").tobytes()
    return head + base64.b85encode(zlib.compress(raw, 9)).decode()


def _unpack(text: str, n_mels: int) -> Array:
    """An image of so many bands; never more is inflated than it holds.

    Raises:
        ValueError: it is none, is too large, or has other bands.
    """
    head, _, body = text.partition(";")
    width, bands = map(int, head[:_MOST_DIGITS].split(","))
    if not 1 <= width <= _MOST_COLUMNS or bands != n_mels or width * bands > _MOST_PIXELS:
        raise ValueError(f"an example of {width} columns and {bands} bands")
    size = 4 * width * bands
    if len(body) > 2 * size + _MOST_TEXT:
        raise ValueError(f"an example of {len(body)} characters")
    inflater = zlib.decompressobj()
    raw = inflater.decompress(base64.b85decode(body), size + 1)
    if len(raw) != size or not inflater.eof:
        raise ValueError("an example of another size than it says")
    image = np.frombuffer(raw, "<f4").reshape(width, bands)
    if not np.isfinite(image).all():
        raise ValueError("an example with values that are not finite")
    return image
