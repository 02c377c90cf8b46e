"""Tables of the Python package torchinfo (1.8.0): what test/summary.test.ts compares with.

    python test/reference/summary.py > test/reference/fixtures/summary.json
"""

import json
import sys

import torch
import torchinfo
from fixture import origin
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn_layers = nn.Sequential(
            nn.Conv2d(1, 4, kernel_size=2, stride=1, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2, 2),
            nn.Conv2d(4, 4, kernel_size=2, stride=1, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2, 2))
        self.linear_layers = nn.Sequential(nn.Linear(196, 10))

    def forward(self, x):
        return self.linear_layers(self.cnn_layers(x).view(x.size(0), -1))


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(256, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = torch.max_pool2d(torch.relu(self.conv2(x)), 2)
        x = torch.relu(self.fc1(x.flatten(1)))
        return self.fc3(torch.relu(self.fc2(x)))


class Block(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.inner = nn.ModuleDict({"linear": nn.Linear(size, size), "relu": nn.ReLU()})
        self.gain = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return self.inner["relu"](self.inner["linear"](x)) * self.gain


class Nested(nn.Module):
    """Reused layers, containers that nobody calls, a parameter of its own, one layer frozen and one never called."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block(8), Block(8)])
        self.shared = nn.Linear(8, 8)
        self.again = self.shared
        self.head = nn.Sequential(nn.Sequential(nn.Linear(8, 1200), nn.Dropout(0.5)), nn.Linear(1200, 3, bias=False))
        self.unused = nn.Linear(3, 3)
        for parameter in self.shared.parameters():
            parameter.requires_grad = False
        self.head[0][0].bias.requires_grad = False

    def forward(self, x, y):
        for block in self.blocks:
            x = block(x)
        return self.head(self.again(self.shared(x) + y))


ALL = ["kernel_size", "input_size", "output_size", "num_params", "params_percent", "mult_adds", "trainable"]
CASES = [
    ("Net", Net(), dict(input_size=(5400, 1, 28, 28))),
    ("Net", Net(), dict(input_size=(1, 28, 28), batch_dim=0, col_names=ALL, col_width=20)),
    ("Net", Net(), dict(input_size=(2, 1, 28, 28), depth=1, col_names=ALL)),
    ("Net", Net(), dict()),
    ("LeNet", LeNet(), dict(input_size=(64, 1, 28, 28), col_names=["input_size", "output_size", "num_params", "kernel_size", "mult_adds"])),
    ("LeNet", LeNet(), dict(input_size=(64, 1, 28, 28), row_settings=["depth", "var_names", "ascii_only"])),
    ("LeNet", LeNet(), dict(input_size=(1, 1, 28, 28), col_names=ALL, verbose=2)),
    ("Nested", Nested(), dict(input_size=[(5, 8), (5, 8)], col_names=ALL)),
    ("Nested", Nested(), dict(input_size=[(5, 8), (5, 8)], depth=2, row_settings=["var_names"])),
    ("Nested", Nested(), dict(input_size=[(5, 8), (5, 8)], depth=9, row_settings=["hide_recursive_layers", "depth"])),
    ("Nested", Nested(), dict(depth=4)),
]

out = []
for name, model, options in CASES:
    verbose = options.pop("verbose", 0)
    stdout, sys.stdout = sys.stdout, open("/dev/null", "w")
    table = torchinfo.summary(model, verbose=verbose, **options)
    sys.stdout = stdout
    text = str(table).replace("Units.MEGABYTES", "M")  # what Python before 3.11 makes of the enumeration
    numbers = {k: getattr(table, k) for k in ["total_params", "trainable_params", "total_mult_adds", "total_output_bytes", "total_param_bytes"]}
    out.append({"model": name, "options": {**options, "verbose": verbose}, "table": text, "numbers": numbers})

json.dump({**origin(), "torchinfo": torchinfo.__version__, "cases": out}, sys.stdout, indent=0, ensure_ascii=False)
