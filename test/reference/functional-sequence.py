"""Activations, losses, embeddings and attention of `torch.nn.functional` in Python: for test/functional.test.ts.

    python test/reference/functional-sequence.py > test/reference/fixtures/functional-sequence.json
"""

import json
import sys
import warnings

import torch
import torch.nn.functional as F
from fixture import camel, option, origin, tensor_json

torch.set_num_threads(2)
warnings.simplefilter("ignore")

torch.manual_seed(0)
x, y, z = torch.randn(3, 4) * 3, torch.randn(3, 4), torch.randn(3, 4)
p, q = torch.rand(3, 4), torch.rand(3, 4)
weight = torch.tensor([0.5, 2.0, 1.0, 3.0])
signs, rows, labels = torch.tensor([[1.0, -1, 1, 1], [-1, -1, 1, -1], [1, 1, 1, -1]]), torch.tensor([1.0, -1, -1]), torch.tensor([3, 0, 1])
speech, spoken = torch.randn(6, 2, 4).log_softmax(2), torch.tensor([[1, 2, 3], [2, 2, 1]])
table, words = torch.randn(5, 3), torch.tensor([[0, 2, 4], [1, 1, 3]])
queries, keys, values = torch.randn(2, 2, 3, 4), torch.randn(2, 2, 5, 4), torch.randn(2, 2, 5, 6)
HEADS = [torch.randn(3, 2, 4), torch.randn(5, 2, 4), torch.randn(5, 2, 4), 4, 2, torch.randn(12, 4), torch.randn(12), None, None, False, 0.1, torch.randn(4, 4), torch.randn(4)]
INPLACE = dict(inplace=True)

CASES = [
    # function, positional arguments, keyword arguments
    ("threshold", [x, 0.1, 20], {}),
    ("threshold", [x], dict(threshold=-1, value=2, **INPLACE)),
    ("hardtanh", [x], {}),
    ("hardtanh", [x, -2, 0.5, True], {}),
    ("relu6", [x], INPLACE),
    ("elu", [x, 0.5], {}),
    ("elu", [x], dict(alpha=2, **INPLACE)),
    ("selu", [x], INPLACE),
    ("celu", [x, 0.5], {}),
    ("celu", [x], INPLACE),
    ("leaky_relu", [x, 0.2], {}),
    ("leaky_relu", [x], INPLACE),
    ("prelu", [x, weight], {}),
    ("rrelu", [x], {}),
    ("rrelu", [x, 0.1, 0.9, True], {}),
    ("gelu", [x], {}),
    ("gelu", [x], dict(approximate="tanh")),
    ("silu", [x], INPLACE),
    ("mish", [x], INPLACE),
    ("hardswish", [x], INPLACE),
    ("hardsigmoid", [x], INPLACE),
    ("sigmoid", [x], {}),
    ("tanh", [x], {}),
    ("logsigmoid", [x], {}),
    ("softplus", [x], {}),
    ("softplus", [x, 2, 1.5], {}),
    ("softsign", [x], {}),
    ("tanhshrink", [x], {}),
    ("hardshrink", [x, 1], {}),
    ("softshrink", [x], {}),
    ("glu", [x], {}),
    ("glu", [torch.randn(4, 3), 0], {}),
    ("softmin", [x, 1], {}),
    ("softmin", [x], dict(dtype=torch.float64)),
    ("gumbel_softmax", [x], {}),
    ("gumbel_softmax", [x, 0.5, True], {}),
    ("mse_loss", [x, y], dict(weight=p, reduction="sum")),
    ("mse_loss", [x, y, None, None, "mean", p], {}),
    ("l1_loss", [x, y], dict(weight=p)),
    ("l1_loss", [x, y], dict(weight=p, reduction="none")),
    ("smooth_l1_loss", [x, y], dict(beta=0.5)),
    ("smooth_l1_loss", [x, y, None, None, "sum", 0], {}),
    ("huber_loss", [x, y, "none", 0.5], {}),
    ("huber_loss", [x, y], dict(weight=p)),
    ("binary_cross_entropy", [p, q, weight], {}),
    ("binary_cross_entropy", [p, q], dict(reduction="none")),
    ("binary_cross_entropy_with_logits", [x, q], {}),
    ("binary_cross_entropy_with_logits", [x, q, weight, None, None, "sum", weight], {}),
    ("kl_div", [x.log_softmax(1), q], dict(reduction="batchmean")),
    ("kl_div", [x, y, None, None, "sum", True], {}),
    ("poisson_nll_loss", [x, q], {}),
    ("poisson_nll_loss", [p, q * 4, False, True], dict(reduction="sum")),
    ("gaussian_nll_loss", [x, y, p], {}),
    ("gaussian_nll_loss", [x, y, 0.5, True, 0.1, "none"], {}),
    ("hinge_embedding_loss", [x, signs, 0.5], {}),
    ("margin_ranking_loss", [x, y, signs], dict(margin=0.5, reduction="none")),
    ("cosine_embedding_loss", [x, y, rows, 0.1], {}),
    ("soft_margin_loss", [x, signs], dict(size_average=False)),
    ("multi_margin_loss", [x, labels, 2, 0.5, weight], {}),
    ("multilabel_margin_loss", [x, torch.tensor([[3, 0, -1, 1], [2, -1, 0, 3], [0, 1, 2, -1]])], {}),
    ("multilabel_soft_margin_loss", [x, (q > 0.5).float(), weight], {}),
    ("triplet_margin_loss", [x, y, z, 2, 1, 0.1, True], {}),
    ("triplet_margin_with_distance_loss", [x, y, z], dict(margin=2, swap=True)),
    ("ctc_loss", [speech, spoken, [6, 5], [3, 2]], {}),
    ("ctc_loss", [speech, spoken, torch.tensor([6, 5]), torch.tensor([3, 2]), 0, "none", True], {}),
    ("cosine_similarity", [x, y], {}),
    ("cosine_similarity", [x, y, 0, 0.5], {}),
    ("pairwise_distance", [x, y], {}),
    ("pairwise_distance", [x, y, 1, 0.1, True], {}),
    ("embedding", [words, table], {}),
    ("embedding", [words, table, -2, 0.5, 1], {}),
    ("embedding", [words.int(), table], dict(padding_idx=1, scale_grad_by_freq=True)),
    ("embedding_bag", [words, table], {}),
    ("embedding_bag", [words.reshape(-1), table, torch.tensor([0, 2, 6])], dict(include_last_offset=True, mode="max")),
    ("embedding_bag", [words, table], dict(mode="sum", per_sample_weights=torch.rand(2, 3), padding_idx=1, max_norm=0.5)),
    ("bilinear", [torch.randn(3, 2), torch.randn(3, 4), torch.randn(5, 2, 4)], {}),
    ("bilinear", [torch.randn(2, 3, 2), torch.randn(2, 3, 4), torch.randn(5, 2, 4), torch.randn(5)], {}),
    ("scaled_dot_product_attention", [queries, keys, values], {}),
    ("scaled_dot_product_attention", [queries, keys, values, torch.rand(3, 5) > 0.3], {}),
    ("scaled_dot_product_attention", [queries, keys[:, :, :3], values[:, :, :3]], dict(is_causal=True, scale=0.3)),
    ("scaled_dot_product_attention", [queries.repeat(1, 2, 1, 1), keys, values], dict(enable_gqa=True, dropout_p=0.5)),
    ("multi_head_attention_forward", HEADS, {}),
    ("multi_head_attention_forward", HEADS, dict(need_weights=False, attn_mask=torch.rand(3, 5) > 0.6, training=False)),
    # more
]


def value(v):
    return [option(u) for u in v] if isinstance(v, (list, tuple)) else option(v)


def run(name, args, options):
    entry = {"name": camel(name), "args": [value(a) for a in args], "options": {camel(k): value(v) for k, v in options.items()}}
    torch.manual_seed(1)
    clones = [a.clone() if isinstance(a, torch.Tensor) else a for a in args]
    result = getattr(F, name)(*clones, **options)
    results = [result] if isinstance(result, torch.Tensor) else [t for t in result if t is not None]
    entry["results"] = [tensor_json(t) for t in results]
    entry["after"] = [
        tensor_json(a) if isinstance(a, torch.Tensor) and not torch.equal(a, before) else None for a, before in zip(clones, args)
    ]
    return entry


json.dump({**origin(), "cases": [run(*case) for case in CASES]}, sys.stdout, indent=0)
