"""Spatial and normalising layers in Python: what test/nn-layers-spatial.test.ts compares with.

    python test/reference/layers-spatial.py > test/reference/fixtures/layers-spatial.json
"""

import json
import sys
import warnings

import torch

from fixture import camel, option, origin, tensor_json
from torch import nn

torch.set_num_threads(2)
warnings.simplefilter("ignore")

CONV1 = dict(in_channels=2, out_channels=4, kernel_size=3)
CONV3 = dict(in_channels=2, out_channels=2, kernel_size=2)
TRANSPOSED = dict(in_channels=4, out_channels=2, kernel_size=3)
LAYERS = [
    # layer, options, shape of the input, further arguments of the forward
    ("Conv1d", CONV1, [2, 2, 9]),
    ("Conv1d", CONV1, [2, 9]),
    ("Conv1d", dict(CONV1, stride=2, padding=(1,), dilation=2), [2, 2, 9]),
    ("Conv1d", dict(CONV1, kernel_size=4, padding="same", groups=2, bias=False), [2, 2, 9]),
    ("Conv1d", dict(CONV1, padding="valid", dtype=torch.float64), [2, 2, 9]),
    ("Conv1d", dict(CONV1, padding=2, padding_mode="reflect"), [2, 2, 9]),
    ("Conv1d", dict(CONV1, kernel_size=4, padding="same", padding_mode="circular"), [2, 2, 9]),
    ("Conv1d", dict(CONV1, padding=1, padding_mode="replicate"), [2, 2, 9]),
    ("Conv3d", CONV3, [1, 2, 3, 4, 3]),
    ("Conv3d", CONV3, [2, 3, 4, 3]),
    ("Conv3d", dict(CONV3, kernel_size=(1, 2, 3), stride=(2, 1, 1), padding=(0, 1, 1), dilation=(1, 2, 1)), [1, 2, 3, 4, 3]),
    ("Conv3d", dict(CONV3, groups=2, padding="same"), [1, 2, 3, 4, 3]),
    ("Conv3d", dict(CONV3, padding=1, padding_mode="circular"), [1, 2, 3, 4, 3]),
    ("Conv3d", dict(CONV3, padding=(1, 0, 1), padding_mode="replicate"), [1, 2, 3, 4, 3]),
    ("Conv3d", dict(CONV3, padding=(0, 1, 1), padding_mode="reflect"), [1, 2, 3, 4, 3]),
    ("ConvTranspose1d", TRANSPOSED, [2, 4, 5]),
    ("ConvTranspose1d", TRANSPOSED, [4, 5]),
    ("ConvTranspose1d", dict(TRANSPOSED, stride=3, padding=1, output_padding=2, groups=2), [2, 4, 5]),
    ("ConvTranspose1d", dict(TRANSPOSED, stride=2), [2, 4, 5], [[12]]),
    ("ConvTranspose2d", TRANSPOSED, [1, 4, 3, 4]),
    ("ConvTranspose2d", dict(TRANSPOSED, stride=(2, 1), padding=(1, 0), output_padding=(1, 0), bias=False, dilation=2), [1, 4, 3, 4]),
    ("ConvTranspose2d", dict(TRANSPOSED, stride=2, padding=1), [1, 4, 3, 4], [[1, 2, 6, 7]]),
    ("ConvTranspose3d", dict(TRANSPOSED, kernel_size=2, stride=2), [1, 4, 2, 2, 2]),
    ("ConvTranspose3d", dict(TRANSPOSED, kernel_size=(1, 2, 2), output_padding=(0, 1, 0), stride=(1, 2, 1)), [4, 2, 2, 2]),
    ("BatchNorm1d", dict(num_features=3), [5, 3]),
    ("BatchNorm1d", dict(num_features=3, momentum=None, eps=0.01), [4, 3, 2]),
    ("BatchNorm1d", dict(num_features=3, affine=False, momentum=0.5), [5, 3]),
    ("BatchNorm1d", dict(num_features=3, track_running_stats=False, bias=False), [5, 3]),
    ("BatchNorm1d", dict(num_features=3, dtype=torch.float64), [5, 3]),
    ("BatchNorm3d", dict(num_features=2), [2, 2, 2, 3, 2]),
    ("LayerNorm", dict(normalized_shape=4), [3, 4]),
    ("LayerNorm", dict(normalized_shape=(3, 4), eps=0.1), [2, 3, 4]),
    ("LayerNorm", dict(normalized_shape=4, bias=False), [2, 3, 4]),
    ("LayerNorm", dict(normalized_shape=4, elementwise_affine=False), [2, 3, 4]),
    ("LayerNorm", dict(normalized_shape=(4,), dtype=torch.float64), [4]),
    ("RMSNorm", dict(normalized_shape=4), [3, 4]),
    ("RMSNorm", dict(normalized_shape=(3, 4), eps=1e-3), [2, 3, 4]),
    ("RMSNorm", dict(normalized_shape=4, elementwise_affine=False), [3, 4]),
    ("GroupNorm", dict(num_groups=2, num_channels=4), [2, 4, 3]),
    ("GroupNorm", dict(num_groups=1, num_channels=4, eps=0.1, bias=False), [2, 4]),
    ("GroupNorm", dict(num_groups=4, num_channels=4, affine=False), [2, 4, 2, 2]),
    ("InstanceNorm1d", dict(num_features=3), [2, 3, 4]),
    ("InstanceNorm1d", dict(num_features=3, affine=True), [3, 4]),
    ("InstanceNorm2d", dict(num_features=3, affine=True, track_running_stats=True, momentum=0.3), [2, 3, 2, 3]),
    ("InstanceNorm2d", dict(num_features=3, affine=True, bias=False), [3, 2, 3]),
    ("InstanceNorm3d", dict(num_features=2, track_running_stats=True), [2, 2, 2, 2, 2]),
    ("LocalResponseNorm", dict(size=2), [2, 3, 2, 2]),
    ("LocalResponseNorm", dict(size=3, alpha=0.1, beta=0.5, k=2), [2, 4, 3]),
    ("LocalResponseNorm", dict(size=3, alpha=0.1), [1, 4, 2, 2, 2]),
    ("Dropout1d", dict(), [3, 4, 2]),
    ("Dropout1d", dict(p=0.3, inplace=True), [4, 3]),
    ("Dropout1d", dict(p=0.3), [4, 3]),
    ("Dropout2d", dict(), [3, 4, 2, 2]),
    ("Dropout2d", dict(p=0.2, inplace=True), [3, 4, 2]),
    ("Dropout3d", dict(), [2, 4, 2, 1, 2]),
    ("Dropout3d", dict(p=0.7), [4, 2, 1, 2]),
    ("AlphaDropout", dict(), [3, 4]),
    ("AlphaDropout", dict(p=0.1, inplace=True), [3, 4]),
    ("FeatureAlphaDropout", dict(), [3, 4, 2]),
    ("MaxPool1d", dict(kernel_size=2), [2, 2, 7]),
    ("MaxPool1d", dict(kernel_size=3, stride=2, padding=1, dilation=1, ceil_mode=True), [2, 8]),
    ("MaxPool1d", dict(kernel_size=2, return_indices=True), [2, 2, 7]),
    ("MaxPool3d", dict(kernel_size=2), [1, 2, 3, 4, 5]),
    ("MaxPool3d", dict(kernel_size=(1, 2, 3), stride=(2, 1, 1), padding=(0, 1, 1)), [2, 3, 4, 5]),
    ("MaxPool3d", dict(kernel_size=2, stride=None, dilation=(1, 2, 1), return_indices=True), [1, 2, 3, 4, 5]),
    ("AvgPool1d", dict(kernel_size=2), [2, 2, 7]),
    ("AvgPool1d", dict(kernel_size=3, stride=2, padding=1, ceil_mode=True, count_include_pad=False), [2, 8]),
    ("AvgPool2d", dict(kernel_size=2), [2, 2, 5, 4]),
    ("AvgPool2d", dict(kernel_size=(3, 2), stride=(2, 1), padding=(1, 0), ceil_mode=True, divisor_override=3), [2, 6, 4]),
    ("AvgPool3d", dict(kernel_size=2, padding=1, count_include_pad=False), [1, 2, 3, 4, 3]),
    ("AvgPool3d", dict(kernel_size=(1, 2, 2), stride=1), [2, 3, 4, 3]),
    ("LPPool1d", dict(norm_type=2, kernel_size=3), [2, 2, 7]),
    ("LPPool1d", dict(norm_type=3, kernel_size=2, stride=1, ceil_mode=True), [2, 7]),
    ("LPPool2d", dict(norm_type=2, kernel_size=(3, 2), stride=2), [2, 2, 5, 4]),
    ("LPPool2d", dict(norm_type=1.5, kernel_size=2, ceil_mode=True), [2, 2, 5, 4]),
    ("LPPool3d", dict(norm_type=2, kernel_size=2), [1, 2, 3, 4, 4]),
    ("AdaptiveAvgPool1d", dict(output_size=3), [2, 2, 7]),
    ("AdaptiveAvgPool2d", dict(output_size=2), [2, 5, 4]),
    ("AdaptiveAvgPool2d", dict(output_size=(None, 3)), [2, 2, 5, 4]),
    ("AdaptiveAvgPool3d", dict(output_size=(2, None, 1)), [1, 2, 3, 4, 3]),
    ("AdaptiveMaxPool1d", dict(output_size=3), [2, 7]),
    ("AdaptiveMaxPool1d", dict(output_size=(2,), return_indices=True), [2, 2, 7]),
    ("AdaptiveMaxPool2d", dict(output_size=(3, 2)), [2, 2, 5, 4]),
    ("AdaptiveMaxPool2d", dict(output_size=(None, 2), return_indices=True), [2, 2, 5, 4]),
    ("AdaptiveMaxPool3d", dict(output_size=2), [1, 2, 3, 4, 3]),
    ("FractionalMaxPool2d", dict(kernel_size=2, output_size=(3, 2)), [2, 2, 6, 5]),
    ("FractionalMaxPool2d", dict(kernel_size=(2, 3), output_ratio=(0.5, 0.6), return_indices=True), [2, 6, 5]),
    ("FractionalMaxPool3d", dict(kernel_size=2, output_size=2), [1, 2, 5, 4, 5]),
    ("FractionalMaxPool3d", dict(kernel_size=2, output_ratio=0.6), [2, 5, 4, 5]),
    ("ConstantPad1d", dict(padding=1, value=3.5), [2, 2, 4]),
    ("ConstantPad1d", dict(padding=(2, -1), value=0), [4]),
    ("ConstantPad2d", dict(padding=(1, 0, 2, 1), value=-1), [2, 2, 3]),
    ("ConstantPad3d", dict(padding=1, value=0.5), [2, 1, 2, 2]),
    ("ZeroPad1d", dict(padding=(1, 2)), [2, 4]),
    ("ZeroPad2d", dict(padding=1), [1, 2, 2, 3]),
    ("ZeroPad3d", dict(padding=(1, 0, 0, 1, 1, 0)), [2, 1, 2, 2]),
    ("ReflectionPad1d", dict(padding=(2, 1)), [2, 2, 4]),
    ("ReflectionPad2d", dict(padding=1), [2, 3, 3]),
    ("ReflectionPad3d", dict(padding=(1, 0, 1, 1, 0, 1)), [1, 1, 2, 3, 2]),
    ("ReplicationPad1d", dict(padding=2), [2, 4]),
    ("ReplicationPad2d", dict(padding=(1, 0, 2, 1)), [1, 2, 3, 3]),
    ("ReplicationPad3d", dict(padding=1), [1, 2, 2, 2]),
    ("CircularPad1d", dict(padding=(1, 2)), [2, 2, 4]),
    ("CircularPad2d", dict(padding=1), [2, 3, 3]),
    ("CircularPad3d", dict(padding=(1, 0, 1, 1, 0, 1)), [1, 1, 2, 3, 2]),
    ("Upsample", dict(scale_factor=2), [1, 2, 3]),
    ("Upsample", dict(size=(5, 4)), [1, 2, 3, 2]),
    ("Upsample", dict(scale_factor=1.7, mode="linear"), [1, 2, 4]),
    ("Upsample", dict(scale_factor=(2, 1.5), mode="bilinear", align_corners=True), [1, 2, 3, 2]),
    ("Upsample", dict(size=6, mode="bicubic"), [1, 1, 3, 4]),
    ("Upsample", dict(size=3, mode="trilinear", align_corners=False), [1, 1, 2, 2, 2]),
    ("Upsample", dict(scale_factor=1.5, mode="bilinear", recompute_scale_factor=True), [1, 1, 3, 3]),
    ("Upsample", dict(scale_factor=0.5, mode="area"), [1, 2, 5, 4]),
    ("Upsample", dict(size=4, mode="nearest-exact"), [1, 2, 3]),
    ("UpsamplingNearest2d", dict(scale_factor=2), [1, 2, 2, 3]),
    ("UpsamplingBilinear2d", dict(size=(4, 5)), [1, 2, 2, 3]),
    ("PixelShuffle", dict(upscale_factor=2), [2, 4, 2, 3]),
    ("PixelUnshuffle", dict(downscale_factor=2), [1, 4, 6]),
    ("ChannelShuffle", dict(groups=2), [1, 6, 2, 2]),
    ("Unfold", dict(kernel_size=2), [2, 2, 3, 4]),
    ("Unfold", dict(kernel_size=(2, 3), dilation=(2, 1), padding=1, stride=(1, 2)), [2, 4, 4]),
    ("Fold", dict(output_size=(3, 4), kernel_size=2), [2, 8, 6]),
    ("Fold", dict(output_size=5, kernel_size=(2, 3), padding=(0, 1), stride=2), [12, 6]),
    ("Unflatten", dict(dim=1, unflattened_size=(2, 3)), [2, 6, 2]),
    ("Unflatten", dict(dim=-1, unflattened_size=(-1, 2)), [2, 6]),
]


def run_layer(index, kind, options, shape, forward=()):
    entry = {"layer": kind, "options": {camel(k): option(v) for k, v in options.items()}, "seed": index, "forward": list(forward)}
    torch.manual_seed(index)
    layer = getattr(nn, kind)(**options)
    entry["text"] = repr(layer)
    # drawn right after the parameters: the same only if as many numbers were drawn before
    x = torch.randn(shape, dtype=options.get("dtype"))
    entry["input"] = tensor_json(x)
    entry["state"] = {k: tensor_json(v) for k, v in layer.state_dict().items()}
    runs = []
    buffers = len(list(layer.buffers())) > 0
    for mode in ("train", "train", "eval") if buffers else ("train", "eval"):
        layer.train(mode == "train")
        leaf = x.clone().requires_grad_(True)
        layer.zero_grad()
        torch.manual_seed(index)
        given = leaf * 1 if options.get("inplace") else leaf
        result = layer(given, *forward)
        outputs = list(result) if isinstance(result, tuple) else [result]
        run = {"outputs": [tensor_json(t) for t in outputs], "same": result is given}
        (outputs[0] * torch.arange(outputs[0].numel(), dtype=outputs[0].dtype).reshape(outputs[0].shape)).sum().backward()
        run["inputGrad"] = tensor_json(leaf.grad)
        run["grads"] = {k: tensor_json(p.grad) for k, p in layer.named_parameters()}
        run["buffers"] = {k: tensor_json(b) for k, b in layer.named_buffers()}
        # most layers do the same in both modes, which needs no second copy of the numbers
        runs.append({"mode": mode} if runs and run == last else {"mode": mode, **run})
        last = run
    entry["runs"] = runs
    return entry


json.dump({**origin(), "layers": [run_layer(i, *case) for i, case in enumerate(LAYERS)]}, sys.stdout, indent=0)
