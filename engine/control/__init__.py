"""What the performer does, as numbers: messages, clocks and switches; no port, no thread."""
