"""Hooks of modules and tensors in Python: what test/hooks.test.ts compares with.

    python test/reference/hooks.py > test/reference/fixtures/hooks.json
"""

import json
import sys

import torch
from fixture import origin, tensor_json
from torch import nn

torch.set_num_threads(2)


def gradients(values):
    return [None if value is None else tensor_json(value) for value in values]


class Two(nn.Module):
    """Two inputs, two outputs."""

    def forward(self, x, y, factor):
        return x * y * factor, x + y


def full_backward(change):
    calls = []

    def hook(module, grad_input, grad_output):
        calls.append([type(module).__name__, gradients(grad_input), gradients(grad_output)])
        return tuple(None if g is None else g * 3 for g in grad_input) if change else None

    return calls, hook


def sequential(change):
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    x = torch.randn(5, 3, requires_grad=True)
    calls, hook = full_backward(change)
    for layer in net:
        layer.register_full_backward_hook(hook)
    net(x).sum().backward()
    return {"calls": calls, "x": tensor_json(x.grad), "grads": gradients(p.grad for p in net.parameters())}


def two(change):
    torch.manual_seed(2)
    x, y = torch.randn(3, requires_grad=True), torch.randn(3, requires_grad=True)
    module = Two()
    calls, hook = full_backward(change)
    module.register_full_backward_hook(hook)
    module.register_full_backward_pre_hook(lambda module, grad_output: (grad_output[0] * 2, grad_output[1]))
    a, b = module(x, y, 2.0)
    (a.sum() + (b * b).sum()).backward()
    return {"calls": calls, "x": tensor_json(x.grad), "y": tensor_json(y.grad)}


def without_input():
    torch.manual_seed(3)
    layer = nn.Linear(3, 2)
    x = torch.randn(4, 3)
    calls, hook = full_backward(False)
    layer.register_full_backward_hook(hook)
    layer(x).sum().backward()
    return {"calls": calls, "grads": gradients(p.grad for p in layer.parameters())}


def of_tensor():
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    seen = []
    y = x * x
    y.register_hook(lambda g: seen.append(tensor_json(g)))
    y.register_hook(lambda g: g * 2)
    removed = y.register_hook(lambda g: g * 100)
    x.register_hook(lambda g: seen.append(tensor_json(g)))
    removed.remove()
    (y * y).sum().backward()
    return {"seen": seen, "grad": tensor_json(x.grad)}


def twice():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x**3
    y.register_hook(lambda g: g * x)
    (grad,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    grad.sum().backward()
    return {"grad": tensor_json(grad), "second": tensor_json(x.grad)}


json.dump(
    {
        **origin(),
        "sequential": [sequential(False), sequential(True)],
        "two": [two(False), two(True)],
        "withoutInput": without_input(),
        "tensor": of_tensor(),
        "twice": twice(),
    },
    sys.stdout,
    indent=0,
)
