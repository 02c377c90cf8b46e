"""How the scripts here write down tensors, names, and the run that made them."""

import base64
import re

import torch
from cpu import cpu


def tensor_json(tensor):
    plain = tensor.detach().clone(memory_format=torch.contiguous_format)
    data = bytes(plain.untyped_storage())[: plain.numel() * plain.element_size()]
    return {"dtype": str(plain.dtype).removeprefix("torch."), "shape": list(plain.shape), "data": base64.b64encode(data).decode()}


def camel(name):
    return re.sub(r"_([a-z0-9])", lambda m: m[1].upper(), name)


def option(value):
    if isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    if isinstance(value, torch.Tensor):
        return {"tensor": tensor_json(value)}
    return value


def origin():
    return {
        "torch": torch.__version__.split("+")[0],
        "cpu": cpu(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
    }
