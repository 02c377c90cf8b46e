"""L-BFGS in Python, option by option: what test/lbfgs.test.ts compares with.

    python test/reference/lbfgs.py > test/reference/fixtures/lbfgs.json
"""

import json
import sys

import torch

from cpu import cpu
from optim import camel, tensor_json
from torch import nn, optim

torch.set_num_threads(2)
STEPS = 6

RUNS = [
    ({}, torch.float32),
    (dict(lr=0.1), torch.float32),
    (dict(lr=0.3, max_iter=4, history_size=3), torch.float32),
    (dict(lr=0.5, max_iter=7, max_eval=5), torch.float64),
    (dict(line_search_fn="strong_wolfe"), torch.float32),
    (dict(line_search_fn="strong_wolfe"), torch.float64),
    (dict(lr=0.1, max_iter=5, history_size=2, line_search_fn="strong_wolfe"), torch.float32),
    (dict(lr=20, max_iter=6, max_eval=30, line_search_fn="strong_wolfe"), torch.float64),
    (dict(tolerance_grad=0.5, line_search_fn="strong_wolfe"), torch.float32),
    (dict(tolerance_change=0.01, line_search_fn="strong_wolfe"), torch.float32),
]


def rosenbrock(x, y):
    """The narrow valley, and a second parameter along for the ride."""
    head, tail = x[:-1], x[1:]
    return ((tail - head * head) * (tail - head * head)).sum() * 100 + ((1 - head) * (1 - head)).sum() + (y * y).sum() * 3


def plain(value):
    if isinstance(value, torch.Tensor):
        return tensor_json(value)
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    return value


def run(options, dtype, save_at=3):
    x = nn.Parameter(torch.tensor([-1.2, 1.0, 0.5, 2.0], dtype=dtype))
    y = nn.Parameter(torch.tensor([[0.5, -1.5]], dtype=dtype))
    optimizer = optim.LBFGS([x, y], **options)
    losses, evaluations, saved, text = [], [], None, repr(optimizer)

    def closure():
        optimizer.zero_grad()
        loss = rosenbrock(x, y)
        loss.backward()
        return loss

    for step in range(STEPS):
        if step == save_at:
            state = optimizer.state_dict()
            saved = {
                "state": {str(i): {k: plain(v) for k, v in entries.items()} for i, entries in state["state"].items()},
                "param_groups": state["param_groups"],
                "params": [tensor_json(x), tensor_json(y)],
            }
        losses.append(optimizer.step(closure).item())
        evaluations.append(optimizer.state[x]["func_evals"])
    return {
        "options": {camel(k): v for k, v in options.items()},
        "dtype": str(dtype).removeprefix("torch."),
        "text": text,
        "losses": losses,
        "evaluations": evaluations,
        "iterations": optimizer.state[x]["n_iter"],
        "params": [tensor_json(x), tensor_json(y)],
        "saved": saved,
    }


json.dump(
    {
        "torch": torch.__version__.split("+")[0],
        "cpu": cpu(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": 2,
        "runs": [run(*case) for case in RUNS],
    },
    sys.stdout,
    indent=0,
)
