"""Tells the performer what there is to be told, but not the same again and again."""

from __future__ import annotations

import time
from collections.abc import Callable

_ONCE_S = 1.0


class Notifier:
    """Passes words on, unless the same were told just now: a button may send on sixteen channels.

    Args:
        tell: told them.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell, self._told_s = tell, dict[str, float]()

    def __call__(self, text: str) -> None:
        """Tell it."""
        now_s = time.monotonic()
        if now_s - self._told_s.get(text, -_ONCE_S) >= _ONCE_S:
            self._told_s = {t: at for t, at in self._told_s.items() if now_s - at < _ONCE_S}
            self._told_s[text] = now_s
            self._tell(text)
