"""Logistic regression on pictures, as Young, Broido & Ayumba fit it.

"Multi-instrumental genre transfer using CycleGAN", section "Logistic Classifier": pictures of
256 × 256 pixels, a limited-memory Broyden–Fletcher–Goldfarb–Shanno solver, and an end when the loss
has been above its best − 0.001 in five iterations one after the other. They do not state the weight
of the penalty; it is scikit-learn's, half of the squared norm beside the sum of losses.
"""

from __future__ import annotations

import numpy as np
import scipy.ndimage
import scipy.optimize
from scipy.special import expit

from engine.dsp.arrays import Array

PIXELS = 256
_TOLERANCE = 1e-3
_PATIENCE = 5
_MOST_ITERATIONS = 1000


def picture(image: Array) -> Array:
    """An image (columns, bands), 0…1, as a square picture, (PIXELS²,) float32, by linear
    interpolation."""
    size = [PIXELS / length for length in image.shape]
    return np.asarray(scipy.ndimage.zoom(image.astype(np.float32), size, order=1)).ravel()


class Stop:
    """When a solver ends: its loss was no better than the best one − 0.001, five times."""

    def __init__(self) -> None:
        self._best, self._without = np.inf, 0

    def __call__(self, loss: float) -> bool:
        """Whether an iteration of this loss is the last one."""
        self._without = self._without + 1 if loss > self._best - _TOLERANCE else 0
        self._best = min(self._best, loss)
        return self._without >= _PATIENCE


class Logistic:
    """Logistic regression.

    Args:
        rows: pictures, (n, pixels) float32.
        labels: 0 or 1 of each, (n,).

    Attributes:
        iterations: of the solver.
    """

    def __init__(self, rows: Array, labels: Array) -> None:
        self._mean = rows.mean(axis=0)
        centred = rows - self._mean
        signs = 2.0 * labels.astype(np.float64) - 1.0
        stop, self.iterations = Stop(), 0

        def loss(weights: Array) -> tuple[float, Array]:
            margins = signs * (centred @ weights[1:].astype(np.float32) + weights[0])
            pull = -signs * expit(-margins) / len(rows)
            penalty = weights[1:] / len(rows)
            slope = np.concatenate([[pull.sum()], pull.astype(np.float32) @ centred + penalty])
            mean = np.logaddexp(0.0, -margins).mean() + 0.5 * float(weights[1:] @ penalty)
            return float(mean), slope

        def watch(intermediate_result: scipy.optimize.OptimizeResult) -> None:
            self.iterations += 1
            if stop(float(intermediate_result.fun)):
                raise StopIteration

        begin = np.zeros(1 + rows.shape[1])
        options = {"maxiter": _MOST_ITERATIONS, "ftol": 0.0, "gtol": 0.0}
        self._weights = scipy.optimize.minimize(
            loss, begin, jac=True, method="L-BFGS-B", callback=watch, options=options
        ).x

    def share(self, rows: Array) -> Array:
        """Probability that each picture is of label 1, (n,)."""
        weights = self._weights[1:].astype(np.float32)
        return np.asarray(expit((rows - self._mean) @ weights + self._weights[0]))
