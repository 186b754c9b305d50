"""The hop loop and its stages. ``contract`` says what a stage promises; ``restyle`` is the loop;
``host`` is the whole path. Inference is an interface here (``inference``); who runs it is decided
in ``engine.live``."""
