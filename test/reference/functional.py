"""`torch.nn.functional` in Python: what test/functional.test.ts compares with.

    python test/reference/functional.py > test/reference/fixtures/functional.json
"""

import base64
import json
import re
import sys
import warnings

import torch

from cpu import cpu
import torch.nn.functional as F

torch.set_num_threads(2)
warnings.simplefilter("ignore")


def tensor_json(tensor):
    plain = tensor.detach().clone(memory_format=torch.contiguous_format)
    data = bytes(plain.untyped_storage())[: plain.numel() * plain.element_size()]
    return {
        "dtype": str(plain.dtype).removeprefix("torch."),
        "shape": list(plain.shape),
        "data": base64.b64encode(data).decode(),
    }


def value_json(value):
    if isinstance(value, torch.Tensor):
        return {"tensor": tensor_json(value)}
    if isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    return value


def camel(name):
    return re.sub(r"_([a-z0-9])", lambda m: m[1].upper(), name)


torch.manual_seed(0)
images, kernels, bias = torch.randn(2, 4, 7, 6), torch.randn(6, 4, 3, 2), torch.randn(6)
grouped = torch.randn(6, 2, 3, 2)
rows, matrix = torch.randn(5, 3), torch.randn(4, 3)
logits, labels = torch.randn(6, 4), torch.tensor([0, 3, 1, 1, -100, 2])
maps, map_labels = torch.randn(2, 4, 3, 5), torch.randint(4, (2, 3, 5))
mean, var, gain = torch.randn(4), torch.rand(4) + 0.5, torch.randn(4)

CASES = [
    # function, positional arguments, keyword arguments
    ("conv2d", [images, kernels], {}),
    ("conv2d", [images, kernels, bias], {}),
    ("conv2d", [images, kernels, bias, 2, 1], {}),
    ("conv2d", [images, kernels, None, (2, 1), (0, 1)], {"dilation": 2}),
    ("conv2d", [images, kernels], {"bias": bias, "padding": "same"}),
    ("conv2d", [images, grouped, None], {"groups": 2, "padding": "valid"}),
    ("conv2d", [images[0], kernels, bias], {}),
    ("linear", [rows, matrix], {}),
    ("linear", [rows, matrix, torch.randn(4)], {}),
    ("linear", [torch.randn(2, 5, 3), matrix], {"bias": torch.randn(4)}),
    ("relu", [rows], {}),
    ("relu", [rows], {"inplace": True}),
    ("softmax", [rows, 1], {}),
    ("softmax", [rows], {"dim": 0, "dtype": torch.float64}),
    ("softmax", [rows], {}),
    ("log_softmax", [rows, -1], {}),
    ("log_softmax", [maps[0]], {}),
    ("max_pool2d", [images, 2], {}),
    ("max_pool2d", [images, (3, 2), 2, 1], {}),
    ("max_pool2d", [images, 3], {"stride": 2, "padding": 1, "ceil_mode": True}),
    ("max_pool2d", [images, 2, None, 0, 2], {}),
    ("max_pool2d", [images, 2], {"return_indices": True}),
    ("batch_norm", [images, mean, var], {}),
    ("batch_norm", [images, mean, var, gain, gain], {"training": True, "momentum": 0.5, "eps": 0.01}),
    ("batch_norm", [images, None, None], {"training": True, "weight": gain}),
    ("dropout", [rows], {"p": 0.3}),
    ("dropout", [rows, 0.7, True, True], {}),
    ("dropout", [rows, 0.3], {"training": False}),
    ("one_hot", [torch.arange(5) % 3], {}),
    ("one_hot", [torch.arange(5) % 3, 6], {}),
    ("cross_entropy", [logits, labels], {}),
    ("cross_entropy", [logits, labels], {"reduction": "none"}),
    ("cross_entropy", [logits, labels.clamp(0), torch.rand(4)], {"ignore_index": 1, "reduction": "sum"}),
    ("cross_entropy", [logits, labels], {"label_smoothing": 0.2}),
    ("cross_entropy", [logits, logits.softmax(1)], {}),
    ("cross_entropy", [maps, map_labels], {"reduction": "none"}),
    ("cross_entropy", [logits, labels, None, False], {}),
    ("cross_entropy", [logits, labels, None, None, -100, False], {}),
    ("nll_loss", [logits.log_softmax(1), labels], {}),
    ("nll_loss", [maps.log_softmax(1), map_labels], {"reduction": "sum", "weight": torch.rand(4)}),
    ("mse_loss", [rows, rows * 2], {}),
    ("mse_loss", [rows, rows * 2], {"reduction": "none"}),
    ("l1_loss", [rows, rows * 2], {"reduction": "sum"}),
    ("pad", [maps, [1, 2]], {}),
    ("pad", [maps, [1, 0, -1, 2]], {"mode": "constant", "value": 1.5}),
    ("pad", [maps, [2, 1, 1, 2]], {"mode": "reflect"}),
    ("pad", [maps, [2, 1, 1, 2]], {"mode": "replicate"}),
    ("pad", [maps, [2, 1, 1, 2]], {"mode": "circular"}),
]

cases = []
for name, args, options in CASES:
    entry = {
        "name": camel(name),
        "args": [value_json(a) for a in args],
        "options": {camel(k): value_json(v) for k, v in options.items()},
    }
    torch.manual_seed(1)
    clones = [a.clone() if isinstance(a, torch.Tensor) else a for a in args]
    result = getattr(F, name)(*clones, **options)
    results = list(result) if isinstance(result, tuple) else [result]
    entry["results"] = [tensor_json(r) for r in results]
    entry["after"] = [tensor_json(c) if isinstance(c, torch.Tensor) else None for c in clones]
    cases.append(entry)

json.dump(
    {
        "torch": torch.__version__.split("+")[0],
        "cpu": cpu(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "cases": cases,
    },
    sys.stdout,
)
