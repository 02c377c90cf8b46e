"""How the scripts here write a tensor down; tensors.ts reads it."""

import base64

import torch

from cpu import cpu

LAYOUTS = {torch.strided: "strided", torch.sparse_coo: "sparse_coo", torch.sparse_csr: "sparse_csr"}


def dtype_name(dtype):
    return str(dtype).removeprefix("torch.")


def tensor_json(tensor):
    dense = tensor.detach()
    if dense.layout != torch.strided:
        dense = dense.to_dense()
    plain = dense.resolve_conj().clone(memory_format=torch.contiguous_format)
    data = bytes(plain.untyped_storage())[: plain.numel() * plain.element_size()]
    out = {"dtype": dtype_name(tensor.dtype), "shape": list(tensor.shape), "data": base64.b64encode(data).decode()}
    if tensor.layout != torch.strided:
        out["layout"] = LAYOUTS[tensor.layout]
    elif not tensor.is_contiguous():
        out["stride"] = list(tensor.stride())
    return out


def origin():
    """What a fixture says of the run that made it."""
    return {
        "torch": torch.__version__.split("+")[0],
        "cpu": cpu(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
    }
