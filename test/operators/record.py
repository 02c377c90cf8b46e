"""Records what PyTorch's own operator tests ask of ATen: the calls below autograd, with what went in and what came out.

    python test/operators/record.py <folder> [words of operator names...]

Leaves `calls.jsonl` (one call a line), `tensors.bin` (their elements) and `summary.json` in the folder. Needs torch and
what its test samples import: numpy, scipy and expecttest.
"""

import collections
import itertools
import json
import math
import os
import signal
import sys
import time
import warnings

try:
    import torch
    from torch.testing._internal.opinfo import core as opinfo
    from torch.testing._internal.common_methods_invocations import op_db
except ImportError as error:
    sys.exit(f"{error}: the samples need torch, numpy, scipy and expecttest (pip install numpy scipy expecttest)")
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map
from values import Beyond, Writer, plain_value, rebuild

FOLDER, WORDS = sys.argv[1], sys.argv[2:]
torch.set_num_threads(1)
warnings.simplefilter("ignore")

DTYPES = (torch.float32, torch.float64, torch.int64, torch.bool, torch.complex64, torch.bfloat16)
PER_KIND, PER_OVERLOAD = 4, 24  # calls of one overload with the same dtypes and dimensions; calls of one overload
SAMPLES = 6  # of one operator and dtype
SECONDS = 4  # for one operator and dtype
# Their elements, or some of them, are whatever was in memory.
UNINITIALISED = {"empty", "empty_like", "empty_strided", "empty_permuted", "empty_quantized", "new_empty", "new_empty_strided", "resize", "resize_", "resize_as", "resize_as_", "_resize_output", "_resize_output_", "set_", "_empty_affine_quantized", "_ctc_loss"}
# What a sample does with tensors of its own, and does not belong to an operator.
NOT_RECORDED = {"_local_scalar_dense", "lift_fresh", "set_data"}

counts = collections.Counter()
per_kind, per_overload = collections.Counter(), collections.Counter()
left_out = collections.defaultdict(set)
written = 0
operators = set()


def is_float_like(value):
    return isinstance(value, torch.Tensor) and (value.is_floating_point() or value.is_complex())


def has_whole_float(func, args, kwargs):
    """A float such as 2.0 for a Scalar beside integers: JavaScript has one kind of number, and takes it for an integer."""
    floating = False
    for i, argument in enumerate(func._schema.arguments):
        value = args[i] if i < len(args) else kwargs.get(argument.name)
        floating = floating or any(is_float_like(leaf) for leaf in tree_flatten(value)[0])
        if "Tensor" not in str(argument.type) and not any(kind in str(argument.type) for kind in ("number", "Scalar")):
            continue
        for leaf in tree_flatten(value)[0]:
            if isinstance(leaf, float) and leaf.is_integer() and abs(leaf) < 2**53 and not floating:
                return True
    return False


def kind_of(value):
    if isinstance(value, torch.Tensor):
        return f"{value.dtype}{min(value.dim(), 3)}{'e' if value.numel() == 0 else ''}{'' if value.is_contiguous() else 'n'}"
    if isinstance(value, (list, tuple)):
        return [kind_of(item) for item in value[:2]]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{type(value).__name__}{'-' if value < 0 else ''}"
    return str(value)


class Recorder(TorchDispatchMode):
    """Writes down the calls that the samples lead to; the first of each kind, up to a bound."""

    def __init__(self, calls, tensors):
        super().__init__()
        self.calls, self.tensors, self.asked = calls, tensors, []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name, overload = func._schema.name, func._overloadname
        if not name.startswith("aten::") or name[6:] in NOT_RECORDED:
            return func(*args, **kwargs)
        name = name[6:]
        operator = f"{name}.{overload}"
        kind = f"{operator} {[kind_of(value) for value in args]} {({key: kind_of(value) for key, value in kwargs.items()})}"
        counts["seen"] += 1
        if per_kind[kind] >= PER_KIND or per_overload[operator] >= PER_OVERLOAD:
            return func(*args, **kwargs)
        writer = Writer(written)
        entry = {"operator": name, "overload": overload}
        try:
            entry["args"] = writer.value(list(args), writer.argument)
            entry["options"] = {key: writer.value(value, writer.argument) for key, value in kwargs.items()}
        except Beyond as reason:
            left_out[str(reason)].add(operator)
            return func(*args, **kwargs)
        if torch.Tag.nondeterministic_seeded in func.tags:
            entry["seed"] = counts["calls"]
        if name in UNINITIALISED or name.startswith("_empty"):
            entry["shapeOnly"] = True
        if has_whole_float(func, args, kwargs):
            entry["wholeFloat"] = True
        per_kind[kind] += 1
        per_overload[operator] += 1
        arguments = {"args": [plain_value(value) for value in args], "options": {key: plain_value(value) for key, value in kwargs.items()}}
        self.asked.append((func, entry, arguments, writer.memory))
        return func(*args, **kwargs)

    def settle(self):
        """
        Calls again what was asked for, now outside the mode: within it, operators made of others lose conjugations. What
        then comes out, or is raised, is written down.
        """
        asked, self.asked = self.asked, []
        for func, entry, arguments, memory in asked:
            writer = Writer(written)
            args, kwargs = rebuild(arguments, memory)
            entry["args"] = writer.value(args, writer.argument)
            entry["options"] = {key: writer.value(value, writer.argument) for key, value in kwargs.items()}
            if "seed" in entry:
                torch.manual_seed(entry["seed"])
            try:
                result = func(*args, **kwargs)
            except Exception as error:  # is a result too
                entry["error"] = str(error)[:200]
                if "not resizable" not in str(error):  # memory of numpy's, which is nobody's here
                    self.write(entry, writer)
                continue
            try:
                entry["result"] = writer.value(result, writer.result)
                entry["after"] = {key: writer.value(value, writer.result) for key, value in self.written_to(func, args, kwargs)}
                self.write(entry, writer)
            except Beyond as reason:
                left_out[str(reason)].add(f"{entry['operator']}.{entry['overload']}")

    @staticmethod
    def written_to(func, args, kwargs):
        """The arguments that the schema says are written to, by their place or name."""
        for i, argument in enumerate(func._schema.arguments):
            if argument.alias_info is None or not argument.alias_info.is_write:
                continue
            if i < len(args):
                yield str(i), args[i]
            elif argument.name in kwargs:
                yield argument.name, kwargs[argument.name]

    def write(self, entry, writer):
        global written
        operators.add(f"{entry['operator']}.{entry['overload']}")
        counts["calls"] += 1
        self.calls.write(json.dumps(entry) + "\n")
        for chunk in writer.chunks:
            self.tensors.write(chunk)
        written += writer.size


class TooLong(BaseException):
    pass


def on_alarm(*_):
    raise TooLong


signal.signal(signal.SIGALRM, on_alarm)


def extreme(tensor):
    """The same tensor with what its dtype holds at its ends."""
    if tensor.numel() == 0 or tensor.dtype == torch.bool:
        return tensor
    out = tensor.detach().clone().contiguous()
    flat = out.view(-1)
    if tensor.dtype.is_complex:
        values = [complex(math.nan, 1), complex(math.inf, 0), complex(0, -math.inf), complex(-0.0, 0.0)]
    elif tensor.dtype.is_floating_point:
        info = torch.finfo(tensor.dtype)
        values = [math.nan, math.inf, -math.inf, -0.0, info.max, info.min, info.tiny, info.eps]
    else:
        info = torch.iinfo(tensor.dtype)
        values = [info.max, info.min + 1, 0, -1]  # dividing the least by -1 ends any process
    for i, value in enumerate(values[: flat.numel()]):
        flat[i] = value
    return out


def negative_dims(sample):
    """The same sample with its dimension counted from the end."""
    dim = sample.kwargs.get("dim")
    if type(dim) is int and isinstance(sample.input, torch.Tensor) and 0 <= dim < sample.input.dim():
        return [(sample.input, sample.args, {**sample.kwargs, "dim": dim - sample.input.dim()})]
    return []


def variants(op, sample, k):
    yield sample.input, sample.args, sample.kwargs
    yield from negative_dims(sample)
    if k < 4:
        strided = sample.noncontiguous()
        yield strided.input, strided.args, strided.kwargs
    elementwise = type(op).__name__ in ("UnaryUfuncInfo", "BinaryUfuncInfo", "ReductionOpInfo")
    if elementwise and k < 4 and isinstance(sample.input, torch.Tensor):
        yield extreme(sample.input), tree_map(lambda value: extreme(value) if isinstance(value, torch.Tensor) else value, sample.args), sample.kwargs


def elementwise_samples(op, dtype):
    """More of what PyTorch tests elementwise operators with: numbers, small, large and extremal values, odd strides."""
    kind = {"UnaryUfuncInfo": "unary", "BinaryUfuncInfo": "binary"}.get(type(op).__name__)
    if kind is None:
        return
    for what in ("small_value_tensors", "large_value_tensors", "extremal_value_tensors", "noncontiguous_tensors", "with_scalar_samples", "with_scalar_and_type_promotion_samples"):
        generate = getattr(opinfo, f"generate_elementwise_{kind}_{what}", None)
        fits = dtype.is_floating_point or dtype.is_complex or "value" not in what or (dtype is torch.int64 and "extremal" not in what)
        if generate is None or not fits or ("scalar" in what and not op.supports_rhs_python_scalar):
            continue
        yield from itertools.islice(generate(op, device="cpu", dtype=dtype), 3)


def call(op, function, arguments):
    input, args, kwargs = arguments
    if isinstance(input, (list, tuple)) and type(input) is not torch.Tensor:
        input = type(input)(value.detach() if isinstance(value, torch.Tensor) else value for value in input)
    return function(input, *args, **kwargs)


def samples_of(op, dtype, recorder):
    """Every sample forwards; in float32 and complex64 some backwards too."""
    backwards = dtype in (torch.float32, torch.complex64) and op.supports_autograd
    for k, sample in enumerate(itertools.islice(op.sample_inputs("cpu", dtype, requires_grad=False), SAMPLES)):
        for arguments in variants(op, sample, k):
            attempt(lambda: call(op, op.op, arguments), recorder)
        # without autograd's dispatch, operators that consist of others are seen themselves
        if k < 4:
            with torch.inference_mode():
                attempt(lambda: op.op(sample.input, *sample.args, **sample.kwargs), recorder)
        inplace = op.inplace_variant
        if inplace is not None and k < 3 and isinstance(sample.input, torch.Tensor):
            attempt(lambda: inplace(sample.input.clone(), *sample.args, **sample.kwargs), recorder)
        if op.supports_out and k < 3:
            try:
                result = op.op(sample.input, *sample.args, **sample.kwargs)
            except Exception:
                continue
            out = tree_map(lambda value: torch.empty_like(value) if isinstance(value, torch.Tensor) else value, result)
            out = out if isinstance(out, torch.Tensor) else tuple(out)
            attempt(lambda: op.op(sample.input, *sample.args, **sample.kwargs, out=out), recorder)
    for sample in elementwise_samples(op, dtype):
        attempt(lambda: op.op(sample.input, *sample.args, **sample.kwargs), recorder)
    if backwards:
        for sample in itertools.islice(op.sample_inputs("cpu", dtype, requires_grad=True), 4):
            attempt(lambda: backward(op, sample), recorder)


def backward(op, sample):
    result = op.op(sample.input, *sample.args, **sample.kwargs)
    if sample.output_process_fn_grad is not None:
        result = sample.output_process_fn_grad(result)
    tensors = [leaf for leaf in tree_flatten(result)[0] if isinstance(leaf, torch.Tensor) and leaf.requires_grad]
    if tensors:
        torch.autograd.backward(tensors, [torch.ones_like(tensor) for tensor in tensors])


def attempt(function, recorder):
    try:
        with recorder:
            function()
    except Exception:
        counts["samples that raise"] += 1
    recorder.settle()


def main():
    start = time.time()
    with open(os.path.join(FOLDER, "calls.jsonl"), "w") as calls, open(os.path.join(FOLDER, "tensors.bin"), "wb") as tensors:
        recorder = Recorder(calls, tensors)
        chosen = [op for op in op_db if not WORDS or any(word in op.name for word in WORDS)]
        for at, op in enumerate(chosen):
            for dtype in DTYPES:
                if dtype not in op.supported_dtypes("cpu"):
                    continue
                signal.setitimer(signal.ITIMER_REAL, SECONDS)
                try:
                    samples_of(op, dtype, recorder)
                except TooLong:
                    counts["cut short"] += 1
                except Exception as error:
                    left_out[f"samples cannot be made: {type(error).__name__}"].add(op.name)
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            try:
                for wrong in itertools.islice(op.error_inputs("cpu") if op.error_inputs_func else [], 12):
                    sample = wrong.sample_input
                    attempt(lambda: op.op(sample.input, *sample.args, **sample.kwargs), recorder)
            except (Exception, TooLong):
                counts["error samples cannot be made"] += 1
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            if sys.stderr.isatty():
                print(f"\r{at + 1}/{len(chosen)} {op.name:60.60}", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    summary = {
        "torch": torch.__version__,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "operators": len(chosen),
        "overloads": len(operators),
        "seconds": round(time.time() - start, 1),
        "bytes": written,
        "leftOut": {reason: sorted(operators) for reason, operators in left_out.items()},
        **counts,
    }
    with open(os.path.join(FOLDER, "summary.json"), "w") as file:
        json.dump(summary, file, indent=1)
    print(json.dumps({key: value for key, value in summary.items() if key != "leftOut"}))


main()
