"""The optimizers beside Adam and SGD in Python, option by option: what test/optimizers.test.ts compares with.

    python test/reference/optimizers.py > test/reference/fixtures/optimizers.json
"""

import json
import sys

import torch

from cpu import cpu
from optim import camel, complex_parameter, differentiable, error, groups, run, state_dict, tensor_json
from torch import nn, optim

ADAMW = [
    {},
    dict(lr=0.07, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.3, amsgrad=True, maximize=True),
    dict(foreach=True, weight_decay=0.3),
    dict(fused=True),
]
# For those that share so many options: each of these, and what is their own
SHARED = [{}, dict(weight_decay=0.3), dict(maximize=True), dict(weight_decay=0.3, maximize=True)]
BETAS = [dict(betas=(0.5, 0.9)), dict(lr=0.07, betas=(0.8, 0.95), eps=1e-4)]
OTHERS = {
    "AdamW": ADAMW,
    "Adagrad": SHARED + [dict(lr=0.1), dict(lr_decay=0.1), dict(initial_accumulator_value=0.5), dict(eps=0.1)],
    "RMSprop": SHARED
    + [
        dict(lr=0.05),
        dict(alpha=0.9),
        dict(eps=0.1),
        dict(momentum=0.9),
        dict(centered=True),
        dict(lr=0.05, momentum=0.8, centered=True, alpha=0.95, weight_decay=0.1, maximize=True),
    ],
    "Adadelta": SHARED + [dict(lr=0.5), dict(rho=0.5), dict(eps=0.1)],
    "Adamax": SHARED + BETAS + [dict(lr=0.05), dict(eps=0.1)],
    "NAdam": SHARED + BETAS + [dict(momentum_decay=0.1), dict(weight_decay=0.3, decoupled_weight_decay=True)],
    "RAdam": SHARED + BETAS + [dict(lr=0.05), dict(weight_decay=0.3, decoupled_weight_decay=True)],
}
for kind, runs in OTHERS.items():
    if kind != "AdamW":
        runs += [dict(options, foreach=True) for options in runs]
OTHERS["Adagrad"] += [
    dict(fused=True),
    dict(fused=True, lr=0.1, lr_decay=0.1, weight_decay=0.3, initial_accumulator_value=0.5, eps=0.01, maximize=True),
]


def sparse():
    param = nn.Parameter(torch.arange(12.0).reshape(4, 3) / 7)
    optimizer = optim.Adagrad([param], lr=0.1, lr_decay=0.1)
    for step in range(3):
        values = torch.tensor([[1.0, -2.0, 3.0], [0.5, 0.25, -1.0], [0.1, 0.2, 0.3]]) * (step + 1)
        param.grad = torch.sparse_coo_tensor([[0, 2, 0]], values, (4, 3), check_invariants=True)
        optimizer.step()
    return tensor_json(param)


COMPLEX = {
    "Adagrad": dict(initial_accumulator_value=0.5),
    "RMSprop": dict(momentum=0.9, centered=True, weight_decay=0.1),
    "Adadelta": dict(weight_decay=0.1),
    "Adamax": dict(weight_decay=0.1),
    "NAdam": dict(weight_decay=0.1),
    "RAdam": dict(betas=(0.5, 0.8), weight_decay=0.1),
}

# With a penalty, and so a step that depends on the weights, one step: the next changes what the first has saved
DIFFERENTIABLE = [
    ("AdamW", dict(), 2),
    ("Adagrad", dict(weight_decay=0.1), 1),
    ("RMSprop", dict(momentum=0.9, centered=True, weight_decay=0.1), 1),
    ("Adadelta", dict(weight_decay=0.1), 1),
    ("Adamax", dict(weight_decay=0.1), 1),
    ("NAdam", dict(weight_decay=0.1), 1),
    ("RAdam", dict(betas=(0.5, 0.8)), 8),
]

p = lambda: [nn.Parameter(torch.ones(2))]
ERRORS = {
    "Adagrad lr": lambda: optim.Adagrad(p(), lr=-1),
    "Adagrad lr decay": lambda: optim.Adagrad(p(), lr_decay=-1),
    "Adagrad weight decay": lambda: optim.Adagrad(p(), weight_decay=-1),
    "Adagrad initial value": lambda: optim.Adagrad(p(), initial_accumulator_value=-0.5),
    "Adagrad eps": lambda: optim.Adagrad(p(), eps=-1),
    "Adagrad fused and foreach": lambda: optim.Adagrad(p(), fused=True, foreach=True),
    "RMSprop lr": lambda: optim.RMSprop(p(), lr=-1),
    "RMSprop eps": lambda: optim.RMSprop(p(), eps=-1),
    "RMSprop momentum": lambda: optim.RMSprop(p(), momentum=-1),
    "RMSprop weight decay": lambda: optim.RMSprop(p(), weight_decay=-1),
    "RMSprop alpha": lambda: optim.RMSprop(p(), alpha=-0.5),
    "Adadelta lr": lambda: optim.Adadelta(p(), lr=-1),
    "Adadelta rho": lambda: optim.Adadelta(p(), rho=1.5),
    "Adadelta eps": lambda: optim.Adadelta(p(), eps=-1),
    "Adadelta weight decay": lambda: optim.Adadelta(p(), weight_decay=-1),
    "Adamax lr": lambda: optim.Adamax(p(), lr=-1),
    "Adamax beta": lambda: optim.Adamax(p(), betas=(0.5, 1)),
    "NAdam momentum decay": lambda: optim.NAdam(p(), momentum_decay=-1),
    "NAdam beta": lambda: optim.NAdam(p(), betas=(1, 0.5)),
    "RAdam eps": lambda: optim.RAdam(p(), eps=-1),
    "RAdam weight decay": lambda: optim.RAdam(p(), weight_decay=-1),
    "LBFGS lr": lambda: optim.LBFGS(p(), lr=-1),
    "LBFGS groups": lambda: optim.LBFGS([dict(params=p()), dict(params=p())]),
}


json.dump(
    {
        "torch": torch.__version__.split("+")[0],
        "cpu": cpu(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": 2,
        "runs": [run(kind, o) for kind, runs in OTHERS.items() for o in runs],
        "groups": groups("RMSprop", dict(lr=0.01), dict(lr=0.1, momentum=0.5), dict(centered=True), dict(foreach=True)),
        "stateDicts": [
            state_dict("AdamW", dict(lr=0.05)),
            state_dict("Adagrad", dict(lr=0.05, lr_decay=0.1)),
            state_dict("RMSprop", dict(momentum=0.5, centered=True)),
            state_dict("RMSprop", dict(lr=0.05)),
            state_dict("Adadelta", dict(rho=0.5)),
            state_dict("Adamax", dict(lr=0.05)),
            state_dict("NAdam", dict(lr=0.05, momentum_decay=0.1)),
            state_dict("RAdam", dict(lr=0.05)),
        ],
        "differentiable": [dict(differentiable(*case), kind=case[0], steps=case[2]) for case in DIFFERENTIABLE],
        "complex": [
            {
                "kind": kind,
                "options": dict({camel(k): v for k, v in options.items()}, foreach=foreach),
                "param": complex_parameter(kind, dict(options, foreach=foreach), 8),
            }
            for kind, options in COMPLEX.items()
            for foreach in (None, True)
        ],
        "sparse": sparse(),
        "errors": {name: error(action) for name, action in ERRORS.items()},
    },
    sys.stdout,
    indent=0,
)
