"""The very first: Python's own handler of Ctrl-C writes a traceback, and imports take a moment."""

# What `signal` is made of, without imports of its own.
import _signal  # type: ignore[import-not-found]

FIRST = _signal.getsignal(_signal.SIGINT)
"""What there was before."""
if FIRST is _signal.default_int_handler:
    try:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    except ValueError:  # not the main thread: somebody else's program
        FIRST = None
