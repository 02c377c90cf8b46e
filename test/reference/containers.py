"""Containers of modules and parameters in Python: what test/nn-containers.test.ts compares with.

    python test/reference/containers.py > test/reference/fixtures/containers.json
"""

import json
import sys
from collections import OrderedDict

import torch
from fixture import origin
from torch import nn


def described(container):
    return {
        "text": repr(container),
        "keys": list(container.keys()) if hasattr(container, "keys") else None,
        "iterated": [str(item) for item in container] if hasattr(container, "keys") else len(list(container.children()) or list(container.parameters())),
        "state": list(container.state_dict()),
        "parameters": [name for name, _ in container.named_parameters()],
        "modules": [name for name, _ in container.named_modules()],
    }


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.steps = nn.ModuleDict([("second", nn.Linear(2, 3)), ("first", nn.ReLU())])
        self.scales = nn.ParameterDict({"w": torch.ones(2), "a": torch.zeros(1, 2)})
        self.shifts = nn.ParameterList([torch.ones(2), torch.zeros(3)])


modules = nn.ModuleDict({"conv": nn.Conv2d(1, 2, 3), "act": nn.ReLU()})
modules["norm"] = nn.BatchNorm2d(2)
modules.update({"conv": nn.Linear(1, 2), "last": nn.Identity()})
modules.pop("act")
parameters = nn.ParameterDict(OrderedDict(z=torch.ones(2, 3), y=torch.zeros(4, dtype=torch.float64)))
parameters["x"] = nn.Parameter(torch.zeros((), dtype=torch.bfloat16))
parameters.update({"b": torch.ones(1), "a": torch.ones(1)})
parameters["y"] = torch.ones(5, dtype=torch.complex64)
lists = nn.ParameterList([torch.ones(2), torch.zeros(3)])
lists.append(torch.ones(1))
lists.extend([torch.ones(4)])
lists[0] = nn.Parameter(torch.zeros(2, 2, dtype=torch.float16))

json.dump(
    {
        **origin(),
        "modules": described(modules),
        "parameters": described(parameters),
        "list": described(lists),
        "net": described(Net()),
        "empty": [repr(nn.ModuleDict()), repr(nn.ParameterDict()), repr(nn.ParameterList())],
    },
    sys.stdout,
    indent=1,
)
