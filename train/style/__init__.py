"""The style of one recording: what it is measured by, and sounds and generators that take it on.

::

    audio_vgg     a classifier of instruments whose layers say what an image looks like
    instruments   how it learns to be one; vgg_file: where it is kept
    features      layers, and images of magnitudes that they look at
    random_bands  one random convolution of log-mel images
    spectra       sound to magnitudes, and back
    losses        distances in content and in style, of one image
    texture       the same of music that goes on
    eq_deaf       a distance in style that no equaliser changes
    descent       one image changed step by step until its style is another's; run: of files
"""
