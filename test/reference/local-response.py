"""nn.CrossMapLRN2d in Python: what test/nn-local-response.test.ts compares with.

    python test/reference/local-response.py > test/reference/fixtures/local-response.json
"""

import json
import sys

import torch

from fixture import origin
from layer_runs import learnt, run

torch.set_num_threads(2)
CASES = [
    ("CrossMapLRN2d", dict(size=3), lambda: [learnt(2, 5, 3, 2)]),
    ("CrossMapLRN2d", dict(size=2, alpha=0.5, beta=0.5, k=1.5), lambda: [learnt(1, 4, 2, 3)]),
    ("CrossMapLRN2d", dict(size=5), lambda: [learnt(2, 2, 2, 2)]),
]
json.dump(
    {**origin(), "layers": [run(i, *case, modes=("train", "eval")) for i, case in enumerate(CASES)]},
    sys.stdout,
    indent=0,
)
