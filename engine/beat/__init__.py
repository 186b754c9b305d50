"""Tempo, beats and downbeats: of whole files, and of the line-in while it plays."""
