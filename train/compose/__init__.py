"""A composer of drum & bass: from a seed to a finished track.

::

    genre (liquid)  ──►  Score: who plays what, and when     score, arrange, harmony, rhythm,
                                                             melody
    palette         ──►  Channel: how each part sounds       samples, synth, palette
    mix, master     ──►  stereo sound, levelled and limited  mix, master

A score names its parts, a palette gives each part a sound; neither knows the other. Another
genre is another module of layers and sections, another track another seed, key or palette.
"""
