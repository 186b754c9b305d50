"""Open Sound Control: what other programs may ask of the stage, and what they are told of it."""
