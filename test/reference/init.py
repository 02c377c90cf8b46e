"""torch.nn.init in Python: what test/nn-init.test.ts compares with.

    python test/reference/init.py > test/reference/fixtures/init.json
"""

import json
import sys
import warnings

import torch
from fixture import camel, origin, tensor_json
from torch.nn import init

torch.set_num_threads(2)
warnings.simplefilter("ignore")

KERNELS = [[4, 3], [3, 5, 2], [4, 2, 3, 2], [2, 3, 2, 1, 3]]
CASES = [
    # function, arguments after the tensor, options, shape, dtype
    *[("uniform_", a, o, [5, 7], d) for a, o, d in [([], {}, "float32"), ([-2, 3], {}, "float64"), ([], {"b": 4.5}, "bfloat16")]],
    *[("normal_", a, o, [5, 7], d) for a, o, d in [([], {}, "float32"), ([1, 0.1], {}, "float64"), ([], {"std": 3}, "float16")]],
    ("normal_", [], {}, [4, 16], "float32"),
    *[("trunc_normal_", [], {}, [6, 9], d) for d in ["float32", "float64", "bfloat16", "float16"]],
    ("trunc_normal_", [0.5, 2.0, 0.1, 0.3], {}, [6, 9], "float32"),
    ("trunc_normal_", [0.0, 1.0, 2.5, 4.0], {}, [6, 9], "float64"),
    ("trunc_normal_", [], {"std": 0.02, "a": -0.01, "b": 0.05}, [40, 10], "float32"),
    ("trunc_normal_", [], {"mean": 9, "b": 1}, [30], "float32"),
    ("constant_", [0.3], {}, [2, 3], "float32"),
    ("constant_", [], {"val": -2}, [], "float64"),
    ("ones_", [], {}, [3], "float32"),
    ("zeros_", [], {}, [3, 1], "float32"),
    *[("eye_", [], {}, s, "float32") for s in [[3, 3], [2, 4], [4, 2], [0, 3]]],
    *[("dirac_", [], {}, s, "float32") for s in KERNELS[1:]],
    ("dirac_", [2], {}, [4, 3, 3, 3], "float32"),
    ("dirac_", [], {"groups": 3}, [6, 1, 4], "float32"),
    *[(f, [], {}, s, "float32") for f in ["xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "orthogonal_"] for s in KERNELS],
    ("xavier_uniform_", [1.7], {}, [5, 5], "float64"),
    ("xavier_normal_", [], {"gain": 0.3}, [5, 5], "float64"),
    ("kaiming_uniform_", [5**0.5], {}, [7, 5], "float32"),
    ("kaiming_uniform_", [0.2, "fan_out"], {}, [7, 5], "float32"),
    ("kaiming_uniform_", [], {"nonlinearity": "tanh"}, [7, 5, 3], "float64"),
    ("kaiming_uniform_", [], {}, [0, 5], "float32"),
    ("kaiming_normal_", [], {"mode": "fan_out", "nonlinearity": "relu"}, [8, 3, 3, 3], "float32"),
    ("orthogonal_", [], {"gain": 1.5}, [6, 2], "float64"),
    ("orthogonal_", [], {}, [0, 2], "float32"),
    ("sparse_", [0.3], {}, [10, 4], "float32"),
    ("sparse_", [], {"sparsity": 0.75, "std": 2}, [5, 3], "float64"),
    ("sparse_", [1], {}, [3, 2], "float32"),
]
GAINS = [["linear"], ["conv_transpose3d"], ["sigmoid"], ["tanh"], ["relu"], ["leaky_relu"], ["leaky_relu", 0.2], ["leaky_relu", 1], ["selu"]]


def run(index, name, args, options, shape, dtype):
    torch.manual_seed(index)
    tensor = torch.full(shape, 7.0, dtype=getattr(torch, dtype), requires_grad=True)
    result = getattr(init, name)(tensor, *args, **options)
    assert result is tensor and tensor.grad_fn is None
    return {
        "name": camel(name[:-1]) + "_",
        "args": args,
        "options": options,
        "shape": shape,
        "dtype": dtype,
        "result": tensor_json(result),
        # drawn right after: the same only if as many numbers were drawn before
        "next": torch.rand([], dtype=torch.float64).item(),
    }


def with_generator():
    generator = torch.Generator().manual_seed(5)
    torch.manual_seed(6)
    names = ["uniform_", "normal_", "trunc_normal_", "xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "orthogonal_"]
    out = {camel(n[:-1]) + "_": tensor_json(getattr(init, n)(torch.empty(3, 4), generator=generator)) for n in names}
    out["sparse_"] = tensor_json(init.sparse_(torch.empty(3, 4), 0.4, generator=generator))
    return out


json.dump(
    {
        **origin(),
        "cases": [run(i, *case) for i, case in enumerate(CASES)],
        "generator": with_generator(),
        "gains": [[*gain, init.calculate_gain(*gain)] for gain in GAINS],
    },
    sys.stdout,
    indent=0,
)
