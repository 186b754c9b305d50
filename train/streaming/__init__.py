"""Streaming generators: the network, what it learns from, and how.

::

    tracks ─► what each column is told (engine.dsp.streaming) ─► network ─► gains and noise
       └────► sound ──────────────────────────────────────► sound (rendered, differentiable)
                                                               └─► critics, twins (pair) ─► step
"""
