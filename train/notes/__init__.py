"""Single notes and melodies of flute, keyboard and guitar: ``doubledrop compose-notes``.

::

    families     which programs of General MIDI are a flute, a keyboard, a guitar
    soundfonts   the folder's soundfonts, and the one that is held out
    drawing      notes drawn at random: pitch, velocity, length, vibrato
    excerpts     monophonic excerpts of a MIDI file
    melodies     which excerpts become melodies, and in which split
    manifest     what each clip and melody is: ``notes.json``
    midi         passages as one MIDI file
    synthesis    that file played by fluidsynth, and cut into passages again
    corpus       all of it, from soundfonts to sound files

A clip is one note, 4 s at 16 kHz, as in NSynth (Engel et al. 2017). A melody is rendered once as
each of two families: the same notes at the same times, exact twins.
"""
