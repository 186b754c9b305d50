"""A classifier that runs, and the one that comes with the program. No torch: ONNX Runtime."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.dsp.arrays import Array
from engine.errors import PresetError
from engine.genres.model_file import FEATURES, FILE, SHARES, read_classifier

if TYPE_CHECKING:
    import onnxruntime as ort

_TOLERANCE = 1e-3


class Classifier:
    """Says of 44 features how likely each genre is.

    Args:
        path: a classifier's folder, or its ONNX file; None for the one that comes with the program.

    Attributes:
        path: of the file.
        genres: by the columns of what it says.
        facts: of its making.

    Raises:
        PresetError: the file is missing, is no classifier, has what it must not have, or does not
            say of its own example what it should.
    """

    def __init__(self, path: Path | None = None) -> None:
        from engine.models.providers import open_session

        place = bundled() if path is None else path
        self.path = place / FILE if place.is_dir() else place
        data, info = read_classifier(self.path)
        self.genres, self.facts = info.genres, info.facts
        session, _ = open_session(data, str(self.path), "cpu", 1)
        self._session: ort.InferenceSession = session
        said = self(info.example[None])[0]
        if not np.allclose(said, info.said, atol=_TOLERANCE):
            raise PresetError(
                str(self.path),
                "says something else of its example than it did when it was made",
                cure="The file is damaged: train it again.",
            )

    def __call__(self, features: Array) -> Array:
        """Shares of the genres, (rows, genres), each row of which adds up to 1.

        Args:
            features: (rows, 44).

        Raises:
            PresetError: the network cannot run.
        """
        try:
            found: list[Any] = self._session.run(
                [SHARES], {FEATURES: np.asarray(features, np.float32)}
            )
        except Exception as fault:  # of ONNX Runtime's own kinds
            raise PresetError(
                str(self.path), f"cannot run ({fault})", cure="Train it again."
            ) from fault
        return np.asarray(found[0], np.float64)


def bundled() -> Path:
    """Folder of the classifier that comes with the program."""
    return Path(str(resources.files("engine.genres"))) / "bundled"
