"""Presets that come with the program, each a folder of preset.toml, generator.onnx, card.md."""
