"""Makes music and learns from it.

::

    compose ─► tracks ─► prepare ─► data ─► training (of models) ─► presets (export)
                                      └───► judge ◄── renders of a preset by engine.offline
    notes ─► clips of single notes, melodies and their twins

The engine plays what comes of it and never imports it. Commands are in ``train.cli``; a recipe
(``train/recipes``) may hold those that lead from nothing to its presets.
"""
