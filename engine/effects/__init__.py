"""Processors of sound, block by block, held to one contract (``processor``), and chains of them."""
