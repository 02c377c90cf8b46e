"""Averaged models in Python: what test/averaged-model.test.ts compares with.

    python test/reference/averaged.py > test/reference/fixtures/averaged.json
"""

import json
import sys

import torch
from fixture import origin, tensor_json
from torch import nn
from torch.optim import swa_utils

torch.set_num_threads(2)


def made():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2, momentum=0.3), nn.ReLU(), nn.Flatten(), nn.Linear(18, 3))


def state(model):
    return {k: tensor_json(v) for k, v in model.state_dict().items()}


CASES = {
    "the mean": {},
    "the mean at once": dict(multi_avg_fn=swa_utils.get_swa_multi_avg_fn()),
    "a moving average": dict(avg_fn=swa_utils.get_ema_avg_fn(0.7)),
    "a moving average at once": dict(multi_avg_fn=swa_utils.get_ema_multi_avg_fn(0.7)),
    "with buffers": dict(multi_avg_fn=swa_utils.get_ema_multi_avg_fn(0.7), use_buffers=True),
    "the mean with buffers": dict(use_buffers=True),
}

torch.manual_seed(3)
batches = [torch.randn(4, 1, 5, 5) for _ in range(3)]


def run(options):
    model = made()
    averaged = swa_utils.AveragedModel(model, **options)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    states = []
    for batch in batches + batches[:1]:
        optimizer.zero_grad()
        (model(batch) ** 2).mean().backward()
        optimizer.step()
        averaged.update_parameters(model)
        states.append(state(averaged))
    swa_utils.update_bn([(b, None) for b in batches], averaged)
    return {"states": states, "afterBn": state(averaged), "momentum": averaged.module[1].momentum, "text": str(averaged)}


json.dump(
    {
        **origin(),
        "start": state(made()),
        "batches": [tensor_json(b) for b in batches],
        "cases": {name: run(options) for name, options in CASES.items()},
    },
    sys.stdout,
    indent=0,
)
