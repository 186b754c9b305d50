"""A composer of drum & bass: from a seed to a finished track, in two genres.

::

    style  (liquid, dancefloor)  ──►  Score: who plays what, and when     style, arrange, harmony,
                                                                          rhythm, melody, score
    kit + performer              ──►  Palette: how each part sounds       kits, performers, drums,
                                                                          synth, samples, palette
    mix, master                  ──►  stereo sound, levelled and limited  mix, master
    library                      ──►  many tracks, their twins, the truth about them

A score names its parts, a performer gives each part a sound; neither knows the other. So a score
composed in one genre is performed in the other: its twin.
"""
