"""Writes fixtures/serialize.safetensors and fixtures/serialize.json with Python's safetensors.

Run: python test/reference/serialize.py   (needs torch, numpy and safetensors)

The first holds a tensor of every element type that torch has; the second says what is in it, and what Python makes of
files that are broken, odd or old-fashioned ('refused' is its message, null where it reads the file).
"""

import base64
import json
import struct
from pathlib import Path

import safetensors
import torch
from safetensors.torch import load, save_file

HERE = Path(__file__).parent / 'fixtures'


def example():
    torch.manual_seed(0)
    normal = torch.randn(2, 3)
    tensors = {name: normal.to(getattr(torch, name)) for name in ('float32', 'float64', 'float16', 'bfloat16', 'complex64')}
    tensors |= {name: normal.to(getattr(torch, name)) for name in ('float8_e5m2', 'float8_e4m3fn', 'float8_e5m2fnuz', 'float8_e4m3fnuz', 'float8_e8m0fnu')}
    limits = {'int8': 7, 'int16': 15, 'int32': 31, 'int64': 63}
    tensors |= {name: torch.tensor([-(2**bits), 2**bits - 1, 0], dtype=getattr(torch, name)) for name, bits in limits.items()}
    limits = {'uint8': 8, 'uint16': 16, 'uint32': 32, 'uint64': 64}
    tensors |= {name: torch.tensor([0, 2**bits - 1], dtype=getattr(torch, name)) for name, bits in limits.items()}
    tensors['bool'] = torch.tensor([[True], [False]])
    tensors['a number'] = torch.tensor(1.5)
    tensors['nothing'] = torch.empty(0, 3)
    tensors['odd values'] = torch.tensor([float('nan'), float('inf'), -float('inf'), -0.0, 1e-45])
    tensors['na\u00efve "\\\n\u0001\U0001f600'] = torch.tensor([7], dtype=torch.uint8)
    tensors['Z'], tensors['a'], tensors['__proto__'], tensors['10'], tensors['9'] = (torch.tensor([float(i)]) for i in range(5))
    return tensors


def describe(tensor):
    raw = tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b''
    return {'dtype': str(tensor.dtype)[6:], 'shape': list(tensor.shape), 'bytes': raw.hex()}


def file(header, data=b'', length=None):
    text = header.encode() if isinstance(header, str) else header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack('<Q', len(text) if length is None else length) + text + data


def entry(shape=(2,), offsets=(0, 8), dtype='F32', **more):
    return {'dtype': dtype, 'shape': list(shape), 'data_offsets': list(offsets), **more}


def odd_files():
    eight = bytes(range(8))
    a = entry()
    yield 'empty file', b''
    yield 'seven bytes', b'\0' * 7
    yield 'no header', file(b'')
    yield 'no tensors', file('{}')
    yield 'no tensors but data', file('{}', eight)
    yield 'a header longer than the file', file({'a': a}, eight, length=1000)
    yield 'a header of 100 MB and a byte', file({'a': a}, eight, length=100_000_001)
    yield 'a header of 2^63 bytes', file({'a': a}, eight, length=2**63)
    yield 'not UTF-8', file(b'{"\xff":1}')
    yield 'a byte order mark', file(b'\xef\xbb\xbf{}')
    yield 'not JSON', file('{"a":')
    yield 'a list', file('[]')
    yield 'a string', file('"a"')
    yield 'padded with spaces', file('{}      ')
    yield 'spaces first', file('  {}')
    yield 'well-formed', file({'a': a}, eight)
    yield 'unaligned', file({'a': a, '__metadata__': {'x': 'y'}}, eight)
    yield 'one byte short', file({'a': a}, eight[:-1])
    yield 'one byte more', file({'a': a}, eight + b'x')
    yield 'a hole', file({'a': a, 'b': entry(offsets=(12, 20))}, bytes(20))
    yield 'a hole at the start', file({'a': entry(offsets=(4, 12))}, bytes(12))
    yield 'an overlap', file({'a': a, 'b': entry(offsets=(4, 12))}, bytes(12))
    yield 'the same bytes twice', file({'a': a, 'b': a}, eight)
    yield 'out of order', file({'b': entry(offsets=(8, 16)), 'a': a}, bytes(16))
    yield 'backwards', file({'a': entry(offsets=(8, 0))}, eight)
    yield 'wrong length for the shape', file({'a': entry(shape=(3,))}, eight)
    yield 'wrong length for the dtype', file({'a': entry(dtype='F64')}, eight)
    yield 'unknown dtype', file({'a': entry(dtype='F33')}, eight)
    yield 'lower-case dtype', file({'a': entry(dtype='f32')}, eight)
    yield 'no dtype', file({'a': {'shape': [2], 'data_offsets': [0, 8]}}, eight)
    yield 'no shape', file({'a': {'dtype': 'F32', 'data_offsets': [0, 8]}}, eight)
    yield 'no offsets', file({'a': {'dtype': 'F32', 'shape': [2]}}, eight)
    yield 'three offsets', file({'a': entry(offsets=(0, 8, 8))}, eight)
    yield 'negative offset', file({'a': entry(offsets=(-8, 0))}, eight)
    yield 'negative size', file({'a': entry(shape=(-2,))}, eight)
    yield 'half a size', file({'a': entry(shape=(0.5, 4))}, eight)
    yield 'a size that is text', file({'a': entry(shape=('2',))}, eight)
    yield 'sizes beyond all memory', file({'a': entry(shape=(2**32, 2**32, 2**32))}, eight)
    yield 'a size of 2^64', file('{"a":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,8]}}', eight)
    yield 'a tensor that is a number', file({'a': 1}, eight)
    yield 'a tensor that is null', file({'a': None}, eight)
    yield 'more fields', file({'a': entry(more=[1, {'x': None}])}, eight)
    yield 'half bytes', file({'a': entry(dtype='F4', shape=(3,), offsets=(0, 1))}, b'x')
    yield 'zero sizes', file({'a': entry(shape=(0, 5), offsets=(0, 0)), 'b': a}, eight)
    yield 'metadata null', file({'__metadata__': None, 'a': a}, eight)
    yield 'metadata a list', file({'__metadata__': [], 'a': a}, eight)
    yield 'metadata a number', file({'__metadata__': {'x': 1}, 'a': a}, eight)
    yield 'a name twice', file('{"a":%s,"a":%s}' % ((json.dumps(a),) * 2), eight)
    yield 'a field twice', file('{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}', eight)
    yield 'half a surrogate pair', file('{"\\ud800":%s}' % json.dumps(a), eight)


def verdict(content):
    try:
        load(content)
    except Exception as error:
        return f'{type(error).__name__}: {error}'
    return None


tensors = example()
save_file(tensors, HERE / 'serialize.safetensors', metadata={'made by': 'Python'})
fixture = {
    'made by': {'safetensors': safetensors.__version__, 'torch': torch.__version__},
    'tensors': {name: describe(tensor) for name, tensor in tensors.items() if name != '__proto__'},
    'files': [
        {'what': what, 'base64': base64.b64encode(content).decode(), 'refused': verdict(content)} for what, content in odd_files()
    ],
}
(HERE / 'serialize.json').write_text(json.dumps(fixture, indent=1) + '\n')
for one in fixture['files']:
    print(f"{one['what']:32} {one['refused']}")
