"""Takes: what was heard, decided and played, recorded, and read back."""
