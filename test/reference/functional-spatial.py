"""Spatial and normalising functions of `torch.nn.functional` in Python: what test/functional.test.ts compares with.

    python test/reference/functional-spatial.py > test/reference/fixtures/functional-spatial.json
"""

import json
import sys
import warnings

import torch
import torch.nn.functional as F
from fixture import camel, option, origin, tensor_json

torch.set_num_threads(2)
warnings.simplefilter("ignore")

torch.manual_seed(0)
lines, images, volumes = torch.randn(2, 4, 9), torch.randn(2, 4, 5, 6), torch.randn(1, 4, 4, 5, 4)
kernel1, kernel3, bias = torch.randn(2, 4, 3), torch.randn(2, 4, 2, 2, 2), torch.randn(2)
back1, back2, back3 = torch.randn(4, 2, 3), torch.randn(4, 2, 3, 2), torch.randn(4, 1, 2, 2, 2)

CASES = [
    # function, positional arguments, keyword arguments
    ("conv1d", [lines, kernel1], {}),
    ("conv1d", [lines, kernel1, bias, 2, 1], {"dilation": 2}),
    ("conv1d", [lines[0], kernel1], {"padding": "same", "bias": bias}),
    ("conv3d", [volumes, kernel3, bias], {}),
    ("conv3d", [volumes, kernel3[:, :2]], {"groups": 2, "padding": (1, 0, 1), "stride": 2}),
    ("conv_transpose1d", [lines, back1], {}),
    ("conv_transpose1d", [lines, back1, bias, 2, 1, 1], {}),
    ("conv_transpose2d", [images, back2], {"stride": (2, 1), "output_padding": (1, 0), "dilation": 2}),
    ("conv_transpose2d", [images, back2, None, 1, 0, 0, 2], {}),
    ("conv_transpose3d", [volumes, back3], {"padding": 1}),
]


def run(name, args, options):
    entry = {"name": camel(name), "args": [option(a) for a in args], "options": {camel(k): option(v) for k, v in options.items()}}
    torch.manual_seed(1)
    clones = [a.clone() if isinstance(a, torch.Tensor) else a for a in args]
    result = getattr(F, name)(*clones, **options)
    results = list(result) if isinstance(result, tuple) else [result]
    entry["results"] = [tensor_json(r) for r in results]
    changed = [isinstance(c, torch.Tensor) and not torch.equal(c, a) for c, a in zip(clones, args)]
    entry["after"] = [tensor_json(c) if differs else None for c, differs in zip(clones, changed)]
    return entry


json.dump({**origin(), "cases": [run(*case) for case in CASES]}, sys.stdout)
