"""What this machine can carry: bench, doctor, soak."""
