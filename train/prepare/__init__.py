"""Folders of music to a dataset: ``doubledrop prepare``.

::

    sources    files of a genre: names, groups, split, twins
    listening  a file heard once: sound for the tracker, codec, rate, bandwidth
    sections   the bars that become segments
    clips      or clips from anywhere, where there is no flaw
    flaws      where the sound is cut off, or another song begins
    cutting    the segments' sound: equalised, stretched to the common tempo, at the common level
    work       one track from file to dataset, and what is remembered of it
    run        all tracks, side by side, and the manifest
    report     what the sources were, group by group

Source of the procedure: Vande Veire et al. 2019, section 2.1 (three downbeat-aligned segments of
four downbeats from the main part of each song, all stretched to one tempo).
"""
