"""Python's indexing: what `at` reads and `setAt` writes; test/indexing.test.ts compares.

    python test/reference/indexing.py > test/reference/fixtures/indexing.json

An index is written down as JSON: numbers, null, booleans, "...", {"slice": [start, stop, step]}, {"tensor": ...}, lists.
"""

import base64
import json

import torch
from tensors import origin, tensor_json

SHAPE = [3, 4, 5]


def base():
    return torch.arange(60).reshape(SHAPE)


def s(*ends):
    return {"slice": list(ends) + [None] * (3 - len(ends))}


def t(values, **options):
    return {"tensor": tensor_json(torch.tensor(values, **options))}


def decode(item):
    if item == "...":
        return Ellipsis
    if isinstance(item, dict) and "slice" in item:
        return slice(*item["slice"])
    if isinstance(item, dict):
        coded = item["tensor"]
        data = torch.frombuffer(bytearray(base64.b64decode(coded["data"])), dtype=getattr(torch, coded["dtype"]))
        return data.reshape(coded["shape"])
    if isinstance(item, list):
        return torch.tensor(item, dtype=None if item else torch.int64)
    return item


MASK2 = (torch.arange(12).reshape(3, 4) % 3 == 0).tolist()
MASK1 = [True, False, True]
INDICES = [
    [], [0], [-1], [2, 1], [2, 1, 3], [None], [None, 0, None], ["..."], ["...", 0], [0, "..."], ["...", 1, None],
    [0, "...", -1], [None, "...", None], [s(1, 3)], [s(None, None)], [s(None, None, 2)], [s(-2, None)], [s(1, 100)],
    [s(5, 9)], [s(2, 1)], [s(1, 3), s(None, 2), s(1, None, 3)], [0, s(1, 3)], [s(1, 3), None, "...", s(None, -1)],
    ["...", s(1, 4, 2)], [True], [False], [0, True], [s(1, 2), True], [t([0, 2])], [t([0, 2]), 1], [1, t([0, 2])],
    [s(None), t([0, 2])], [t([0, 2]), s(1, 3)], [t([0, 2]), t([1, 3])], [t([0, 2]), s(None), t([1, 3])],
    [t([[0, 1], [2, 0]])], [t([[0], [2]]), t([1, 3])], [None, t([0, 2])], [t([0, 2]), None], ["...", t([0, 4])],
    [t(1)], [t(-1), s(None, 2)], [t(True)], [t(False)], [t(MASK1)], [t(MASK1), 1], [t(MASK1), s(1, 3)], [t(MASK2)],
    [t(MASK2), 0], [t(MASK2), s(1, 3)], [t(MASK2), t([1, 2, 3, 4])], [t(MASK2), "...", 1], [t(MASK2), None],
    [1, t([True, False, True, False])], [s(None), t([True, False, True, False])], [t([0, 2], dtype=torch.int32)],
    [[0, 2]], [[[0, 1], [2, 0]], 1], [[True, False, True]], [[]], [t([-1, -2])], [s(1, 3), t([3, 0]), None],
]  # fmt: skip


def case(index):
    decoded = tuple(decode(item) for item in index)
    result = base()[decoded]
    # a dimension of size 1 more than there is room for, which assignment drops
    value = torch.arange(1000, 1000 + result.numel()).reshape([1, *result.shape])
    filled, numbered = base(), base()
    filled[decoded] = value
    numbered[decoded] = -1
    return {"index": index, "result": tensor_json(result.contiguous()), "value": tensor_json(value), "filled": tensor_json(filled), "numbered": tensor_json(numbered)}


print(json.dumps({**origin(), "shape": SHAPE, "cases": [case(index) for index in INDICES]}))
