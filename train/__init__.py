"""Makes music and learns from it.

The package composes the material, trains the generators and writes the presets that the engine
plays. It may import ``engine.dsp`` and torch; the engine never imports it.
"""
