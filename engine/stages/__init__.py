"""What a slot hears and what is heard of it: inference beside the sound (``slot_inference``),
effects (``slot_effects``), and the path of a file (``host``). ``contract`` says what a stage
promises. Who runs inference is decided in ``engine.live``."""
