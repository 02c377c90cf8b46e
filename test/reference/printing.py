"""What Python prints: the texts that test/printing.test.ts compares with, letter for letter.

    python test/reference/printing.py > test/reference/fixtures/printing.json
"""

import base64
import json
import random

import torch

FLOATS = ["float32", "float64", "float16", "bfloat16", "float8_e5m2", "float8_e4m3fn"]
INTEGERS = ["int8", "uint8", "int16", "int32", "int64", "uint16", "uint32", "uint64"]
COMPLEXES = ["complex64", "complex128", "complex32"]
# float16 and narrower go out as float32, complex32 as complex64: exactly the same values
WIDER = {"float16": "float32", "bfloat16": "float32", "float8_e5m2": "float32", "float8_e4m3fn": "float32", "complex32": "complex64"}

cases = []


def raw(tensor):
    plain = tensor.detach()
    name = str(plain.dtype).removeprefix("torch.")
    if name in WIDER:
        plain = plain.to(getattr(torch, WIDER[name]))
    plain = plain.resolve_conj().clone(memory_format=torch.contiguous_format)
    return base64.b64encode(bytes(plain.untyped_storage())[: plain.numel() * plain.element_size()]).decode()


def values(tensor):
    return {"shape": list(tensor.shape), "dtype": str(tensor.dtype).removeprefix("torch."), "data": raw(tensor)}


def case(tensor, ramp=None, **options):
    """`ramp`: how the test can make the values itself, where they are many."""
    torch.set_printoptions(profile="default")
    torch.set_printoptions(**options)
    entry = {
        "shape": list(tensor.shape),
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "device": str(tensor.device),
        "requiresGrad": tensor.requires_grad,
        "gradFn": tensor.grad_fn.name() if tensor.grad_fn is not None else None,
        "text": str(tensor),
    }
    if options:
        entry["options"] = {"sciMode" if key == "sci_mode" else key: value for key, value in options.items()}
    if isinstance(tensor, torch.nn.Parameter):
        entry["isParameter"] = True
    if tensor.layout != torch.strided:
        if tensor.layout == torch.sparse_coo:
            parts = {"indices": tensor._indices(), "values": tensor._values()}
        else:
            rows = tensor.layout in (torch.sparse_csr, torch.sparse_bsr)
            names = ("crow_indices", "col_indices") if rows else ("ccol_indices", "row_indices")
            parts = {name: getattr(tensor, name)() for name in (*names, "values")}
        entry["sparse"] = {
            "layout": str(tensor.layout).removeprefix("torch."),
            "nnz": tensor._nnz(),
            "parts": [{"name": name, "values": values(part)} for name, part in parts.items()],
        }
    elif ramp is not None:
        entry["ramp"] = ramp
    elif tensor.device.type != "meta":
        entry["data"] = raw(tensor)
    cases.append(entry)


def ramp(shape, scale, dtype="float32", **options):
    """((i * 7919) % 2003 - 1000) * scale, for i in row-major order, reckoned in float64."""
    count = 1
    for size in shape:
        count *= size
    steps = (torch.arange(count, dtype=torch.int64) * 7919) % 2003 - 1000
    tensor = (steps.double() * scale).to(getattr(torch, dtype)).reshape(shape)
    case(tensor, ramp={"scale": scale}, **options)


torch.manual_seed(0)
random.seed(0)
inf, nan = float("inf"), float("nan")

# Literals: every notation, its limits, ties, signs, what is not finite
LITERALS = [
    [],
    [0.0],
    [-0.0],
    [1.0],
    [-1.0, 2.0, 300.0],
    [1.5, -2.25, 3.125],
    [0.1, 0.2, 0.30000000000000004],
    [0.00005, 0.00015, 0.00025, 0.5],
    [0.03125, 0.09375, 0.15625, 0.21875, -0.03125, 0.5],
    [2.00003125, 2.03125],
    [nan],
    [inf],
    [-inf],
    [nan, inf, -inf],
    [nan, 1.0],
    [inf, 1.0, -1.0],
    [inf, 1.5, -1.5, nan],
    [nan, 0.0],
    [nan, 1e-5],
    [1e-5],
    [1e-4],
    [0.000101],
    [1e-4, 0.1],
    [1e-4, 0.1001],
    [1.0, 1000.0],
    [1.0, 1001.0],
    [1.5, 1500.0],
    [1.5, 1500.1],
    [1e8],
    [1.00000008e8],
    [99999999.0, 1e8],
    [123456789.0],
    [1e10, 1e20, 1e30],
    [1e-10, 1e10],
    [1e-38, 1e38],
    [-1e-10, 5.0, nan, inf, -inf],
    [9.99995, 1.0],
    [9.9999e-5],
    [9.99995e-5],
    [0.99995, 0.99994999],
    [-0.00001, 0.5],
    [0.0, -0.0, 1.0],
    [0.0, -0.0, 1.5],
    [0.0, -0.0, 1e-6],
    [12345.678, 0.5],
    [3.0],
    [65504.0, 1.0],
    [5e-324],
    [2.2250738585072014e-308],
    [1.7976931348623157e308],
    [1e21, 1e22],
    [16777216.0, 16777217.0],
]
for values_ in LITERALS:
    for dtype in ["float32", "float64"]:
        case(torch.tensor(values_, dtype=getattr(torch, dtype)))
    for dtype in ["float16", "bfloat16", "float8_e5m2", "float8_e4m3fn"]:
        if values_ and all(v != v or abs(v) == inf or abs(v) < 60000 for v in values_) and random.random() < 0.35:
            case(torch.tensor(values_).to(getattr(torch, dtype)))
    if len(values_) == 1:
        case(torch.tensor(values_[0]))
        case(torch.tensor(values_[0], dtype=torch.float64))
    if len(values_) in (2, 4):
        case(torch.tensor(values_, dtype=torch.float64).reshape(2, -1))

# Other precisions, exact ties among them, and the other options
TIES = [0.5, 1.5, 2.5, 3.5, -0.5, -2.5, 0.25, 0.75, 0.125, 0.375, 9.5, 99.5, 0.0625, 1.0009765625]
for precision in [0, 1, 2, 3, 6, 12, 20, 60]:
    case(torch.tensor(TIES, dtype=torch.float64), precision=precision)
    case(torch.tensor(TIES, dtype=torch.float64), precision=precision, sci_mode=True)
    case(torch.tensor([1e22, 0.1, 1e-7, 123456.5], dtype=torch.float64), precision=precision, sci_mode=False)
    case(torch.tensor([5e-324, 1.5e300, 2.5, 3.5e-5], dtype=torch.float64), precision=precision)
for sci_mode in [True, False]:
    for values_ in [[0.0, nan], [1.0, 2.0], [1e-9, 1e9, 1e23], [1e30, 1.0], [0.5, inf], [-0.0, 1.25]]:
        case(torch.tensor(values_, dtype=torch.float64), sci_mode=sci_mode)
case(torch.tensor([1 / 3, 2 / 3]), profile="short")
case(torch.arange(30.0) / 7, profile="short")
case(torch.arange(30.0) / 7, linewidth=40)
case(torch.arange(30), linewidth=1)
case(torch.arange(30), threshold=10)
case(torch.arange(7), threshold=3)
case(torch.arange(6), threshold=3)
case(torch.arange(5), threshold=3, edgeitems=1)
case(torch.arange(100).reshape(10, 10), threshold=50, edgeitems=2)
case(torch.arange(100).reshape(2, 50), threshold=50, edgeitems=5)
case(torch.arange(24.0).reshape(2, 3, 4), threshold=0, edgeitems=1)
case(torch.arange(24.0).reshape(2, 3, 4), edgeitems=0)
case(torch.arange(24.0).reshape(2, 3, 4), threshold=1, edgeitems=0)
case(torch.arange(24.0), threshold=1, edgeitems=0)
case(torch.tensor(1.5), threshold=0, edgeitems=0)
case(torch.tensor(1.5), threshold=0)
case(torch.zeros(0, 3), edgeitems=0)
ramp([1200], 1.0, "int64", profile="full")
ramp([1200], 0.25, profile="full", linewidth=120)
ramp([7, 200], 0.5, edgeitems=4, precision=2)

# Integers and bools
for dtype in INTEGERS:
    info = torch.iinfo(getattr(torch, dtype))
    case(torch.tensor([info.min, info.max, 0, 1], dtype=getattr(torch, dtype)))
    case(torch.tensor(info.max, dtype=getattr(torch, dtype)))
    case(torch.tensor([], dtype=getattr(torch, dtype)))
    case(torch.tensor([[1, 22], [100, 4]], dtype=getattr(torch, dtype)))
case(torch.tensor(True))
case(torch.tensor([True, False]))
case(torch.tensor([[True], [True]]))
case(torch.tensor([False, False]))
case(torch.tensor([], dtype=torch.bool))
case(torch.arange(40) % 3 == 0)

# Complex
COMPLEX_LITERALS = [
    [0j],
    [1 + 2j],
    [1 - 2j, -3.5 + 0.25j],
    [complex(0.0, -0.0), complex(-0.0, 0.0)],
    [complex(nan, inf), complex(-inf, nan)],
    [complex(1, inf), complex(2.5, -inf)],
    [complex(1e-9, 1), complex(1, 1e9)],
    [complex(1, 0.5), complex(2, 0.5), complex(1000, 0.125)],
    [complex(nan, -nan)],
    [complex(1, 2), complex(10, -20)],
]
for values_ in COMPLEX_LITERALS:
    for dtype in ["complex64", "complex128"]:
        case(torch.tensor(values_, dtype=getattr(torch, dtype)))
    case(torch.tensor(values_[0]))
case(torch.tensor([1 + 2j, 3 - 4.5j]).to(torch.complex32))
case(torch.tensor([], dtype=torch.complex64))
case(torch.tensor([], dtype=torch.complex128))
case(torch.randn(12, dtype=torch.complex64))
case(torch.randn(3, 4, dtype=torch.complex128))
case(torch.randn(2, 9, dtype=torch.complex64) * 1e6)
case(torch.tensor([1 + 2j, 3 - 4j]).conj())
case(torch.randn(2, 2, dtype=torch.complex64), sci_mode=True, precision=2)

# Shapes
for shape in [[0], [0, 3], [3, 0], [2, 0, 4], [1], [1, 1], [1, 1, 1], [2, 3], [3, 2, 4], [2, 1, 3, 2], [1, 2, 1, 2, 1, 2], [20], [25, 3], [3, 25], [2, 30], [1, 100]]:
    for dtype in ["float32", "int64", "float64", "bool", "uint8"]:
        tensor = torch.randn(shape) * 3
        case((tensor > 0) if dtype == "bool" else tensor.abs().to(getattr(torch, dtype)) if dtype == "uint8" else tensor.to(getattr(torch, dtype)))
for scale in [1e-6, 1e-3, 1.0, 1e3, 1e7, 1e12]:
    case(torch.randn(11) * scale)
    case(torch.randn(4, 7, dtype=torch.float64) * scale)
    case((torch.randn(17) * scale).round())
for dtype in ["float16", "bfloat16"]:
    case(torch.randn(13).to(getattr(torch, dtype)))
    case((torch.randn(13) * 1e-3).to(getattr(torch, dtype)))
    case((torch.randn(2, 13) * 300).round().to(getattr(torch, dtype)))
for i in range(40):
    shape = [random.randint(1, 6) for _ in range(random.randint(1, 4))]
    case(torch.randn(shape, dtype=random.choice([torch.float32, torch.float64])) * 10.0 ** random.randint(-5, 5))

# Summaries
for shape in [[1000], [1001], [2003], [10, 100], [10, 101], [1001, 1], [1, 1001], [7, 200], [6, 200], [3, 400], [200, 6], [11, 10, 12], [4, 5, 6, 10], [8, 1, 8, 20], [2, 2, 2, 200], [60000], [100, 100]]:
    for scale, dtype in [(1.0, "float32"), (0.37, "float32"), (1e-6, "float64"), (3.0, "int64")]:
        ramp(shape, scale, dtype)
ramp([64, 64], 1.0, "int32")
ramp([64, 64], 0.01, "float64")
ramp([40, 40], 1e9, "float64")
case((torch.arange(1500) % 7 > 3).reshape(15, 100))
case(torch.complex(torch.arange(1100.0) / 10, -torch.arange(1100.0)))
# what is left out has no say in the notation: the middle here would ask for the scientific one
hidden = torch.arange(1100.0)
hidden[500] = 1e12
case(hidden)
hidden[500] = 0.5
case(hidden)

# Suffixes
case(torch.tensor([1.0, 2.0], requires_grad=True))
case(torch.tensor([1.0, 2.0], requires_grad=True, dtype=torch.float64))
case(torch.tensor(1.0, requires_grad=True) * 2)
case(torch.ones(2, 2, requires_grad=True).sum())
case(torch.ones(3, 17, requires_grad=True).exp())
case(torch.ones(2, 3, requires_grad=True).double().view(6))
case(torch.zeros(0, 4, requires_grad=True) + 1)
case(torch.nn.functional.log_softmax(torch.ones(2, 10, requires_grad=True), 1))
for width in range(6, 14):
    case(torch.ones(width, requires_grad=True, dtype=torch.float64) / 3)
    case(torch.ones(1, width, requires_grad=True) / 3)
case(torch.nn.Parameter(torch.tensor([1.0, 2.0])))
case(torch.nn.Parameter(torch.zeros(2, 3), requires_grad=False))
case(torch.nn.Parameter(torch.randn(4, 1, 2, 2)))
case(torch.nn.Parameter(torch.zeros(0)))
for shape in [[], [0], [3], [2, 3]]:
    case(torch.empty(shape, device="meta"))
    case(torch.empty(shape, device="meta", dtype=torch.int64))
case(torch.empty(2, device="meta", requires_grad=True))

# Sparse
dense = torch.tensor([[0, 0.5, 0], [2, 0, 0], [0, 0, -3]])
case(dense.to_sparse())
case(dense.double().to_sparse())
case(dense.long().to_sparse())
case(torch.zeros(2, 3).to_sparse())
case(torch.ones(3, 40).to_sparse())
case(dense.clone().requires_grad_().to_sparse())
case(dense.to_sparse_csr())
case(dense.double().to_sparse_csc())
case(torch.zeros(2, 3).to_sparse_csr())
case(torch.eye(4).to_sparse_bsr((2, 2)))

json.dump({"torch": torch.__version__.split("+")[0], "cases": cases}, __import__("sys").stdout, indent=0)
