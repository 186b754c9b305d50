"""Set before numpy is imported: the matrices here are small, and a BLAS that wakes a thread
for each of them costs more than the product (a render took twice as long). And no process that is
started, by a library either, looks for modules in the working directory."""

import os
import sys

os.environ["PYTHONSAFEPATH"] = "1"
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Threads that wait for work sleep: spinning, they take the processor from whoever else has work,
# and two of them on a busy machine were fifty times slower than one. A training is alone with its
# processor, and there sleeping threads make every step twice as long.
if sys.argv[1:2] != ["train"]:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
