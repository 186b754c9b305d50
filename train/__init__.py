"""Makes music and learns from it.

::

    compose ─► tracks ─► prepare ─► dataset ─► (generators) ─► presets
                                       └──────► judge ◄── renders of a preset by engine.live

The engine plays what comes of it and never imports it. Commands are in ``train.cli``; a recipe
(``train/recipes``) may hold those that lead from nothing to its presets.

::

    recipe ─► run ─► cyclegan ─┬─ networks     generators: image to image (cyclegan_training)
                               ├─ critics      what calls an image generated
                               ├─ contrast     content kept by contrast of places
                               ├─ rendering    images as the engine will render them
                               ├─ augment      images as a critic sees them
                               ├─ losses, history
              dataset ─► images                crops, windows as they are used, twins
    recipe ─► run ─► streaming                 whole tracks, sound that is rendered: see there
"""
