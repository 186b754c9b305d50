"""Pure signal processing: arrays in, arrays out; no I/O, threads, clock or logging.

Front end and mel bands, transforms, musical time, the four-downbeat window, gain images, noise.
"""
