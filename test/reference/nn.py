"""Layers, their text and their state dicts in Python: what test/nn*.test.ts compare with.

    python test/reference/nn.py > test/reference/fixtures/nn.json
"""

import base64
import json
import re
import sys
import warnings

import torch

from cpu import cpu
from torch import nn

torch.set_num_threads(2)
warnings.simplefilter("ignore")


def tensor_json(tensor):
    plain = tensor.detach().clone(memory_format=torch.contiguous_format)
    data = bytes(plain.untyped_storage())[: plain.numel() * plain.element_size()]
    return {"dtype": str(plain.dtype).removeprefix("torch."), "shape": list(plain.shape), "data": base64.b64encode(data).decode()}


def camel(name):
    return re.sub(r"_([a-z])", lambda m: m[1].upper(), name)


def option(value):
    if isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    if isinstance(value, torch.Tensor):
        return {"tensor": tensor_json(value)}
    return value


CONV = dict(in_channels=2, out_channels=4, kernel_size=3)
LAYERS = [
    # layer, options, shape of the input (or inputs)
    ("Conv2d", dict(CONV), [2, 2, 7, 6]),
    ("Conv2d", dict(CONV), [2, 7, 6]),
    ("Conv2d", dict(CONV, kernel_size=(3, 2), stride=(2, 1), padding=(1, 0)), [2, 2, 7, 6]),
    ("Conv2d", dict(CONV, dilation=2, padding=2), [2, 2, 7, 6]),
    ("Conv2d", dict(CONV, dilation=(1, 2), padding="same"), [2, 2, 7, 6]),
    ("Conv2d", dict(CONV, padding="valid"), [2, 2, 7, 6]),
    ("Conv2d", dict(CONV, groups=2, bias=False), [2, 2, 7, 6]),
    ("Conv2d", dict(CONV, padding=1, padding_mode="reflect"), [2, 2, 7, 6]),
    ("Conv2d", dict(CONV, padding=(2, 1), padding_mode="replicate"), [2, 2, 7, 6]),
    ("Conv2d", dict(CONV, padding=(1, 2), padding_mode="circular"), [2, 2, 7, 6]),
    ("Conv2d", dict(CONV, kernel_size=(2, 5), padding="same", padding_mode="circular"), [2, 2, 7, 6]),
    ("Conv2d", dict(CONV, kernel_size=(4, 3), padding="same"), [2, 2, 7, 6]),
    ("Conv2d", dict(CONV, dtype=torch.float64), [2, 2, 7, 6]),
    ("Conv2d", dict(CONV, dtype=torch.bfloat16), [2, 2, 7, 6]),
    ("BatchNorm2d", dict(num_features=3), [4, 3, 5, 2]),
    ("BatchNorm2d", dict(num_features=3, eps=0.1, momentum=0.9), [4, 3, 5, 2]),
    ("BatchNorm2d", dict(num_features=3, momentum=None), [4, 3, 5, 2]),
    ("BatchNorm2d", dict(num_features=3, momentum=0), [4, 3, 5, 2]),
    ("BatchNorm2d", dict(num_features=3, affine=False), [4, 3, 5, 2]),
    ("BatchNorm2d", dict(num_features=3, bias=False), [4, 3, 5, 2]),
    ("BatchNorm2d", dict(num_features=3, track_running_stats=False), [4, 3, 5, 2]),
    ("BatchNorm2d", dict(num_features=3, dtype=torch.float64), [4, 3, 5, 2]),
    ("ReLU", dict(), [3, 4]),
    ("ReLU", dict(inplace=True), [3, 4]),
    ("MaxPool2d", dict(kernel_size=2), [2, 3, 5, 6]),
    ("MaxPool2d", dict(kernel_size=2), [3, 5, 6]),
    ("MaxPool2d", dict(kernel_size=3, stride=2, padding=1), [2, 3, 5, 6]),
    ("MaxPool2d", dict(kernel_size=(2, 3), stride=(1, 2), padding=(0, 1), ceil_mode=True), [2, 3, 5, 6]),
    ("MaxPool2d", dict(kernel_size=2, stride=None, dilation=2), [2, 3, 5, 6]),
    ("MaxPool2d", dict(kernel_size=2, return_indices=True), [2, 3, 5, 6]),
    ("Linear", dict(in_features=6, out_features=3), [5, 6]),
    ("Linear", dict(in_features=6, out_features=3), [6]),
    ("Linear", dict(in_features=6, out_features=3), [2, 4, 6]),
    ("Linear", dict(in_features=6, out_features=3), [2, 2, 4, 6]),
    ("Linear", dict(in_features=6, out_features=3, bias=False), [2, 4, 6]),
    ("Linear", dict(in_features=6, out_features=3, dtype=torch.float64), [5, 6]),
    ("Linear", dict(in_features=6, out_features=3, dtype=torch.float16), [5, 6]),
    ("Linear", dict(in_features=0, out_features=3), [5, 0]),
    ("Linear", dict(in_features=3, out_features=0), [5, 3]),
    ("Softmax", dict(dim=1), [3, 4]),
    ("Softmax", dict(dim=-3), [2, 3, 4]),
    ("Softmax", dict(), [4]),
    ("Softmax", dict(), [3, 4]),
    ("Softmax", dict(), [2, 3, 4]),
    ("Softmax", dict(), [2, 3, 4, 2]),
    ("Dropout", dict(), [6, 8]),
    ("Dropout", dict(p=0.2), [6, 8]),
    ("Dropout", dict(p=0.9, inplace=True), [6, 8]),
    ("Dropout", dict(p=0), [6, 8]),
    ("Dropout", dict(p=1), [6, 8]),
    ("Flatten", dict(), [2, 3, 4]),
    ("Flatten", dict(start_dim=0), [2, 3, 4]),
    ("Flatten", dict(start_dim=0, end_dim=1), [2, 3, 4]),
    ("Flatten", dict(start_dim=-2, end_dim=-1), [2, 3, 4]),
    ("Identity", dict(), [2, 3]),
]

WEIGHTS = torch.tensor([0.5, 2.0, 1.0])
LOSSES = [
    # options, shape of the scores, target
    (dict(), [4, 3], [0, 2, 1, 1]),
    (dict(), [3], 2),
    (dict(), [2, 3, 2], [[0, 1], [2, 2]]),
    (dict(reduction="sum"), [4, 3], [0, 2, 1, 1]),
    (dict(reduction="none"), [4, 3], [0, 2, 1, 1]),
    (dict(weight=WEIGHTS), [4, 3], [0, 2, 1, 1]),
    (dict(weight=WEIGHTS, reduction="sum"), [4, 3], [0, 2, 1, 1]),
    (dict(ignore_index=1), [4, 3], [0, 2, 1, 1]),
    (dict(ignore_index=-1, reduction="none"), [4, 3], [0, -1, 1, -1]),
    (dict(label_smoothing=0.1), [4, 3], [0, 2, 1, 1]),
    (dict(label_smoothing=0.3, weight=WEIGHTS, ignore_index=2), [4, 3], [0, 2, 1, 1]),
    (dict(label_smoothing=0.2, reduction="none"), [4, 3], "probabilities"),
    (dict(weight=WEIGHTS), [4, 3], "probabilities"),
]


def run_layer(index, kind, options, shape):
    entry = {"layer": kind, "options": {camel(k): option(v) for k, v in options.items()}, "seed": index}
    torch.manual_seed(index)
    layer = getattr(nn, kind)(**options)
    entry["text"] = repr(layer)
    # drawn right after the parameters: the same only if as many numbers were drawn before
    x = torch.randn(shape, dtype=options.get("dtype"))
    entry["input"] = tensor_json(x)
    entry["state"] = {k: tensor_json(v) for k, v in layer.state_dict().items()}
    runs = []
    for mode in ("train", "train", "eval"):
        layer.train(mode == "train")
        leaf = x.clone().requires_grad_(True)
        layer.zero_grad()
        given = leaf * 1 if options.get("inplace") else leaf
        result = layer(given)
        outputs = list(result) if isinstance(result, tuple) else [result]
        run = {"mode": mode, "outputs": [tensor_json(t) for t in outputs], "same": result is given}
        (outputs[0] * torch.arange(outputs[0].numel(), dtype=outputs[0].dtype).reshape(outputs[0].shape)).sum().backward()
        run["inputGrad"] = tensor_json(leaf.grad)
        run["grads"] = {k: tensor_json(p.grad) for k, p in layer.named_parameters()}
        run["buffers"] = {k: tensor_json(b) for k, b in layer.named_buffers()}
        runs.append(run)
    entry["runs"] = runs
    return entry


def run_loss(index, options, shape, target):
    entry = {"options": {camel(k): option(v) for k, v in options.items()}}
    torch.manual_seed(1000 + index)
    scores = torch.randn(shape, requires_grad=True)
    if target == "probabilities":
        target = torch.softmax(torch.randn(shape), 1)
    else:
        target = torch.tensor(target)
    criterion = nn.CrossEntropyLoss(**options)
    loss = criterion(scores, target)
    (loss * torch.arange(1, loss.numel() + 1).reshape(loss.shape)).sum().backward()
    entry.update(scores=tensor_json(scores), target=tensor_json(target), loss=tensor_json(loss), grad=tensor_json(scores.grad))
    entry.update(text=repr(criterion), keys=list(criterion.state_dict()))
    return entry


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = nn.BatchNorm2d(channels)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3))
        self.features = nn.Sequential(Block(2), nn.ReLU(inplace=True), Block(2))
        self.register_buffer("mean", torch.zeros(2))
        self.register_buffer("scratch", torch.zeros(2), persistent=False)
        self.heads = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 3)])
        self.shift = nn.Parameter(torch.zeros(3))
        self.tied = self.heads[0]


class Described(nn.Module):
    def __init__(self, extra, child=None):
        super().__init__()
        self.extra = extra
        if child is not None:
            self.child = child

    def extra_repr(self):
        return self.extra


class Empty(nn.Module):
    pass


TEXTS = {
    "empty": Empty(),
    "empty sequential": nn.Sequential(),
    "empty list": nn.ModuleList(),
    "nested": Net(),
    "article": nn.Sequential(
        nn.Conv2d(1, 4, kernel_size=2, stride=1, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(kernel_size=2, stride=2)
    ),
    "list": nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2)]),
    "list of blocks": nn.ModuleList([nn.Sequential(nn.Linear(2, 2), nn.ReLU()) for _ in range(3)]),
    "list of lists": nn.ModuleList([nn.ModuleList([nn.ReLU(), nn.ReLU()]), nn.ModuleList([nn.ReLU(), nn.ReLU()])]),
    "dictionary": nn.ModuleDict({"conv": nn.Conv2d(10, 10, 3), "act": nn.ReLU()}),
    "parameters": nn.ParameterList([nn.Parameter(torch.zeros(2, 3)), nn.Parameter(torch.zeros(4, dtype=torch.float64))]),
    "one extra line": Described("a=1"),
    "one extra line and a child": Described("a=1", nn.ReLU()),
    "two extra lines": Described("a=1\nb=2"),
    "two extra lines and a child": Described("a=1\n\nb=2", nn.Sequential(nn.ReLU())),
    "a loss inside": Described("", nn.CrossEntropyLoss(label_smoothing=0.1)),
    "a parameter": nn.Parameter(torch.tensor([[1.0, 2.5], [-3.0, 0.0]])),
    "a frozen parameter": nn.Parameter(torch.tensor([1, 2]), requires_grad=False),
}


def error(action):
    try:
        action()
    except Exception as e:
        return str(e)
    raise AssertionError("no error")


def without(dictionary, *names):
    copy = type(dictionary)(dictionary)
    if hasattr(dictionary, "_metadata"):
        copy._metadata = dictionary._metadata
    for name in names:
        del copy[name]
    return copy


def state_dict_errors():
    net = Net()
    state = net.state_dict()
    plain = dict(state)
    cases = {
        "missing": without(state, "scale", "features.0.conv.bias"),
        "unexpected": dict(plain, extra=torch.zeros(1), **{"features.7.weight": torch.zeros(1), "heads.0.gain": torch.zeros(1)}),
        "sizes": dict(plain, scale=torch.zeros(4), **{"heads.2.weight": torch.zeros(3, 2, 1)}),
        "all three": dict(without(plain, "mean"), scale=torch.zeros(4), other=torch.zeros(1)),
        "no tensor": dict(without(plain, "mean"), mean=torch.zeros(())),
        "count missing": without(state, "features.0.norm.num_batches_tracked"),
        "nothing": {},
        "scratch": dict(plain, scratch=torch.zeros(2)),
    }
    out = {name: error(lambda: net.load_state_dict(value)) for name, value in cases.items()}
    # a plain dictionary has no metadata, so nobody knows whether its form had the count already
    net.load_state_dict(without(plain, "features.0.norm.num_batches_tracked"))
    keys = net.load_state_dict(dict(without(plain, "mean"), other=torch.zeros(1)), strict=False)
    return {"errors": out, "loose": {"missing": keys.missing_keys, "unexpected": keys.unexpected_keys}}


def walks():
    net = Net()
    return {
        "stateDict": list(net.state_dict()),
        "parameters": [n for n, _ in net.named_parameters()],
        "ownParameters": [n for n, _ in net.named_parameters(recurse=False)],
        "allParameters": [n for n, _ in net.named_parameters(prefix="net", remove_duplicate=False)],
        "buffers": [n for n, _ in net.named_buffers()],
        "modules": [n for n, _ in net.named_modules()],
        "allModules": [n for n, _ in net.named_modules(prefix="net", remove_duplicate=False)],
        "children": [n for n, _ in net.named_children()],
        "prefixed": list(net.state_dict(prefix="net.")),
    }


json.dump(
    {
        "torch": torch.__version__.split("+")[0],
        "cpu": cpu(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": 2,
        "layers": [run_layer(i, *case) for i, case in enumerate(LAYERS)],
        "losses": [run_loss(i, *case) for i, case in enumerate(LOSSES)],
        "texts": {name: repr(value) for name, value in TEXTS.items()},
        "stateDicts": state_dict_errors(),
        "walks": walks(),
    },
    sys.stdout,
    indent=0,
)
