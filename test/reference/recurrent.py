"""Recurrent layers and packed sequences in Python: what test/nn-recurrent.test.ts compares with.

    python test/reference/recurrent.py > test/reference/fixtures/recurrent.json
"""

import json
import sys
import warnings

import torch
from torch.nn.utils import rnn

from fixture import origin, tensor_json
from layer_runs import encode, learnt, run

torch.set_num_threads(2)
warnings.simplefilter("ignore")

SIZE = dict(input_size=3, hidden_size=4)
x = lambda: [learnt(5, 2, 3)]


def packed(*state):
    def make():
        data = rnn.pack_sequence([torch.randn(n, 3) for n in (2, 4, 3)], enforce_sorted=False)
        return [data, *[s() for s in state]]

    return make


h = lambda *shape: lambda: learnt(*shape)
pair = lambda a, b: lambda: (learnt(*a), learnt(*b))
CASES = [
    ("RNN", dict(SIZE), x),
    ("RNN", dict(SIZE, nonlinearity="relu", num_layers=2, bidirectional=True), lambda: [learnt(5, 2, 3), learnt(4, 2, 4)]),
    ("RNN", dict(SIZE, bias=False, batch_first=True), x),
    ("RNN", dict(SIZE), packed(h(1, 3, 4))),
    ("GRU", dict(SIZE), x),
    ("GRU", dict(SIZE, num_layers=2, dropout=0.5, batch_first=True), lambda: [learnt(5, 2, 3), learnt(2, 5, 4)]),
    ("GRU", dict(SIZE, bidirectional=True, dtype=torch.float64), lambda: [learnt(5, 2, 3, dtype=torch.float64)]),
    ("GRU", dict(SIZE), lambda: [learnt(5, 3), learnt(1, 4)]),
    ("GRU", dict(SIZE, num_layers=2), packed()),
    ("LSTM", dict(SIZE), x),
    ("LSTM", dict(SIZE, num_layers=2, dropout=0.3), lambda: [learnt(5, 2, 3), (learnt(2, 2, 4), learnt(2, 2, 4))]),
    ("LSTM", dict(SIZE, bidirectional=True, batch_first=True, bias=False), x),
    ("LSTM", dict(SIZE, num_layers=2, bidirectional=True, proj_size=2), x),
    ("LSTM", dict(SIZE, proj_size=2), lambda: [learnt(5, 2, 3), (learnt(1, 2, 2), learnt(1, 2, 4))]),
    ("LSTM", dict(SIZE), lambda: [learnt(5, 3), (learnt(1, 4), learnt(1, 4))]),
    ("LSTM", dict(SIZE), packed(pair((1, 3, 4), (1, 3, 4)))),
    ("LSTM", dict(SIZE, bidirectional=True, num_layers=2, dropout=0.5), packed()),
    ("RNNCell", dict(SIZE), lambda: [learnt(2, 3)]),
    ("RNNCell", dict(SIZE, nonlinearity="relu", bias=False), lambda: [learnt(3), learnt(4)]),
    ("GRUCell", dict(SIZE), lambda: [learnt(2, 3), learnt(2, 4)]),
    ("GRUCell", dict(SIZE, bias=False), lambda: [learnt(3)]),
    ("LSTMCell", dict(SIZE), lambda: [learnt(2, 3), (learnt(2, 4), learnt(2, 4))]),
    ("LSTMCell", dict(SIZE, dtype=torch.float64), lambda: [learnt(3, dtype=torch.float64)]),
]


def sequences():
    torch.manual_seed(3)
    batch = torch.randn(4, 3, 2)
    lengths = torch.tensor([2, 4, 3])
    out = {"batch": encode(batch), "lengths": [2, 4, 3]}
    unsorted = rnn.pack_padded_sequence(batch, lengths, enforce_sorted=False)
    out["unsorted"] = [tensor_json(t) for t in unsorted]
    first = rnn.pack_padded_sequence(batch.transpose(0, 1), lengths, batch_first=True, enforce_sorted=False)
    out["batchFirst"] = [tensor_json(t) for t in first]
    ordered = rnn.pack_padded_sequence(batch, [4, 3, 1])
    out["sorted"] = [tensor_json(t) for t in ordered if t is not None]
    out["padded"] = [tensor_json(t) for t in rnn.pad_packed_sequence(unsorted)]
    out["paddedLonger"] = [tensor_json(t) for t in rnn.pad_packed_sequence(unsorted, True, -1.0, 6)]
    parts = [torch.randn(n, 2) for n in (2, 3, 1)]
    out["parts"] = [encode(p) for p in parts]
    out["joined"] = tensor_json(rnn.pad_sequence(parts))
    out["joinedLeft"] = tensor_json(rnn.pad_sequence(parts, True, 9.0, "left"))
    out["packed"] = [tensor_json(t) for t in rnn.pack_sequence(parts, enforce_sorted=False)]
    return out


json.dump(
    {
        **origin(),
        "layers": [run(i, *case, modes=("train", "eval", "no grad")) for i, case in enumerate(CASES)],
        "sequences": sequences(),
    },
    sys.stdout,
    indent=0,
)
