"""doubledrop: a live effect that restyles music into another genre, in time with it.

::

    line-in ─► signal path ─► [effects] ─► line-out     engine.cli     commands, one file each
                │  1 gains for the instant that leaves   engine.live    files, devices, processes
                │  2 gain on the live spectrum           engine.stages  what a slot hears, effects
                │  3 which slots are heard               engine.dsp     arrays in, arrays out
                ├── window ─► inference ─► gain image     engine.stages.window_inference
                └── column ─► inference ─► gains ahead    engine.stages.stream_inference
    ports ─► desk, conductor, switching ─► board        engine.control what the performer does

    train ──► engine.dsp ◄── engine.stages ◄── engine.live ◄── engine.cli
                  └◄─────── engine.control ◄──────┘
    export ─► networks of train, engine.dsp      engine never imports torch, train or export
    train.prepare, train.judge ──► engine.live   they listen with the tracker, judge renders

The signal path (:mod:`engine.dsp.signal_path`) is machine code, one for all: the audio callback
(:mod:`engine.live.callback`) calls it, and so do ``render`` (:class:`engine.stages.host.Host`),
performances (:mod:`engine.live.offline`) and takes that are played again
(:mod:`engine.live.replay`). What it reads, inference has published (:mod:`engine.dsp.published`).

``engine.dsp`` and ``engine.control`` are pure: no I/O, threads, clock or logging. There is one
spectral front end (:class:`engine.dsp.frontend.FrontEnd`) for training, offline and live.

Sound is an array of shape (channels, samples), float32, full scale ±1. Images are (columns,
n_mels). Time is counted in samples of the feed; gains are addressed by the instant at which they
are heard, never by "now".
"""

__version__: str

from engine import surroundings

surroundings.ignore()


def __getattr__(name: str) -> str:
    """The version is looked up when it is asked for: a command's first instructions come sooner."""
    if name != "__version__":
        raise AttributeError(name)
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("doubledrop")
    except PackageNotFoundError:  # run from a checkout that was not installed
        return "0"
