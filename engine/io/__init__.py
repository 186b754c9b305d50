"""Where sound and messages come from and go to: sound files, audio devices, MIDI, Ableton Link."""
