"""VST3 and Audio Units, each in a process of its own: approved, tried, watched while it runs."""
