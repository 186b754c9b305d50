"""Processes: how they are started, what they say, what memory they share, and how they end."""
