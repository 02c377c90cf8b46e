"""torch.nn.utils in Python: what test/nn-utils.test.ts compares with.

    python test/reference/nn-utils.py > test/reference/fixtures/nn-utils.json
"""

import json
import sys

import torch
from fixture import camel, origin, tensor_json
from torch.nn import utils

torch.set_num_threads(2)

SETS = {
    "small": [([3, 4], "float32", 0.1), ([5], "float32", 0.1)],
    "large": [([3, 4], "float32", 10), ([5], "float32", 10), ([2, 2, 2], "float32", 30)],
    "mixed": [([3, 4], "float32", 2), ([5], "float64", 2), ([4], "float32", 3), ([3], "float64", 1)],
    "without one": [([3, 4], "float32", 2), ([5], "float32", None), ([2], "float32", 4)],
    "none": [([5], "float32", None)],
    "infinite": [([2], "float32", float("inf"))],
}
CASES = [
    ("clip_grad_norm_", [1.0], {}),
    ("clip_grad_norm_", [2.5], {"norm_type": 1}),
    ("clip_grad_norm_", [0.5, "inf"], {}),
    ("clip_grad_norm_", [1.5], {"norm_type": 3.0, "foreach": False}),
    ("clip_grad_norm_", [1.0], {"foreach": True}),
    ("clip_grad_norm_", [0], {}),
    ("clip_grad_value_", [0.7], {}),
    ("clip_grad_value_", [0.7, False], {}),
    ("get_total_norm", [], {}),
    ("get_total_norm", [1.0], {"foreach": False}),
    ("get_total_norm", ["inf"], {}),
]


def parameters(kind):
    torch.manual_seed(3)
    made = []
    for shape, dtype, size in SETS[kind]:
        parameter = torch.randn(shape, dtype=getattr(torch, dtype), requires_grad=True)
        if size is not None:
            parameter.grad = torch.randn(shape, dtype=parameter.dtype) * size
        made.append(parameter)
    return made


def plain(value):
    return float(value) if value == "inf" else value


def run(kind, name, args, options):
    made = parameters(kind)
    before = [None if p.grad is None else tensor_json(p.grad) for p in made]
    given = [p.grad for p in made if p.grad is not None] if name == "get_total_norm" else made
    result = getattr(utils, name)(given, *map(plain, args), **options)
    return {
        "set": kind,
        "name": camel(name.removesuffix("_")) + ("_" if name.endswith("_") else ""),
        "args": args,
        "options": {camel(k): v for k, v in options.items()},
        "parameters": [tensor_json(p) for p in made],
        "before": before,
        "after": [None if p.grad is None else tensor_json(p.grad) for p in made],
        "result": None if result is None else tensor_json(result),
    }


def vectors():
    torch.manual_seed(4)
    layer = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 2), torch.nn.Linear(4, 3))
    vector = utils.parameters_to_vector(layer.parameters())
    (vector * torch.arange(vector.numel())).sum().backward()
    grads = [tensor_json(p.grad) for p in layer.parameters()]
    other = torch.arange(vector.numel(), dtype=torch.float32) / 7
    utils.vector_to_parameters(other, layer.parameters())
    other[3] = 99
    return {"vector": tensor_json(vector), "grads": grads, "after": {k: tensor_json(v) for k, v in layer.state_dict().items()}}


cases = [run(kind, *case) for kind in SETS for case in CASES if (kind, case[0]) != ("none", "clip_grad_value_")]  # Python's fails
json.dump(
    {**origin(), "cases": cases, "vectors": vectors()},
    sys.stdout,
    indent=0,
)
