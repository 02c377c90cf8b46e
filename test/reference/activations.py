"""Activations in Python: what test/nn-activations.test.ts compares with.

    python test/reference/activations.py > test/reference/fixtures/activations.json
"""

import json
import sys
import warnings

import torch

from fixture import origin
from layer_runs import learnt, run

torch.set_num_threads(2)
warnings.simplefilter("ignore")

X = lambda: [(torch.randn(3, 4) * 3).requires_grad_()]
IN = dict(inplace=True)
CASES = [
    ("Threshold", dict(threshold=0.1, value=20)),
    ("Threshold", dict(threshold=-1, value=0.5, **IN)),
    ("RReLU", dict()),
    ("RReLU", dict(lower=0.1, upper=0.9, **IN)),
    ("Hardtanh", dict()),
    ("Hardtanh", dict(min_val=-2, max_val=0.5, **IN)),
    ("ReLU6", dict()),
    ("ReLU6", dict(**IN)),
    ("ELU", dict()),
    ("ELU", dict(alpha=0.5, **IN)),
    ("CELU", dict()),
    ("CELU", dict(alpha=2, **IN)),
    ("SELU", dict()),
    ("SELU", dict(**IN)),
    ("LeakyReLU", dict()),
    ("LeakyReLU", dict(negative_slope=0.2, **IN)),
    ("SiLU", dict()),
    ("SiLU", dict(**IN)),
    ("Mish", dict()),
    ("Mish", dict(**IN)),
    ("Hardswish", dict()),
    ("Hardswish", dict(**IN)),
    ("Sigmoid", dict()),
    ("Hardsigmoid", dict()),
    ("Hardsigmoid", dict(**IN)),
    ("Tanh", dict()),
    ("LogSigmoid", dict()),
    ("Softplus", dict()),
    ("Softplus", dict(beta=2, threshold=1.5)),
    ("Softsign", dict()),
    ("Tanhshrink", dict()),
    ("Hardshrink", dict()),
    ("Hardshrink", dict(lambd=1)),
    ("Softshrink", dict()),
    ("Softshrink", dict(lambd=0.125)),
    ("GELU", dict()),
    ("GELU", dict(approximate="tanh")),
    ("PReLU", dict()),
    ("PReLU", dict(num_parameters=4, init=0.5, dtype=torch.float64)),
    ("GLU", dict()),
    ("GLU", dict(dim=1)),
    ("Softmin", dict()),
    ("Softmin", dict(dim=0)),
    ("LogSoftmax", dict()),
    ("LogSoftmax", dict(dim=-1)),
    ("Softmax2d", dict()),
]
INPUTS = {"Softmax2d": lambda: [learnt(2, 3, 2, 2)]}


def inputs(kind, options):
    if "dtype" in options:
        return lambda: [learnt(3, 4, dtype=options["dtype"])]
    return INPUTS.get(kind, X)


def gumbel(**options):
    torch.manual_seed(5)
    logits = torch.randn(3, 4, requires_grad=True)
    y = torch.nn.functional.gumbel_softmax(logits, **options)
    (y * torch.arange(12.0).reshape(3, 4)).sum().backward()
    from layer_runs import encode

    return {"options": options, "logits": encode(logits), "y": encode(y.detach()), "grad": encode(logits.grad)}


json.dump(
    {
        **origin(),
        "layers": [run(i, kind, options, inputs(kind, options)) for i, (kind, options) in enumerate(CASES)],
        "gumbel": [gumbel(), gumbel(tau=0.5, hard=True), gumbel(dim=0)],
    },
    sys.stdout,
    indent=0,
)
