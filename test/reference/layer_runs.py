"""Runs layers in Python and writes down what tests compare with: text, initial state, outputs and gradients by mode."""

import torch
from torch import nn

from fixture import camel, option, tensor_json


def encode(value):
    if isinstance(value, torch.Tensor):
        return {"tensor": tensor_json(value), "requiresGrad": value.requires_grad}
    if isinstance(value, nn.utils.rnn.PackedSequence):
        return {"packed": [encode(part) for part in value]}
    if isinstance(value, (list, tuple)):
        return [encode(v) for v in value]
    return value


def flat(value):
    """The tensors of a nested result, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    return [t for v in value if v is not None for t in flat(v)] if isinstance(value, (list, tuple)) else []


def learnt(*shape, dtype=torch.float32):
    return torch.randn(shape, dtype=dtype, requires_grad=True)


def weighted(tensors):
    total = 0
    for t in tensors:
        if t.requires_grad:
            total = total + (t * torch.arange(1, t.numel() + 1).to(t.dtype).reshape(t.shape)).sum()
    return total


def run(index, kind, options, inputs, keywords=None, modes=("train", "eval"), change=None):
    """`inputs` makes the positional arguments of forward, `keywords` its others; 'no grad' is eval mode under no_grad."""
    entry = {"layer": kind, "options": {camel(k): option(v) for k, v in options.items()}, "seed": index}
    torch.manual_seed(index)
    layer = getattr(nn, kind)(**options)
    entry["text"] = repr(layer)
    entry["state"] = {k: tensor_json(v) for k, v in layer.state_dict().items()}
    entry["drawn"] = tensor_json(torch.rand(2))
    torch.manual_seed(1000 + index)
    given = inputs()
    # one tensor given twice stays one: attention depends on it
    first = [next(k for k, u in enumerate(given) if u is v) for v in given]
    entry["inputs"] = [encode(v) if first[k] == k else {"same": first[k]} for k, v in enumerate(given)]
    named = {k: v() if callable(v) else v for k, v in (keywords or {}).items()}
    entry["keywords"] = {camel(k): encode(v) for k, v in named.items()}
    entry["runs"] = []
    for mode in modes:
        layer.train(mode == "train")
        layer.zero_grad()
        leaves = [t for t in flat(given) + flat(list(named.values())) if t.requires_grad]
        for leaf in leaves:
            leaf.grad = None
        # what is overwritten must be no leaf
        args = [v * 1 if options.get("inplace") and isinstance(v, torch.Tensor) else v for v in given]
        torch.manual_seed(2000 + index)
        with torch.set_grad_enabled(mode != "no grad"):
            result = layer(*args, **named)
        outputs = flat(result)
        loss = weighted(outputs)
        if isinstance(loss, torch.Tensor):
            loss.backward()
        entry["runs"].append(
            {
                "mode": mode,
                "same": result is args[0],
                "outputs": [tensor_json(t) for t in outputs],
                "inputGrads": [None if t.grad is None else tensor_json(t.grad) for t in leaves],
                "grads": {k: tensor_json(p.grad) for k, p in layer.named_parameters() if p.grad is not None},
            }
        )
    return entry
