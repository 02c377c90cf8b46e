"""Writes fixtures/data-sets.json: what torch's samplers, random_split, default_collate and loaders over them give.

Run: python test/reference/data-sets.py   (needs torch)

'passes' are two iterations of one sampler, 'after' three numbers drawn from the default generator then, and
'generatorAfter' the same from the case's own.
"""

import json
from pathlib import Path

import torch
from fixture import origin, tensor_json
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    random_split,
)


def draw(generator=None):
    return torch.randint(0, 2**31, (3,), generator=generator).tolist()


def passes(make, seed, own):
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed + 100) if own else None
    sampler = make(generator)
    found = [list(sampler), list(sampler)]
    return {"passes": found, "length": len(sampler), "after": draw(), "generatorAfter": draw(generator) if own else None}


def sampler(kind, seed=0, own=False, **options):
    makers = {
        "SequentialSampler": lambda g: SequentialSampler(range(options["n"])),
        "RandomSampler": lambda g: RandomSampler(
            range(options["n"]), replacement=options.get("replacement", False), num_samples=options.get("numSamples"), generator=g
        ),
        "SubsetRandomSampler": lambda g: SubsetRandomSampler(options["indices"], generator=g),
        "WeightedRandomSampler": lambda g: WeightedRandomSampler(
            options["weights"], options["numSamples"], options.get("replacement", True), generator=g
        ),
    }
    return {"kind": kind, "seed": seed, "own": own, "options": options, **passes(makers[kind], seed, own)}


samplers = [
    sampler("SequentialSampler", n=5),
    *[sampler("RandomSampler", seed, own, n=n) for n in (1, 10) for seed in (0, 7) for own in (False, True)],
    *[sampler("RandomSampler", 3, own, n=10, numSamples=k) for k in (4, 10, 25) for own in (False, True)],
    *[sampler("RandomSampler", 4, own, n=10, replacement=True, numSamples=k) for k in (5, 32, 70) for own in (False, True)],
    sampler("RandomSampler", 4, n=9, replacement=True),
    *[sampler("SubsetRandomSampler", 5, own, indices=[4, 8, 15, 16, 23, 42]) for own in (False, True)],
    *[
        sampler("WeightedRandomSampler", 6, own, weights=[0.1, 0.9, 0.4, 0.7, 3.0, 0.6], numSamples=5, replacement=replacement)
        for replacement in (True, False)
        for own in (False, True)
    ],
]


def split(n, lengths, seed, own):
    torch.manual_seed(seed)
    options = {"generator": torch.Generator().manual_seed(seed + 100)} if own else {}
    parts = random_split(range(n), lengths, **options)
    return {"n": n, "lengths": lengths, "seed": seed, "own": own, "parts": [p.indices for p in parts], "after": draw()}


splits = [
    split(n, lengths, seed, own)
    for n, lengths in ((10, [3, 7]), (10, [0.3, 0.3, 0.4]), (11, [0.5, 0.5]), (30, [0.7, 0.2, 0.1]), (5, [5]), (7, [1.0]), (4, [0, 4]))
    for seed, own in ((0, False), (42, True))
]


def plain(value):
    if isinstance(value, torch.Tensor):
        return {"tensor": tensor_json(value)}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


# The tests know these items by name: JSON has no integers apart from floats.
collated = {
    "floats": plain(default_collate([0.5, 2.0, -1.25])),
    "ints": plain(default_collate([1, 2**53 + 1, -3])),
    "bools": plain(default_collate([True, False])),
    "strings": plain(default_collate(["a", "b"])),
    "tensors": plain(default_collate([torch.arange(6).view(2, 3), torch.arange(6, 12).view(2, 3)])),
    "scalars": plain(default_collate([torch.tensor(1.5), torch.tensor(2.5)])),
    "tuples": plain(default_collate([(torch.ones(2), 3), (torch.zeros(2), 4)])),
    "objects": plain(default_collate([{"x": 0.5, "name": "a", "deep": [1, (2.5, True)]}, {"x": 1.5, "name": "b", "deep": [2, (3.5, False)]}])),
}


class Stream(IterableDataset):
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return iter(range(self.n))


def loader(name, make):
    torch.manual_seed(11)
    made = make()
    return {"name": name, "passes": [[plain(batch) for batch in made] for _ in range(2)], "after": draw()}


rows = TensorDataset(torch.arange(10), torch.arange(10) * 0.5)
loaders = [
    loader("stream", lambda: DataLoader(Stream(7), batch_size=3)),
    loader("stream, full batches", lambda: DataLoader(Stream(7), batch_size=3, drop_last=True)),
    loader("stream, items", lambda: DataLoader(Stream(3), batch_size=None)),
    loader("sampler", lambda: DataLoader(rows, batch_size=4, sampler=RandomSampler(rows, replacement=True, num_samples=6))),
    loader("batch sampler", lambda: DataLoader(rows, batch_sampler=BatchSampler(RandomSampler(rows), 4, True))),
    loader("items", lambda: DataLoader(rows, batch_size=None, shuffle=True)),
    loader("subset", lambda: DataLoader(Subset(rows, [9, 3, 3, 1]), batch_size=3, shuffle=True)),
    loader("concat", lambda: DataLoader(ConcatDataset([rows, Subset(rows, [0, 5])]), batch_size=5, shuffle=True)),
    loader("collate", lambda: DataLoader(rows, batch_size=5, collate_fn=lambda items: [x.item() for x, _ in items])),
]

fixture = {"made by": origin(), "samplers": samplers, "splits": splits, "collated": collated, "loaders": loaders}
path = Path(__file__).parent / "fixtures" / "data-sets.json"
path.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
print(f"{len(samplers) + len(splits) + len(collated) + len(loaders)} cases, {path.stat().st_size} bytes")
