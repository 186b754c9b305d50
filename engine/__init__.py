"""doubledrop: a live effect that restyles music into another genre, in time with it.

::

    line-in ─► audio callback ─► [effects' process] ─► line-out      engine.host.callback
                 │ signal path, hop by hop, in machine code          engine.dsp.signal_path
                 │   gains for the instant that leaves               engine.dsp.gain_reader
                 │   gain on the live spectrum, and noise            engine.dsp.kernel
                 │   which slots are heard, and how much             engine.dsp.slot_mix
                 ▲ published gains, in shared memory                 engine.dsp.published
    network's process: columns or windows ─► generator ─► gains      engine.host.network
    ports ─► controller: mapping, takeover, clocks, switching        engine.host.controller

Packages, each of which imports only those above it (tests/test_arrows.py)::

    dsp          arrays in, arrays out: front end, transforms, musical time, gains, signal path
    control      what the performer does, as numbers: messages, takeover, clocks, switching
    effects      processors of sound held to one contract, chains, pedalboard's catalogue
    inference    from the feed to published gains, whoever runs the generator
    processes    processes: started, spoken with, ended; memory that they share
    io           sound files, audio devices, MIDI, Ableton Link
    config       rigs, presets and what a session is asked for, typed
    models       ONNX files: checked, tried, loaded, run with a deadline
    state        what the processes of a session share, and its journal
    plugins      VST3 and Audio Units: approved, tried, run in processes of their own
    beat         tempo, beats and downbeats of files, and of the line-in
    genres       what genre a sound is of: features, classifiers, a meter of the stage
    takes        recorded, and read back
    web          the stage page: its process, who may do what, its files
    osc          Open Sound Control: its process, its addresses
    host         the live host: callback, its processes, supervisor, controller, status
    offline      the same without a device: render, perform, replay
    diagnostics  bench, doctor, soak
    cli          one command a file

    export ─► networks of train, dsp and models    train.prepare, notes, judge ─► the engine
    engine never imports torch, train or export

The signal path is one for all: the audio callback calls it, and so do ``render``
(:mod:`engine.offline.restyle`), performances (:mod:`engine.offline.unpaced`) and takes that are
played again (:mod:`engine.offline.replay`).

``dsp``, ``control``, ``effects`` and ``inference`` are pure: no I/O, threads, clock or logging.
There is one spectral front end (:class:`engine.dsp.frontend.FrontEnd`) for training, offline and
live; files may also be rendered with a paper's (:mod:`engine.dsp.front_ends`).

Sound is an array of shape (channels, samples), float32, full scale ±1. Images are (columns,
n_mels). Time is counted in samples of the feed; gains are addressed by the instant at which they
are heard, never by "now".
"""

__version__: str

from engine import surroundings

surroundings.ignore()


def __getattr__(name: str) -> str:
    """The version is looked up when it is asked for: a command's first instructions come sooner.

    Raises:
        AttributeError: there is nothing else to look up.
    """
    if name != "__version__":
        raise AttributeError(name)
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("doubledrop")
    except PackageNotFoundError:  # run from a checkout that was not installed
        return "0"
