"""Learning rates in Python over 50 epochs, exact doubles: what test/lr-scheduler.test.ts compares with.

    python test/reference/lr-scheduler.py > test/reference/fixtures/lr-scheduler.json
"""

import json
import re
import sys
import warnings

import torch

from torch import nn, optim
from torch.optim import lr_scheduler, swa_utils

warnings.simplefilter("ignore")
EPOCHS = 50
NAMES = {"T_max": "TMax", "T_0": "T0", "T_mult": "TMult"}


def camel(name):
    return NAMES.get(name) or re.sub(r"_([a-z])", lambda m: m[1].upper(), name)


def optimizer(kind="SGD"):
    first, second = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
    options = dict(momentum=0.9) if kind == "SGD" else {}
    return getattr(optim, kind)([dict(params=[first]), dict(params=[second], lr=0.03)], lr=0.1, **options)


# Falls, stands still, falls, gets worse: a validation loss
METRICS = [1 / (1 + epoch) if epoch < 12 else 0.08 if epoch < 25 else 0.04 + (epoch % 7) / 1000 for epoch in range(EPOCHS)]

SIMPLE = [
    ("StepLR", dict(step_size=7)),
    ("StepLR", dict(step_size=10, gamma=0.7)),
    ("MultiStepLR", dict(milestones=[5, 20, 20, 41], gamma=0.3)),
    ("ConstantLR", dict()),
    ("ConstantLR", dict(factor=0.7, total_iters=11)),
    ("LinearLR", dict()),
    ("LinearLR", dict(start_factor=0.1, end_factor=0.7, total_iters=30)),
    ("ExponentialLR", dict(gamma=0.93)),
    ("PolynomialLR", dict(total_iters=40)),
    ("PolynomialLR", dict(total_iters=33, power=1.7)),
    ("CosineAnnealingLR", dict(T_max=50)),
    ("CosineAnnealingLR", dict(T_max=12, eta_min=0.001)),
    ("CosineAnnealingWarmRestarts", dict(T_0=10)),
    ("CosineAnnealingWarmRestarts", dict(T_0=3, T_mult=2, eta_min=0.002)),
    ("OneCycleLR", dict(max_lr=0.3, total_steps=50)),
    ("OneCycleLR", dict(max_lr=[0.3, 0.2], epochs=11, steps_per_epoch=5, anneal_strategy="linear", pct_start=0.4)),
    ("OneCycleLR", dict(max_lr=0.3, total_steps=53, three_phase=True, div_factor=10, final_div_factor=100)),
    ("OneCycleLR", dict(max_lr=0.3, total_steps=50, cycle_momentum=False)),
    ("CyclicLR", dict(base_lr=0.01, max_lr=0.1, step_size_up=7)),
    ("CyclicLR", dict(base_lr=[0.01, 0.02], max_lr=[0.1, 0.3], step_size_up=5, step_size_down=9, mode="triangular2")),
    ("CyclicLR", dict(base_lr=0.01, max_lr=0.1, step_size_up=8, mode="exp_range", gamma=0.97, base_momentum=0.7, max_momentum=0.95)),
    ("CyclicLR", dict(base_lr=0.01, max_lr=0.1, step_size_up=8, cycle_momentum=False)),
    ("ReduceLROnPlateau", dict(patience=3)),
    ("ReduceLROnPlateau", dict(mode="max", factor=0.5, patience=2, cooldown=3, threshold=0.01, threshold_mode="abs", min_lr=[0.001, 0.004])),
    ("SWALR", dict(swa_lr=0.05)),
    ("SWALR", dict(swa_lr=[0.05, 0.01], anneal_epochs=20, anneal_strategy="linear")),
    ("SWALR", dict(swa_lr=0.05, anneal_epochs=0)),
]


def warmup(o):
    return lr_scheduler.LinearLR(o, start_factor=0.1, total_iters=5)


COMPOSED = {
    "LambdaLR": lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 1 / (1 + epoch)),
    "LambdaLR for each group": lambda o: lr_scheduler.LambdaLR(o, [lambda epoch: 1 - epoch / 64, lambda epoch: 1 / (2 + epoch)]),
    "MultiplicativeLR": lambda o: lr_scheduler.MultiplicativeLR(o, lambda epoch: 1 - epoch / 100),
    "CyclicLR with a function": lambda o: lr_scheduler.CyclicLR(
        o, 0.01, 0.1, step_size_up=6, scale_fn=lambda x: 1 / (1 + x), scale_mode="iterations"
    ),
    "warm-up, then cosine": lambda o: lr_scheduler.SequentialLR(
        o, [warmup(o), lr_scheduler.CosineAnnealingLR(o, T_max=45)], milestones=[5]
    ),
    "three in a row": lambda o: lr_scheduler.SequentialLR(
        o,
        [
            lr_scheduler.ConstantLR(o, factor=0.1, total_iters=2),
            lr_scheduler.ExponentialLR(o, gamma=0.9),
            lr_scheduler.StepLR(o, step_size=4, gamma=0.5),
        ],
        milestones=[2, 20],
    ),
    "warm-up, then restarts": lambda o: lr_scheduler.SequentialLR(
        o, [warmup(o), lr_scheduler.CosineAnnealingWarmRestarts(o, T_0=8, T_mult=2)], milestones=[6]
    ),
    "warm-up, then a polynomial": lambda o: lr_scheduler.SequentialLR(
        o, [warmup(o), lr_scheduler.PolynomialLR(o, total_iters=30, power=0.9)], milestones=[5]
    ),
    "chained": lambda o: lr_scheduler.ChainedScheduler(
        [lr_scheduler.ConstantLR(o, factor=0.1, total_iters=4), lr_scheduler.ExponentialLR(o, gamma=0.9)]
    ),
    "chained, one of them a sequence": lambda o: lr_scheduler.ChainedScheduler(
        [
            lr_scheduler.SequentialLR(o, [warmup(o), lr_scheduler.MultiStepLR(o, [10, 30])], milestones=[5]),
            lr_scheduler.LinearLR(o, start_factor=1, end_factor=0.5, total_iters=40),
        ]
    ),
}


def plain(value):
    """A state dict as JSON has it; what is worst is infinite, and derived from the mode."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items() if key != "mode_worse"}
    return [plain(entry) for entry in value] if isinstance(value, (list, tuple)) else value


def run(make, kind="SGD", metrics=None):
    torch.manual_seed(0)
    o = optimizer(kind)
    scheduler = make(o)
    lrs, momenta, states = [], [], {}
    for epoch in range(EPOCHS):
        lrs.append([group["lr"] for group in o.param_groups])
        momenta.append([group["betas"][0] if kind == "Adam" else group["momentum"] for group in o.param_groups])
        o.step()
        if metrics is None:
            scheduler.step()
        else:
            scheduler.step(metrics[epoch])
        assert scheduler.get_last_lr() == [group["lr"] for group in o.param_groups]
        if epoch == 19:
            states["state"] = plain(scheduler.state_dict())
            states["groups"] = plain([{k: v for k, v in group.items()} for group in o.state_dict()["param_groups"]])
    return {"kind": kind, "lrs": lrs, "momenta": momenta if any(m != momenta[0] for m in momenta) else None, **states}


def simple(name, options, kind="SGD"):
    where = swa_utils if name == "SWALR" else lr_scheduler
    metrics = METRICS if name == "ReduceLROnPlateau" else None
    return {"name": name, "options": {camel(k): v for k, v in options.items()}, **run(lambda o: getattr(where, name)(o, **options), kind, metrics)}


def jumps(name, options, epochs):
    """Rates where `step` is given the epoch."""
    o = optimizer()
    scheduler = getattr(lr_scheduler, name)(o, **options)
    lrs = []
    for epoch in epochs:
        scheduler.step(epoch)
        lrs.append([group["lr"] for group in o.param_groups])
    return {"name": name, "options": {camel(k): v for k, v in options.items()}, "epochs": epochs, "lrs": lrs}


def error(action):
    try:
        action()
    except Exception as e:
        return str(e)
    raise AssertionError("no error")


s = lr_scheduler
ERRORS = {
    "ConstantLR factor": lambda o: s.ConstantLR(o, factor=1.5),
    "LinearLR start": lambda o: s.LinearLR(o, start_factor=0),
    "LinearLR end": lambda o: s.LinearLR(o, end_factor=2),
    "LambdaLR groups": lambda o: s.LambdaLR(o, [lambda epoch: 1]),
    "restarts T_0": lambda o: s.CosineAnnealingWarmRestarts(o, T_0=0),
    "restarts T_mult": lambda o: s.CosineAnnealingWarmRestarts(o, T_0=2, T_mult=0),
    "restarts epoch": lambda o: s.CosineAnnealingWarmRestarts(o, T_0=2).step(-1),
    "OneCycleLR steps": lambda o: s.OneCycleLR(o, 0.1, total_steps=0),
    "OneCycleLR without steps": lambda o: s.OneCycleLR(o, 0.1),
    "OneCycleLR strategy": lambda o: s.OneCycleLR(o, 0.1, total_steps=5, anneal_strategy="x"),
    "OneCycleLR part": lambda o: s.OneCycleLR(o, 0.1, total_steps=5, pct_start=1.5),
    "OneCycleLR rates": lambda o: s.OneCycleLR(o, [0.1], total_steps=5),
    "CyclicLR mode": lambda o: s.CyclicLR(o, 0.1, 0.2, mode="x"),
    "plateau factor": lambda o: s.ReduceLROnPlateau(o, factor=1.0),
    "plateau mode": lambda o: s.ReduceLROnPlateau(o, mode="x"),
    "plateau threshold": lambda o: s.ReduceLROnPlateau(o, threshold_mode="x"),
    "plateau rates": lambda o: s.ReduceLROnPlateau(o, min_lr=[0.1]),
    "milestones": lambda o: s.SequentialLR(o, [warmup(o), warmup(o)], milestones=[]),
    "no momentum": lambda o: s.OneCycleLR(optim.Adagrad([nn.Parameter(torch.zeros(1))]), 0.1, total_steps=5),
    "SWALR strategy": lambda o: swa_utils.SWALR(o, 0.1, anneal_strategy="x"),
    "SWALR epochs": lambda o: swa_utils.SWALR(o, 0.1, anneal_epochs=-1),
}

json.dump(
    {
        "torch": torch.__version__.split("+")[0],
        "metrics": METRICS,
        "simple": [simple(*case) for case in SIMPLE]
        + [simple("OneCycleLR", dict(max_lr=0.3, total_steps=60), "Adam"), simple("CyclicLR", dict(base_lr=0.01, max_lr=0.1, step_size_up=7), "Adam")],
        "composed": {name: run(make) for name, make in COMPOSED.items()},
        "jumps": [
            jumps("StepLR", dict(step_size=7, gamma=0.7), [3, 20, 0]),
            jumps("MultiStepLR", dict(milestones=[5, 20, 20], gamma=0.7), [4, 20, 5]),
            jumps("ConstantLR", dict(factor=0.3), [1, 9]),
            jumps("LinearLR", dict(total_iters=9), [4, 20]),
            jumps("ExponentialLR", dict(gamma=0.93), [17]),
            jumps("PolynomialLR", dict(total_iters=9, power=1.7), [4, 20]),
            jumps("CosineAnnealingLR", dict(T_max=12), [5, 30]),
            jumps("CosineAnnealingWarmRestarts", dict(T_0=3, T_mult=2), [0.5, 2.25, 7.5, 40]),
            jumps("CosineAnnealingWarmRestarts", dict(T_0=4), [0.5, 9.75]),
        ],
        "errors": {name: error(lambda: action(optimizer())) for name, action in ERRORS.items()},
    },
    sys.stdout,
)
