"""Writes fixtures/data-loader.json: the rows of each batch of torch's DataLoader, and the random state that it leaves.

Run: python test/reference/data-loader.py   (needs torch)

A case iterates `passes` times over rows 0 to n - 1, and stops each pass after `stop` batches if that is not null.
'after' are three numbers drawn from the default generator then, 'generatorAfter' the same from the case's own.
"""

import itertools
import json
from pathlib import Path

import torch
from torch.utils.data import DataLoader, TensorDataset


def case(n, batch_size, shuffle, drop_last=False, seed=0, own=False, passes=2, stop=None):
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed + 100) if own else None
    loader = DataLoader(TensorDataset(torch.arange(n)), batch_size, shuffle, drop_last=drop_last, generator=generator)
    batches = []
    for _ in range(passes):
        it = iter(loader)
        batches.append([x.tolist() for (x,) in itertools.islice(it, stop)])
        del it
    draw = lambda g: torch.randint(0, 2**31, (3,), generator=g).tolist()
    options = {'batchSize': batch_size, 'shuffle': shuffle, 'dropLast': drop_last}
    record = {'n': n, 'options': options, 'seed': seed, 'own': own, 'stop': stop, 'length': len(loader), 'passes': batches}
    record['after'] = draw(None)
    record['generatorAfter'] = draw(generator) if own else None
    return record


cases = [case(n, size, shuffle, drop) for n in (1, 7, 8, 12) for size in (1, 4, 64) for shuffle in (True, False) for drop in (True, False)]
cases += [case(100, 32, True, seed=seed) for seed in (1, 42, 2**31)]
cases += [case(n, 4, True, drop, own=True) for n in (7, 8, 3) for drop in (True, False)]
cases += [case(n, 4, True, drop, own=True, stop=stop) for n in (10, 8) for drop in (True, False) for stop in range(4)]
cases += [case(10, 4, False, own=True), case(10, 4, True, stop=0), case(10, 4, True, stop=1), case(0, 4, False)]

fixture = {'made by': {'torch': torch.__version__}, 'cases': cases}
path = Path(__file__).parent / 'fixtures' / 'data-loader.json'
path.write_text(json.dumps(fixture, separators=(',', ':')) + '\n')
print(f'{len(cases)} cases, {path.stat().st_size} bytes')
