"""What genre a sound is of: features, classifiers as ONNX files, and a meter of what is played."""
