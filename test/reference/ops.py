"""Operators of every kind, called in Python by schema: what test/ops.test.ts compares with, bit for bit.

    python test/reference/ops.py > test/reference/fixtures/ops.json

Only made numbers go in: inputs are drawn here and written down. Two threads, like the test.
"""

import json
import math
import sys

import torch
from tensors import LAYOUTS, dtype_name, origin, tensor_json

torch.set_num_threads(2)
torch.manual_seed(0)
MEMORY_FORMATS = {torch.contiguous_format: "contiguous_format", torch.channels_last: "channels_last", torch.preserve_format: "preserve_format"}
DTYPE_CODES = {2: "int16", 5: "float16", 6: "float32"}

cases = []


def encode(value):
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, torch.Tensor):
        return {"tensor": tensor_json(value)}
    if isinstance(value, int):
        return value if abs(value) < 2**53 else {"bigint": str(value)}
    if isinstance(value, float):
        return value if math.isfinite(value) else {"number": "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if isinstance(value, torch.dtype):
        return dtype_name(value)
    if isinstance(value, torch.device):
        return str(value)
    if isinstance(value, torch.layout):
        return LAYOUTS[value]
    if isinstance(value, torch.memory_format):
        return MEMORY_FORMATS[value]
    if isinstance(value, torch.Generator):
        return {"generator": value.initial_seed()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    raise TypeError(type(value))


def encode_result(value, named):
    """An in-place or `out` result is one of the arguments: its place, and its new values besides."""
    for key, argument in named.items():
        if value is argument and isinstance(value, torch.Tensor):
            return {"same": key, "tensor": tensor_json(value)}
    if isinstance(value, (list, tuple)):
        return [encode_result(item, named) for item in value]
    return encode(value)


def op(operator, *args, seed=None, shape_only=False, **options):
    """Calls `aten.<operator>` and writes down what went in and what came out."""
    name, overload = operator.split(".")
    entry = {"operator": name, "overload": overload, "args": encode(args), "options": {key: encode(value) for key, value in options.items()}}
    if seed is not None:
        entry["seed"] = seed
        torch.manual_seed(seed)
    named = {**{str(i): value for i, value in enumerate(args)}, **options}
    result = getattr(getattr(torch.ops.aten, name), overload)(*args, **options)
    returns = str(getattr(getattr(torch.ops.aten, name), overload)._schema).split("->")[-1].strip()
    # Python's operators give a dtype as libtorch's number for it
    entry["result"] = DTYPE_CODES[result] if returns == "ScalarType" else encode_result(result, named)
    if shape_only:
        entry["shapeOnly"] = True
    if "!" in str(getattr(getattr(torch.ops.aten, name), overload)._schema).split("->")[0]:
        entry["after"] = encode_result(list(args), {})  # what an operator without a result, or on lists, wrote
    cases.append(entry)


def gen(seed=7):
    return torch.Generator().manual_seed(seed)


f = torch.randn(3, 4)
g = torch.randn(3, 4)
row = torch.randn(4)
double = torch.randn(3, 4, dtype=torch.float64)
whole = torch.randint(-9, 9, (3, 4))
whole32 = whole.int()
mask = f > 0
half = torch.randn(3, 4).half()
brain = torch.randn(3, 4).bfloat16()
cplx = torch.randn(3, 4, dtype=torch.complex64)
square = torch.randn(4, 4)
images = torch.randn(2, 3, 8, 8)
kernels = torch.randn(4, 3, 3, 3)
bias = torch.randn(4)
probs = torch.rand(3, 4)

# Elementwise: schema defaults, keywords, every form of a Scalar
op("add.Tensor", f, g)
op("add.Tensor", f, row, alpha=2)
op("add.Tensor", whole, whole32, alpha=-3)
op("add.Tensor", half, brain)
op("add.Scalar", f, 2.5)
op("add.Scalar", whole, 2)
op("add.Scalar", whole, 2**60)
op("add.Scalar", f, True)
op("add.Scalar", f, 1, 3)
op("sub.Tensor", double, f)
op("mul.Tensor", f, whole)
op("mul.Scalar", f, 1.5 - 2j)
op("mul.Scalar", cplx, 3)
op("mul.Scalar", f, float("nan"))
op("div.Tensor", whole, whole32.clamp(min=1))
op("div.Tensor_mode", f, g, rounding_mode="floor")
op("div.Tensor_mode", f, g, rounding_mode=None)
op("pow.Tensor_Scalar", f, 2)
op("pow.Scalar", 2.0, f)
op("remainder.Scalar", whole, 4)
op("eq.Scalar", mask, True)
op("lt.Tensor", f, g)
op("bitwise_and.Scalar", whole, 6)
op("logical_not.default", whole)
op("clamp.default", f, None, 0.5)
op("clamp.default", f, max=float("inf"), min=-0.25)
op("clamp.Tensor", f, min=g)
op("exp.default", half)
op("log1p.default", probs)
op("erf.default", double)
op("gelu.default", f, approximate="tanh")
op("gelu.default", f)
op("nan_to_num.default", torch.tensor([float("nan"), float("inf"), -float("inf"), 1.0]), nan=2.5, neginf=-7.0)
op("lerp.Scalar", f, g, 0.25)
op("addcmul.default", f, g, f, value=0.5)
op("where.self", mask, f, double)
op("masked_fill.Scalar", f, mask, -1)
op("complex.default", f, g)
op("conj_physical.default", cplx)
op("angle.default", cplx)
op("view_as_real.default", cplx)

# Reductions: int lists, optional dtypes, tuples
op("sum.default", f)
op("sum.default", mask)
op("sum.default", half, dtype=torch.float64)
op("sum.dim_IntList", f, [0])
op("sum.dim_IntList", f, [-1, 0], True, dtype=torch.float64)
op("sum.dim_IntList", f, None)
op("mean.dim", f, [1], keepdim=True)
op("prod.dim_int", whole, 1)
op("var_mean.correction", f, [1], correction=0, keepdim=True)
op("var_mean.correction", f)
op("std.correction", double, None, correction=1.5)
op("norm.ScalarOpt_dim", f, None, [1])
op("linalg_vector_norm.default", f, 3, [0], dtype=torch.float64)
op("linalg_norm.ord_str", square, "fro")
op("cumsum.default", whole32, 1, dtype=torch.int64)
op("logsumexp.default", f, [0, 1])
op("argmax.default", f, 1)
op("argmax.default", f)
op("max.dim", f, 1)
op("max.default", whole)
op("topk.default", f, 2)
op("topk.default", f, 2, 0, False, sorted=True)
op("sort.stable", whole, stable=True, dim=1, descending=True)
op("kthvalue.default", f, 2)
op("mode.default", whole)
op("unique_consecutive.default", whole, return_inverse=True, return_counts=True)
op("_unique2.default", whole, True, True, True)
op("histc.default", f, 5, min=-2, max=2)
op("bincount.default", whole.abs().flatten(), minlength=12)
op("bincount.default", whole.abs().flatten(), probs.flatten())
op("quantile.default", double, torch.tensor([0.25, 0.5], dtype=torch.float64), 1, interpolation="midpoint")

# Shapes: lists of tensors in and out, optional ints, views
op("cat.default", [f, g, row.unsqueeze(0)])
op("cat.default", [f, g], 1)
op("stack.default", [f, g], dim=-1)
op("split.Tensor", f, 2)
op("split_with_sizes.default", f, [1, 3], 1)
op("tensor_split.indices", f, [1, 3], 1)
op("unbind.int", f, 1)
op("meshgrid.indexing", [row, bias], indexing="xy")
op("slice.Tensor", f, 1, 1, None, 2)
op("slice.Tensor", f)
op("select.int", f, 0, -1)
op("permute.default", images, [0, 2, 3, 1])
op("expand.default", row, [2, 3, 4])
op("as_strided.default", f, [2, 2], [1, 2], 3)
op("as_strided.default", f, [2, 2], [1, 2])
op("flip.default", f, [0, 1])
op("roll.default", f, [1, -1], [0, 1])
op("roll.default", f, [5])
op("repeat.default", row, [2, 1])
op("tril.default", square, -1)
op("constant_pad_nd.default", f, [1, 2, 0, 1], 9.5)
op("pad.default", images, [1, 1, 2, 2], "reflect")
op("pixel_shuffle.default", torch.randn(1, 4, 2, 2), 2)

# Indexing: optional tensors in lists
index = torch.tensor([2, 0])
op("index.Tensor", f, [index])
op("index.Tensor", f, [None, index])
op("index.Tensor", images, [None, index, None, torch.tensor([1, 7])])
op("index.Tensor", f, [mask])
op("index_put.default", f, [index, torch.tensor([1, 1])], torch.tensor([10.0, 20.0]), True)
op("index_put_.default", f.clone(), [None, index], torch.tensor(3.0))
op("gather.default", f, 1, whole.abs() % 4)
op("scatter.value", f, 1, index.unsqueeze(1), 5)
op("scatter.value_reduce", f, 1, index.unsqueeze(1), 2.0, reduce="multiply")
op("index_select.default", f, 1, index)
op("masked_select.default", f, mask)
op("nonzero.default", mask)
op("embedding.default", square, index, padding_idx=0)
op("searchsorted.Tensor", row.sort().values, f, out_int32=True, side="right")

# Creation: dtype, layout, device, memory format, generators
cpu = torch.device("cpu")
op("zeros.default", [2, 3])
op("zeros.default", [2, 3], dtype=torch.int16, layout=torch.strided, device=cpu, pin_memory=False)
op("ones.default", [])
op("full.default", [2, 2], 7, dtype=torch.float16)
op("full.default", [2], True)
op("full.default", [2], 1.5 + 1j)
op("arange.start_step", 1, 10, 3)
op("arange.default", 2.5, dtype=torch.float64)
op("linspace.default", 0, 1, 7)
op("eye.m", 2, 3, dtype=torch.int64)
op("scalar_tensor.default", 2.5, dtype=torch.bfloat16)
op("empty.memory_format", [2, 3, 4, 5], memory_format=torch.channels_last, shape_only=True)
op("empty_strided.default", [2, 3], [1, 2], dtype=torch.int8, shape_only=True)
op("zeros_like.default", images, dtype=torch.float64, memory_format=torch.channels_last)
op("new_full.default", whole, [2], 3)
op("randn.generator", [2, 3], generator=gen())
op("rand.generator", [2, 3], generator=gen(), dtype=torch.float64)
op("randn.default", [40], seed=3)
op("randperm.generator", 10, generator=gen(9))
op("randint.low_generator", -5, 5, [6], generator=gen(2**40 + 1))
op("bernoulli.p", probs, 0.5, generator=gen())
op("bernoulli.default", probs, generator=None, seed=5)
op("normal.float_Tensor", 0.5, probs, generator=gen(1))
op("multinomial.default", probs, 3, generator=gen(2))
op("uniform_.default", torch.empty(5), -2, 2, generator=gen(3))
op("native_dropout.default", f, 0.5, True, seed=11)
op("_to_copy.default", f, dtype=torch.float64, memory_format=torch.preserve_format)
op("to.dtype", f, torch.int32)
op("clone.default", images, memory_format=torch.channels_last)
op("contiguous.default", images, memory_format=torch.channels_last)
op("tril_indices.default", 3, 3, 1, dtype=torch.int32)

# In place and `out`
op("add_.Tensor", f.clone(), g, alpha=2)
op("relu_.default", f.clone())
op("zero_.default", f.clone())
op("fill_.Scalar", whole.clone(), 4)
op("clamp_.default", f.clone(), max=0)
op("copy_.default", double.clone(), f)
op("addcdiv_.default", f.clone(), g, probs, value=-0.5)
op("lerp_.Scalar", f.clone(), g, 1 - 0.9)
op("add.out", f, g, out=torch.empty(0))
op("mm.out", f, square, out=torch.zeros(3, 4))
op("topk.values", f, 2, values=torch.empty(0), indices=torch.empty(0, dtype=torch.int64))
op("sort.values", f, 0, True, values=torch.empty(0), indices=torch.empty(0, dtype=torch.int64))
op("sum.IntList_out", f, [1], out=torch.empty(3))
op("arange.start_out", 0, 5, 2, out=torch.empty(0, dtype=torch.float64))

# Lists that are written, lists of scalars
op("_foreach_add.Scalar", [f, g], 1.5)
op("_foreach_mul_.List", [f.clone(), g.clone()], [g, f])
op("_foreach_add_.ScalarList", [f.clone(), whole.clone()], [0.5, 3])
op("_foreach_norm.Scalar", [f, g], 2)
op("_foreach_lerp_.Scalar", [f.clone()], [g], 0.1)
op(
    "_fused_adam_.default",
    [f.clone()], [g], [torch.zeros_like(f)], [torch.zeros_like(f)], [], [torch.tensor(1.0)],
    lr=0.07, beta1=0.9, beta2=0.999, weight_decay=0.01, eps=1e-8, amsgrad=False, maximize=False,
)

# Linear algebra
op("mm.default", f, square)
op("addmm.default", row, f, square, beta=0.5, alpha=2)
op("bmm.default", torch.randn(2, 3, 4), torch.randn(2, 4, 5))
op("matmul.default", torch.randn(2, 3, 4), square)
op("einsum.default", "bij,bjk->bik", [torch.randn(2, 3, 4), torch.randn(2, 4, 5)])
op("einsum.default", "ij,jk,kl->il", [f, square, square], path=[0, 1, 0, 1])
op("linalg_svd.default", square, False)
op("linalg_solve_ex.default", square, row)
op("linalg_cross.default", torch.randn(2, 3), torch.randn(2, 3))
op("cdist.default", f, g, 1.5)
op("fft_rfft.default", row, 6, norm="ortho")
op("fft_fft.default", row)

# Networks
op("linear.default", f, square)
op("linear.default", f, square, row)
op("conv2d.default", images, kernels)
op("conv2d.default", images, kernels, bias, [2], [1])
op("conv2d.default", images, kernels, bias, [2, 1], [1, 0], [1, 2])
op("conv2d.padding", images, kernels, None, padding="same")
op("convolution.default", images, kernels, bias, [1, 1], [1, 1], [1, 1], False, [0, 0], 1)
grad_output = torch.randn(2, 4, 6, 6)
op("convolution_backward.default", grad_output, images, kernels, [4], [1, 1], [0, 0], [1, 1], False, [0, 0], 1, [False, True, True])
op("max_pool2d_with_indices.default", images, [2, 2])
op("avg_pool2d.default", images, [3, 3], [2], [1, 1], divisor_override=4)
op("adaptive_avg_pool2d.default", images, [3, 2])
op("native_batch_norm.default", images, None, None, None, None, True, 0.1, 1e-5)
op("native_batch_norm.default", images, torch.rand(3), torch.rand(3), torch.zeros(3), torch.ones(3), True, 0.1, 1e-5)
op("native_layer_norm.default", f, [4], row, None, 1e-5)
op("_softmax.default", f, 1, False)
op("log_softmax.int", f, 1, dtype=torch.float64)
op("nll_loss_forward.default", f, torch.tensor([1, 3, 0]), None, 1, -100)
op("cross_entropy_loss.default", f, torch.tensor([1, -100, 0]), row.abs(), label_smoothing=0.1)
op("mse_loss.default", f, g, 2)
op("upsample_bilinear2d.vec", images, None, False, [1.5, 2.0])
op("upsample_nearest2d.vec", images, [4, 5], None)
op("scaled_dot_product_attention.default", torch.randn(1, 2, 3, 4), torch.randn(1, 2, 3, 4), torch.randn(1, 2, 3, 4), is_causal=True, scale=0.3)
op("lstm.input", torch.randn(3, 1, 2), [torch.zeros(1, 1, 4), torch.zeros(1, 1, 4)], [torch.randn(16, 2), torch.randn(16, 4), torch.randn(16), torch.randn(16)], True, 1, 0.0, False, False, False)

# Results that are no tensors
op("equal.default", f, f)
op("allclose.default", f, g, rtol=1e-3)
op("size.int", f, -1)
op("stride.int", f, 0)
op("is_floating_point.default", f)
op("is_nonzero.default", torch.tensor([2]))
op("_local_scalar_dense.default", torch.tensor(2.5))
op("_local_scalar_dense.default", torch.tensor(-3))
op("_local_scalar_dense.default", torch.tensor(True))
op("_local_scalar_dense.default", torch.tensor(1.5 + 2j))
op("result_type.Tensor", whole, half)
op("result_type.Scalar", whole, 2.5)
op("promote_types.default", torch.uint8, torch.int8)
op("can_cast.default", torch.float32, torch.int32)

# Sparse
op("_to_sparse.default", f * mask)
op("_to_sparse.default", f * mask, layout=torch.sparse_csr)
op("sparse_coo_tensor.indices_size", torch.tensor([[0, 2], [1, 0]]), torch.tensor([1.5, 2.5]), [3, 4])

json.dump({**origin(), "cases": cases}, sys.stdout, indent=0)
