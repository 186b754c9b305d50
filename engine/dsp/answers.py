"""What a streaming generator has answered, as one ring of records that others may map.

Who answers writes one record a column; who renders looks for the column that it needs, from the
answer that was meant for it to those from farther back. The record is written before its number,
so that a reader never takes half of one for whole.
"""

from __future__ import annotations

import numpy as np

from engine.dsp.arrays import Array
from engine.dsp.streaming import LEADS

KEPT = 2048  # records: as many columns as are remembered
_NONE = -(1 << 62)


def record_type(bands: int) -> np.dtype[np.void]:
    """The layout of one record.

    ``column`` is the number of the column after which it was given, ``level`` the mean square of
    the feed there, ``gain`` in dB and ``noise`` the variance a sample and band, of each lead.
    """
    leads = len(LEADS)
    return np.dtype(
        [
            ("column", "<i8"),
            ("level", "<f4"),
            ("noisy", "<i4"),
            ("gain", "<f4", (leads, bands)),
            ("noise", "<f4", (leads, bands)),
        ]
    )


class Answers:
    """The ring.

    Args:
        records: (KEPT,) of :func:`record_type`; by default memory of this process.
        bands: of the log-mel image.
    """

    def __init__(self, bands: int, records: Array | None = None) -> None:
        self._records = np.zeros(KEPT, record_type(bands)) if records is None else records
        self.clear()

    def clear(self) -> None:
        """As if nothing had been answered."""
        self._records["column"] = _NONE

    def publish(self, column: int, gain: Array, noise: Array | None, level: float) -> None:
        """Write the answer that was given after a column.

        Args:
            column: its number.
            gain: dB, (leads, bands).
            noise: variance a sample and band, (leads, bands); None for none.
            level: mean square of the feed.
        """
        record = self._records[column % KEPT]
        record["column"] = _NONE
        record["gain"], record["level"], record["noisy"] = gain, level, noise is not None
        record["noise"] = 0.0 if noise is None else noise
        record["column"] = column

    def has(self, column: int, lead: int) -> bool:
        """Whether there is an answer for a column by so many columns before."""
        answered = column - LEADS[lead]
        return bool(self._records["column"][answered % KEPT] == answered)

    def of(self, column: int, lead: int) -> tuple[Array, Array | None, float]:
        """Gain, noise and level for a column by the answer of a lead, which there has to be."""
        record = self._records[(column - LEADS[lead]) % KEPT]
        noise = record["noise"][lead].copy() if record["noisy"] else None
        return record["gain"][lead].copy(), noise, float(record["level"])
