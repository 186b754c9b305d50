"""The style of one recording: what it is measured by, and sounds and generators that take it on.

::

    audio_vgg.py         a classifier of instruments whose layers say what an image looks like
    images.py            sound to the images that it sees, and back
    losses.py            distances in content and in style
    random_features.py   style by one random convolution
    descent.py           one sound changed step by step until its style is another's
"""
