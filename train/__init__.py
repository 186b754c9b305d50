"""Makes music and learns from it.

::

    compose ─► tracks ─► prepare ─► dataset ─► (generators) ─► presets
                                       └──────► judge ◄── renders of a preset by engine.live

The engine plays what comes of it and never imports it. Commands are in ``train.cli``.
"""
