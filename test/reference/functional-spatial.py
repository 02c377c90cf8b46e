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
mean, var, gain = torch.randn(4), torch.rand(4) + 0.5, torch.randn(4)
pooled1, at1 = F.max_pool1d(lines, 2, return_indices=True)
pooled2, at2 = F.max_pool2d(images, 2, return_indices=True)
pooled3, at3 = F.max_pool3d(volumes, 2, return_indices=True)
grid = torch.rand(2, 3, 4, 2) * 3 - 1.5

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
    ("batch_norm", [lines, mean, var, gain, gain, True, 0.5], {}),
    ("instance_norm", [lines], {}),
    ("instance_norm", [images, mean, var, gain, gain], {"momentum": 0.5, "eps": 0.01}),
    ("instance_norm", [images, mean, var], {"use_input_stats": False, "weight": gain}),
    ("layer_norm", [lines, (9,)], {}),
    ("layer_norm", [lines, (4, 9), lines[0]], {"bias": lines[1], "eps": 0.1}),
    ("rms_norm", [lines, (9,)], {}),
    ("rms_norm", [lines, (4, 9), lines[0], 0.1], {}),
    ("group_norm", [images, 2], {}),
    ("group_norm", [images, 4, gain], {"bias": gain, "eps": 0.1}),
    ("local_response_norm", [images, 3], {}),
    ("local_response_norm", [lines, 2, 0.1, 0.5], {"k": 2.5}),
    ("normalize", [lines], {}),
    ("normalize", [lines, 1.0, -1], {"eps": 2.0}),
    ("normalize", [lines, 3], {"dim": (0, 2)}),
    ("dropout1d", [lines], {}),
    ("dropout1d", [lines[0], 0.3, True, True], {}),
    ("dropout2d", [images, 0.3], {}),
    ("dropout2d", [images], {"training": False}),
    ("dropout3d", [volumes], {"p": 0.6}),
    ("dropout3d", [volumes[0]], {"inplace": True}),
    ("alpha_dropout", [lines, 0.3, True], {}),
    ("alpha_dropout", [lines], {"training": True, "inplace": True}),
    ("alpha_dropout", [lines], {}),
    ("feature_alpha_dropout", [lines], {"training": True, "p": 0.6}),
    ("max_pool1d", [lines, 2], {}),
    ("max_pool1d", [lines[0], 3, 2, 1], {"ceil_mode": True}),
    ("max_pool1d", [lines, 2], {"return_indices": True, "dilation": 2}),
    ("max_pool3d", [volumes, 2], {}),
    ("max_pool3d", [volumes, (1, 2, 3), 1, (0, 1, 1), 1, True, True], {}),
    ("max_unpool1d", [pooled1, at1, 2], {}),
    ("max_unpool1d", [pooled1[0], at1[0], 2], {"output_size": (9,)}),
    ("max_unpool2d", [pooled2, at2, 2, 2, 0], {}),
    ("max_unpool2d", [pooled2, at2, 2], {"output_size": (2, 4, 5, 6)}),
    ("max_unpool3d", [pooled3, at3, 2], {"output_size": (4, 5, 4)}),
    ("avg_pool1d", [lines, 3], {}),
    ("avg_pool1d", [lines, 3, 2, 1], {"count_include_pad": False}),
    ("avg_pool2d", [images, (2, 3), 1], {"divisor_override": 5}),
    ("avg_pool3d", [volumes, 2, None, 1, True, False], {}),
    ("lp_pool1d", [lines, 2, 3], {}),
    ("lp_pool2d", [images, 3.0, 2, 1], {}),
    ("lp_pool3d", [volumes, 2.0, (1, 2, 2)], {"ceil_mode": True}),
    ("adaptive_avg_pool1d", [lines, 4], {}),
    ("adaptive_avg_pool2d", [images, (None, 2)], {}),
    ("adaptive_avg_pool3d", [volumes, 3], {}),
    ("adaptive_max_pool1d", [lines, 4], {}),
    ("adaptive_max_pool2d", [images, (3, 2)], {"return_indices": True}),
    ("adaptive_max_pool3d", [volumes, 3, True], {}),
    ("fractional_max_pool2d", [images, 2, (3, 2)], {}),
    ("fractional_max_pool2d", [images[0], 2], {"output_ratio": (0.5, 0.7), "return_indices": True}),
    ("fractional_max_pool2d", [images, 2, 2], {"_random_samples": torch.rand(2, 4, 2)}),
    ("fractional_max_pool3d", [volumes, (2, 1, 2)], {"output_size": (2, 3, 2)}),
    ("interpolate", [lines, 5], {}),
    ("interpolate", [images, None, 2], {}),
    ("interpolate", [images, (3, 8), None, "bilinear", True], {}),
    ("interpolate", [images], {"scale_factor": (0.5, 0.7), "mode": "bilinear", "antialias": True}),
    ("interpolate", [images], {"scale_factor": 1.3, "mode": "bicubic", "recompute_scale_factor": True}),
    ("interpolate", [images, 3], {"mode": "bicubic", "antialias": True}),
    ("interpolate", [images, 3], {"mode": "lanczos", "antialias": True}),
    ("interpolate", [volumes], {"size": 3, "mode": "area"}),
    ("interpolate", [volumes], {"scale_factor": 1.5, "mode": "trilinear"}),
    ("interpolate", [volumes[:, :1]], {"scale_factor": 1.5, "mode": "nearest-exact"}),
    ("pixel_shuffle", [images, 2], {}),
    ("pixel_unshuffle", [images[:, :, :4], 2], {}),
    ("channel_shuffle", [images, 2], {}),
    ("unfold", [images, 3], {}),
    ("unfold", [images, (2, 3), 1, 1], {"stride": 2}),
    ("fold", [torch.randn(2, 8, 20), (5, 6), 2], {}),
    ("fold", [torch.randn(2, 12, 9), (5, 6), (2, 3)], {"stride": 2, "padding": 1}),
    ("grid_sample", [images, grid], {}),
    ("grid_sample", [images, grid, "nearest", "border", True], {}),
    ("grid_sample", [images, grid], {"mode": "bicubic", "padding_mode": "reflection"}),
    ("affine_grid", [torch.randn(2, 2, 3), (2, 4, 3, 2)], {}),
    ("affine_grid", [torch.randn(1, 3, 4), (1, 4, 3, 2, 2), True], {}),
]


def named(name):
    return "_" + camel(name[1:]) if name.startswith("_") else camel(name)


def run(name, args, options):
    entry = {"name": camel(name), "args": [option(a) for a in args], "options": {named(k): option(v) for k, v in options.items()}}
    torch.manual_seed(1)
    clones = [a.clone() if isinstance(a, torch.Tensor) else a for a in args]
    result = getattr(F, name)(*clones, **options)
    results = list(result) if isinstance(result, tuple) else [result]
    entry["results"] = [tensor_json(r) for r in results]
    changed = [isinstance(c, torch.Tensor) and not torch.equal(c, a) for c, a in zip(clones, args)]
    entry["after"] = [tensor_json(c) if differs else None for c, differs in zip(clones, changed)]
    return entry


json.dump({**origin(), "cases": [run(*case) for case in CASES]}, sys.stdout)
