"""How the values of a recorded call are written down, and made again; `recording.ts` reads them."""

import math

import torch

MAX_BYTES = 1 << 18  # of one call's tensors
LAYOUTS = {torch.strided: "strided", torch.sparse_coo: "sparse_coo", torch.sparse_csr: "sparse_csr", torch.sparse_csc: "sparse_csc", torch.sparse_bsr: "sparse_bsr", torch.sparse_bsc: "sparse_bsc", torch._mkldnn: "mkldnn", torch.jagged: "jagged"}
FORMATS = {torch.contiguous_format: "contiguous_format", torch.channels_last: "channels_last", torch.channels_last_3d: "channels_last_3d", torch.preserve_format: "preserve_format"}


class Beyond(Exception):
    """A value that the recording has no form for."""


def dtype_name(dtype):
    return str(dtype).removeprefix("torch.")


def raw(tensor):
    """The bytes of a tensor's elements, in order."""
    plain = tensor.detach().resolve_conj().resolve_neg().contiguous()
    return bytes(plain.view(-1).view(torch.uint8).numpy().tobytes()) if plain.numel() else b""


class Writer:
    """One call: its values as JSON, its bytes for the binary file."""

    def __init__(self, start):
        self.chunks, self.size, self.storages = [], 0, {}
        self.memory = {}  # the bytes of each storage, by its address
        self.start = start  # in the binary file

    def bytes(self, data):
        at = self.start + self.size
        # so that every element is where its type may be
        pad = -len(data) % 16
        self.chunks.append(data + b"\0" * pad)
        self.size += len(data) + pad
        if self.size > MAX_BYTES:
            raise Beyond("large tensors")
        return [at, len(data)]

    def storage(self, tensor):
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key not in self.storages:
            if storage.nbytes() > MAX_BYTES:
                raise Beyond("large tensors")
            data = bytes(torch.empty(0, dtype=torch.uint8).set_(storage).numpy().tobytes()) if storage.nbytes() else b""
            self.storages[key] = (len(self.storages), self.bytes(data), storage, data)
        return self.storages[key]

    def check(self, tensor):
        if type(tensor) not in (torch.Tensor, torch.nn.Parameter):
            raise Beyond(f"a {type(tensor).__name__}")
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.device.type != "cpu" or tensor.is_nested:
            raise Beyond(f"{tensor.layout} {tensor.device.type}".replace("torch.", "") if not tensor.is_quantized else "quantised tensors")

    def argument(self, tensor):
        """Tensors of one storage share it again."""
        self.check(tensor)
        index, [at, size], _, data = self.storage(tensor)
        self.memory[tensor.untyped_storage()._cdata] = data
        out = {"storage": [index, at, size], "dtype": dtype_name(tensor.dtype), "shape": list(tensor.shape), "stride": list(tensor.stride()), "offset": tensor.storage_offset()}
        if tensor.is_conj():
            out["conj"] = True
        if tensor.is_neg():
            out["neg"] = True
        return {"tensor": out}

    def result(self, tensor):
        self.check(tensor)
        return {"tensor": {"data": self.bytes(raw(tensor)), "dtype": dtype_name(tensor.dtype), "shape": list(tensor.shape), "stride": list(tensor.stride())}}

    def value(self, value, tensor):
        if isinstance(value, torch.Tensor):
            return tensor(value)
        if value is None or isinstance(value, (bool, str)):
            return value
        if isinstance(value, int):
            return value if abs(value) < 2**53 else {"bigint": str(value)}
        if isinstance(value, float):
            if math.isfinite(value):
                return {"number": "-0"} if value == 0 and math.copysign(1, value) < 0 else value
            return {"number": "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"}
        if isinstance(value, complex):
            return {"complex": [self.value(value.real, tensor), self.value(value.imag, tensor)]}
        if isinstance(value, torch.dtype):
            return dtype_name(value)
        if isinstance(value, torch.device):
            return str(value)
        if isinstance(value, torch.layout):
            return LAYOUTS[value]
        if isinstance(value, torch.memory_format):
            return FORMATS[value]
        if isinstance(value, (list, tuple)):
            return [self.value(item, tensor) for item in value]
        raise Beyond(f"a {type(value).__name__}")


class Place:
    """Where a tensor lies, to make another one like it."""

    def __init__(self, tensor):
        self.storage = tensor.untyped_storage()._cdata
        self.dtype, self.shape, self.stride, self.offset = tensor.dtype, tuple(tensor.shape), tensor.stride(), tensor.storage_offset()
        self.conj, self.neg = tensor.is_conj(), tensor.is_neg()


def plain_value(value):
    if isinstance(value, torch.Tensor):
        return Place(value)
    return [plain_value(item) for item in value] if isinstance(value, (list, tuple)) else value


def rebuild(arguments, memory):
    """The arguments as they were, in memory of their own."""
    storages = {}

    def made(value):
        if isinstance(value, list):
            return [made(item) for item in value]
        if not isinstance(value, Place):
            return value
        if value.storage not in storages:
            data = memory[value.storage]
            tensor = torch.frombuffer(bytearray(data), dtype=torch.uint8).clone() if data else torch.empty(0, dtype=torch.uint8)
            storages[value.storage] = tensor.untyped_storage()
        tensor = torch.empty(0, dtype=value.dtype).set_(storages[value.storage], value.offset, value.shape, value.stride)
        tensor = torch._conj(tensor) if value.conj else tensor
        return torch._neg_view(tensor) if value.neg else tensor

    return made(arguments["args"]), {key: made(value) for key, value in arguments["options"].items()}
