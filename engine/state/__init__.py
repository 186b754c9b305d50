"""What the processes of a session share: rings of sound, counters, gains, and the journal."""
