"""Losses and distances in Python: what test/nn-losses.test.ts compares with.

    python test/reference/losses.py > test/reference/fixtures/losses.json
"""

import json
import sys
import warnings

import torch

from fixture import origin
from layer_runs import learnt, run

torch.set_num_threads(2)
warnings.simplefilter("ignore")

two = lambda: [learnt(3, 4), learnt(3, 4)]
probabilities = lambda: [torch.rand(3, 4, requires_grad=True), torch.rand(3, 4)]
binary = lambda: [learnt(3, 4), torch.randint(2, (3, 4)).float()]
signs = lambda: [learnt(3, 4), torch.randint(2, (3, 4)) * 2.0 - 1]
logs = lambda: [torch.randn(3, 4).log_softmax(1).requires_grad_(), torch.rand(3, 4)]
classes = lambda: [learnt(5, 3), torch.tensor([0, 2, 1, 1, 0])]
multilabel = lambda: [learnt(2, 4), torch.tensor([[3, 0, -1, 1], [2, -1, 0, 3]])]
ranked = lambda: [learnt(5), learnt(5), torch.tensor([1.0, -1, 1, 1, -1])]
embedded = lambda: [learnt(3, 4), learnt(3, 4), torch.tensor([1.0, -1, -1])]
triplet = lambda: [learnt(3, 4), learnt(3, 4), learnt(3, 4)]
gaussian = lambda: [learnt(3, 4), torch.randn(3, 4), torch.rand(3, 4, requires_grad=True)]
speech = lambda: [torch.randn(6, 2, 4).log_softmax(2).requires_grad_(), torch.tensor([[1, 2, 3], [2, 2, 1]]), torch.tensor([6, 5]), torch.tensor([3, 2])]

W3, W4 = torch.tensor([0.5, 2.0, 1.0]), torch.tensor([0.5, 2.0, 1.0, 3.0])
NONE, SUM = dict(reduction="none"), dict(reduction="sum")


def reductions(kind, inputs, *others):
    return [(kind, options, inputs) for options in (dict(), SUM, NONE, *others)]


CASES = [
    *reductions("L1Loss", two, dict(reduce=False), dict(size_average=False)),
    *reductions("MSELoss", two),
    *reductions("SmoothL1Loss", two, dict(beta=0.5), dict(beta=0)),
    *reductions("HuberLoss", two, dict(delta=0.3)),
    *reductions("BCELoss", probabilities, dict(weight=W4)),
    *reductions("BCEWithLogitsLoss", binary, dict(weight=W4, pos_weight=torch.tensor([1.0, 2, 0.5, 3]))),
    *reductions("KLDivLoss", logs, dict(reduction="batchmean")),
    ("KLDivLoss", dict(log_target=True), two),
    *reductions("PoissonNLLLoss", lambda: [learnt(3, 4), torch.randint(5, (3, 4)).float()], dict(full=True)),
    ("PoissonNLLLoss", dict(log_input=False, eps=0.01), probabilities),
    *reductions("SoftMarginLoss", signs),
    *reductions("HingeEmbeddingLoss", signs, dict(margin=0.5)),
    *reductions("NLLLoss", classes, dict(weight=W3), dict(ignore_index=1)),
    ("NLLLoss", dict(), lambda: [learnt(2, 3, 2), torch.tensor([[0, 1], [2, 2]])]),
    *reductions("MultiMarginLoss", classes, dict(p=2, margin=0.5), dict(weight=W3)),
    ("MultiMarginLoss", dict(), lambda: [learnt(3), torch.tensor(1)]),
    *reductions("MultiLabelMarginLoss", multilabel),
    *reductions("MultiLabelSoftMarginLoss", binary, dict(weight=W4)),
    *reductions("CTCLoss", speech, dict(zero_infinity=True)),
    ("CTCLoss", dict(blank=3), lambda: [torch.randn(6, 2, 4).log_softmax(2).requires_grad_(), torch.tensor([0, 1, 2, 2, 0]), [6, 5], [3, 2]]),
    *reductions("GaussianNLLLoss", gaussian, dict(full=True, eps=0.1)),
    ("GaussianNLLLoss", dict(), lambda: [learnt(3, 4), torch.randn(3, 4), torch.rand(3)]),
    ("GaussianNLLLoss", dict(), lambda: [learnt(3, 4), torch.randn(3, 4), torch.rand(3, 1)]),
    ("GaussianNLLLoss", dict(), lambda: [learnt(3, 4), torch.randn(3, 4), 0.5]),
    *reductions("MarginRankingLoss", ranked, dict(margin=0.5)),
    *reductions("CosineEmbeddingLoss", embedded, dict(margin=0.2)),
    ("CosineEmbeddingLoss", dict(), lambda: [learnt(4), learnt(4), torch.tensor(1.0)]),
    *reductions("TripletMarginLoss", triplet, dict(margin=2, p=1, swap=True)),
    *reductions("TripletMarginWithDistanceLoss", triplet, dict(margin=2, swap=True)),
    ("CosineSimilarity", dict(), two),
    ("CosineSimilarity", dict(dim=-2, eps=0.5), two),
    ("PairwiseDistance", dict(), two),
    ("PairwiseDistance", dict(p=1, eps=0.1, keepdim=True), two),
]

json.dump(
    {**origin(), "layers": [run(i, *case, modes=("train",)) for i, case in enumerate(CASES)]},
    sys.stdout,
    indent=0,
)
