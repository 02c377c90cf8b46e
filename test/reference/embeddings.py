"""Embeddings and bilinear layers in Python: what test/nn-embeddings.test.ts compares with.

    python test/reference/embeddings.py > test/reference/fixtures/embeddings.json
"""

import json
import sys

import torch
from torch import nn

from fixture import origin, tensor_json
from layer_runs import encode, learnt, run

torch.set_num_threads(2)

words = lambda: [torch.tensor([[0, 2, 4], [1, 1, 3]])]
row = lambda: [torch.tensor([0, 2, 4, 1, 1, 3]), torch.tensor([0, 2, 2, 5])]
SIZE = dict(num_embeddings=5, embedding_dim=3)
CASES = [
    ("Embedding", dict(SIZE), words),
    ("Embedding", dict(SIZE), lambda: [torch.tensor(3)]),
    ("Embedding", dict(SIZE), lambda: [torch.tensor([4, 0], dtype=torch.int32)]),
    ("Embedding", dict(SIZE, padding_idx=1), words),
    ("Embedding", dict(SIZE, padding_idx=-1, scale_grad_by_freq=True), words),
    ("Embedding", dict(SIZE, max_norm=0.5, norm_type=1), words),
    ("Embedding", dict(SIZE, dtype=torch.float64), words),
    ("EmbeddingBag", dict(SIZE), words),
    ("EmbeddingBag", dict(SIZE), row),
    ("EmbeddingBag", dict(SIZE, mode="sum", scale_grad_by_freq=True), row),
    ("EmbeddingBag", dict(SIZE, mode="sum"), lambda: [*words(), None, learnt(2, 3)]),
    ("EmbeddingBag", dict(SIZE, mode="max", padding_idx=1), words),
    ("EmbeddingBag", dict(SIZE, max_norm=0.5), words),
    ("EmbeddingBag", dict(SIZE, include_last_offset=True, padding_idx=-2), row),
    ("Bilinear", dict(in1_features=2, in2_features=4, out_features=3), lambda: [learnt(5, 2), learnt(5, 4)]),
    ("Bilinear", dict(in1_features=2, in2_features=4, out_features=3, bias=False), lambda: [learnt(2, 3, 2), learnt(2, 3, 4)]),
]


def sparse(kind):
    torch.manual_seed(7)
    layer = getattr(nn, kind)(5, 3, sparse=True, **({} if kind == "Embedding" else {"mode": "sum"}))
    given = words()
    y = layer(*given)
    (y * torch.arange(1.0, y.numel() + 1).reshape(y.shape)).sum().backward()
    grad = layer.weight.grad.coalesce()
    return {"layer": kind, "text": repr(layer), "inputs": [encode(v) for v in given], "indices": tensor_json(grad.indices()), "values": tensor_json(grad.values())}


json.dump(
    {
        **origin(),
        "layers": [run(i, *case) for i, case in enumerate(CASES)],
        "sparse": [sparse("Embedding"), sparse("EmbeddingBag")],
    },
    sys.stdout,
    indent=0,
)
