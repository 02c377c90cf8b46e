"""Adam and SGD in Python over 50 steps, option by option: what test/optim*.test.ts compare with.

    python test/reference/optim.py > test/reference/fixtures/optim.json
"""

import base64
import hashlib
import json
import re
import sys

import torch

from cpu import cpu
from torch import nn, optim

torch.set_num_threads(2)
STEPS = 50
SHAPES = [([7, 5], torch.float32), ([40], torch.float32), ([], torch.float32), ([3, 3], torch.float64)]


def raw(tensor):
    plain = tensor.detach().clone(memory_format=torch.contiguous_format)
    return bytes(plain.untyped_storage())[: plain.numel() * plain.element_size()]


def tensor_json(tensor):
    return {"dtype": str(tensor.dtype).removeprefix("torch."), "shape": list(tensor.shape), "data": base64.b64encode(raw(tensor)).decode()}


def hash_of(tensors):
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(raw(tensor))
    return digest.hexdigest()


def camel(name):
    return re.sub(r"_([a-z])", lambda m: m[1].upper(), name)


torch.manual_seed(0)
PARAMS = [torch.randn(shape, dtype=dtype) for shape, dtype in SHAPES]
# sharp at first, then small: the square roots and powers see all sizes
GRADS = [[torch.randn(shape, dtype=dtype) * 10 ** (1 - step / 20) for shape, dtype in SHAPES] for step in range(STEPS)]

ADAM = [
    {},
    dict(lr=0.07),
    dict(betas=(0.5, 0.9)),
    dict(eps=0.1),
    dict(weight_decay=0.3),
    dict(amsgrad=True),
    dict(maximize=True),
    dict(lr=0.07, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.01, amsgrad=True, maximize=True),
    dict(decoupled_weight_decay=True, weight_decay=0.3),
    dict(foreach=False),
    dict(foreach=True),
    dict(foreach=True, weight_decay=0.3, amsgrad=True),
    dict(foreach=True, weight_decay=0.3, maximize=True),
    dict(foreach=True, weight_decay=0.3, decoupled_weight_decay=True),
    dict(fused=True),
    dict(fused=True, weight_decay=0.3),
    dict(fused=True, amsgrad=True),
    dict(fused=True, maximize=True),
    dict(fused=True, lr=0.07, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.3, amsgrad=True, maximize=True, decoupled_weight_decay=True),
]
SGD = [
    {},
    dict(lr=0.1),
    dict(momentum=0.9),
    dict(momentum=0.9, dampening=0.5),
    dict(momentum=0.9, nesterov=True),
    dict(weight_decay=0.3),
    dict(maximize=True),
    dict(lr=0.05, momentum=0.8, dampening=0.1, weight_decay=0.2, maximize=True),
    dict(foreach=True),
    dict(foreach=True, momentum=0.9, nesterov=True, weight_decay=0.3),
    dict(foreach=True, momentum=0.9, dampening=0.5, weight_decay=0.3, maximize=True),
    dict(fused=True),
    dict(fused=True, momentum=0.9, nesterov=True, weight_decay=0.3),
    dict(fused=True, momentum=0.9, dampening=0.5, weight_decay=0.3, maximize=True),
]


def set_grads(params, step, scale=1):
    for i, param in enumerate(params):
        # the third has no gradient now and then, and its count of steps falls behind
        param.grad = None if i == 2 and step % 3 == 1 else GRADS[step][i].clone()


def run(kind, options):
    params = [nn.Parameter(p.clone()) for p in PARAMS]
    optimizer = getattr(optim, kind)(params, **options)
    hashes = []
    for step in range(STEPS):
        if step == 30:
            optimizer.param_groups[0]["lr"] *= 0.5
        set_grads(params, step)
        optimizer.step()
        if step + 1 in (1, 2, 5, STEPS):
            hashes.append(hash_of(params))
    state = optimizer.state_dict()["state"]
    return {
        "kind": kind,
        "options": {camel(k): v for k, v in options.items()},
        "text": repr(optimizer),
        "hashes": hashes,
        "params": [tensor_json(p) for p in params],
        "stateHash": hash_of(tensor for i in sorted(state) for _, tensor in sorted(state[i].items())),
    }


def groups(kind, defaults, first, second, added):
    params = [nn.Parameter(p.clone()) for p in PARAMS]
    optimizer = getattr(optim, kind)([dict(params=params[:1], **first), dict(params=params[1:3], **second)], **defaults)
    for step in range(10):
        if step == 5:
            optimizer.add_param_group(dict(params=params[3], **added))
        set_grads(params, step)
        optimizer.step()
    convert = lambda options: {camel(k): v for k, v in options.items()}
    return {
        "kind": kind,
        "defaults": convert(defaults),
        "groups": [convert(first), convert(second), convert(added)],
        "params": [tensor_json(p) for p in params],
        "paramGroups": optimizer.state_dict()["param_groups"],
        "text": repr(optimizer),
    }


def state_dict(kind, options):
    params = [nn.Parameter(p.clone()) for p in PARAMS]
    optimizer = getattr(optim, kind)(params, **options)
    for step in range(4):
        set_grads(params, step)
        optimizer.step()
    state = optimizer.state_dict()
    saved = {
        "state": {str(i): {k: tensor_json(v) for k, v in entries.items()} for i, entries in state["state"].items()},
        "param_groups": state["param_groups"],
    }
    before = [tensor_json(p) for p in params]
    for step in range(4, 10):
        set_grads(params, step)
        optimizer.step()
    return {"kind": kind, "options": {camel(k): v for k, v in options.items()}, "saved": saved, "before": before, "after": [tensor_json(p) for p in params]}


def differentiable(kind, options, steps=2):
    weight = torch.tensor([1.0, -2.0], requires_grad=True)
    param = weight.clone()
    param.retain_grad()
    optimizer = getattr(optim, kind)([param], lr=0.1, differentiable=True, **options)
    for step in range(steps):
        param.grad = torch.tensor([0.5, 0.25]) * (step + 1)
        optimizer.step()
    (param * param).sum().backward()
    return {"options": {camel(k): v for k, v in options.items()}, "param": tensor_json(param), "grad": tensor_json(weight.grad)}


def complex_parameter(kind, options, steps=3):
    param = nn.Parameter(torch.tensor([1 + 2j, -0.5j]))
    optimizer = getattr(optim, kind)([param], lr=0.1, **options)
    for step in range(steps):
        param.grad = torch.tensor([0.5 - 1j, 2 + 0.25j]) * (step + 1)
        optimizer.step()
    return tensor_json(param)


def error(action):
    try:
        action()
    except Exception as e:
        return str(e)
    raise AssertionError("no error")


p = lambda: [nn.Parameter(torch.ones(2))]
ERRORS = {
    "Adam lr": lambda: optim.Adam(p(), lr=-1),
    "Adam eps": lambda: optim.Adam(p(), eps=-1e-08),
    "Adam beta 1": lambda: optim.Adam(p(), betas=(1.5, 0.9)),
    "Adam beta 2": lambda: optim.Adam(p(), betas=(0.5, -0.25)),
    "Adam weight decay": lambda: optim.Adam(p(), weight_decay=-0.5),
    "Adam fused and foreach": lambda: optim.Adam(p(), fused=True, foreach=True),
    "Adam fused and differentiable": lambda: optim.Adam(p(), fused=True, differentiable=True),
    "SGD lr": lambda: optim.SGD(p(), lr=-0.5),
    "SGD momentum": lambda: optim.SGD(p(), momentum=-1),
    "SGD weight decay": lambda: optim.SGD(p(), weight_decay=-1),
    "SGD nesterov": lambda: optim.SGD(p(), nesterov=True),
    "SGD fused and foreach": lambda: optim.SGD(p(), fused=True, foreach=True),
    "no parameters": lambda: optim.SGD([]),
    "no leaf": lambda: optim.SGD([p()[0] * 2]),
    "twice": lambda: optim.SGD([dict(params=(q := p())), dict(params=q)]),
}

if __name__ == "__main__":
    json.dump(
        {
            "torch": torch.__version__.split("+")[0],
            "cpu": cpu(),
            "capability": torch.backends.cpu.get_cpu_capability(),
            "threads": 2,
            "start": [tensor_json(p) for p in PARAMS],
            "grads": [[tensor_json(g) for g in grads] for grads in GRADS],
            "runs": [run("Adam", o) for o in ADAM] + [run("SGD", o) for o in SGD],
            "groups": [
                groups("Adam", dict(lr=0.01), dict(lr=0.1), dict(weight_decay=0.5, amsgrad=True), dict(fused=True, betas=(0.5, 0.5))),
                groups("SGD", dict(lr=0.01, momentum=0.5), dict(lr=0.1, momentum=0), dict(), dict(nesterov=True)),
            ],
            "stateDicts": [
                state_dict("Adam", dict(lr=0.05)),
                state_dict("Adam", dict(lr=0.05, amsgrad=True, betas=(0.8, 0.9))),
                state_dict("Adam", dict(fused=True, weight_decay=0.1)),
                state_dict("SGD", dict(lr=0.05, momentum=0.9)),
                state_dict("SGD", dict(lr=0.05)),
            ],
            "differentiable": {"SGD": differentiable("SGD", dict(momentum=0.9)), "Adam": differentiable("Adam", dict(amsgrad=True))},
            "complex": complex_parameter("Adam", dict(amsgrad=True)),
            "errors": {name: error(action) for name, action in ERRORS.items()},
        },
        sys.stdout,
        indent=0,
    )
