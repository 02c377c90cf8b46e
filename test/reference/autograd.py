"""Gradients that Python computes: what test/autograd.test.ts compares with. The test writes the same expressions.

    python test/reference/autograd.py > test/reference/fixtures/autograd.json
"""

import json
import sys

import torch
import torch.nn.functional as F
from tensors import origin, tensor_json

torch.set_num_threads(2)


def inplace(x, y):
    z = x * 2
    z[0].mul_(3)
    z.relu_()
    return (z * y).sum()


def attention(q, k, v):
    return (torch.softmax(q.matmul(k.t()) / 2, 1).matmul(v)).pow(2).mean()


def network(x, w, b, gamma, beta, linear):
    h = F.conv2d(x, w, b, padding=1)
    h = F.batch_norm(h, None, None, gamma, beta, True)
    h = F.max_pool2d(torch.relu(h), 2)
    return F.cross_entropy(h.reshape(2, -1).matmul(linear), torch.tensor([1, 0]))


CASES = {
    # name: expression, shapes of its inputs
    "a cubic": (lambda x: x.pow(3).sum(), [[3, 4]]),
    "broadcasting": (lambda x, y: (x * y + y).mean(), [[3, 4], [4]]),
    "matmul and relu": (lambda x, w: torch.relu(x.matmul(w)).sum(), [[3, 4], [4, 2]]),
    "exp, sin and log": (lambda x: (x.exp() * x.sin() + (x.abs() + 1).log()).sum(), [[5]]),
    "softmax attention": (attention, [[3, 4], [5, 4], [5, 2]]),
    "cat, select and transpose": (lambda x, y: (torch.cat([x, y], 1)[1] * torch.stack([x, x]).permute(2, 0, 1)[0].sum()).sum(), [[2, 3], [2, 2]]),
    "maximum along a dimension": (lambda x: x.max(1)[0].prod(), [[3, 4]]),
    "in-place operators": (inplace, [[3, 4], [3, 4]]),
    "an index twice": (lambda x: (x[torch.tensor([0, 0, 2])] * torch.tensor([1.0, 2.0, 3.0]).unsqueeze(1)).sum(), [[3, 2]]),
    "a small network": (network, [[2, 3, 6, 6], [4, 3, 3, 3], [4], [4], [4], [36, 3]]),
}

out = []
for i, (name, (expression, shapes)) in enumerate(CASES.items()):
    torch.manual_seed(i)
    inputs = [torch.randn(shape) for shape in shapes]
    entry = {"name": name, "inputs": [tensor_json(x) for x in inputs]}
    leaves = [x.clone().requires_grad_() for x in inputs]
    value = expression(*leaves)
    entry["value"] = tensor_json(value)
    value.backward()
    entry["grads"] = [tensor_json(x.grad) for x in leaves]
    # twice as much after a second pass: grad accumulates
    expression(*leaves).backward()
    entry["accumulated"] = [tensor_json(x.grad) for x in leaves]
    # the gradient of the squared norm of the gradient
    leaves = [x.clone().requires_grad_() for x in inputs]
    first = torch.autograd.grad(expression(*leaves), leaves, create_graph=True)
    penalty = sum((g * g).sum() for g in first)
    if penalty.requires_grad:
        second = torch.autograd.grad(penalty, leaves, allow_unused=True)
        entry["second"] = [None if g is None else tensor_json(g) for g in second]
    out.append(entry)

json.dump({**origin(), "cases": out}, sys.stdout, indent=0)
