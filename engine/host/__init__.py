"""The live host: the audio callback, the processes beside it, their supervisor, the controller."""
