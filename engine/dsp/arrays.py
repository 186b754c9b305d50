"""The array types that every module of the signal path shares."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Audio = npt.NDArray[np.float32]
"""Sound: shape (channels, samples), full scale ±1."""
