"""Generators as ONNX files: checked, tried, loaded, and run with a deadline."""
