"""The edges: files, devices, ONNX Runtime, threads, pictures. ``render`` and ``play`` drive the
same host from a file and from a clock."""
