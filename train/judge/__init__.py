"""The judge: whether restyled music is heard as the target genre, and what it kept of itself.

::

    Segment sound ──► View (level-matched log-mel)     view
    Views ──► share called the target                  classifiers: cnn, mfcc, eq_deaf
    Sound ──► the same, by 44 features                 genre_ear
    Sound beside sound ──► onsets, chroma, notes       content
    what the paper heard ──► snares, hats, melody, buzz   observations
    what costs nothing: EQ, EQ with dynamics           controls
    by track, with intervals                           statistics
    figures ──► one page of pictures                   page

The classifiers learn from real segments of training tracks only, never from anything generated.
"""
