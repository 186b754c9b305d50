"""Generators to ONNX: networks that were trained, and small ones made by hand.

``export`` may import ``train.models.networks`` and ``engine.dsp``; the engine never imports it.
"""
