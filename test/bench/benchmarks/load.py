"""Loading torch in Python: the other side of load.ts."""
import time

start = time.perf_counter()
import torch  # noqa: E402, F401

seconds = time.perf_counter() - start

from sides import answer  # noqa: E402

answer([seconds])
