"""Writes fixtures/train-test-split.json: what scikit-learn's train_test_split picks and refuses.

Run: python test/reference/train-test-split.py   (needs numpy and scikit-learn)

Every case holds the arguments in this package's names and either the rows of both parts (all of them for up to 24
samples, else a SHA-256 over them as little-endian uint32) or the message of the error.
"""

import hashlib
import json
from pathlib import Path

import numpy
import sklearn
from sklearn.model_selection import train_test_split

NAMES = {'test_size': 'testSize', 'train_size': 'trainSize', 'random_state': 'randomState'}
CLASSES = numpy.random.RandomState(1234)


def rows(values):
    if len(values) <= 24:
        return [int(v) for v in values]
    digest = hashlib.sha256(numpy.asarray(values, dtype='<u4').tobytes()).hexdigest()
    return {'length': len(values), 'first': [int(v) for v in values[:3]], 'sha256': digest}


def case(n, **options):
    record = {'n': n, 'options': {NAMES.get(key, key): value for key, value in options.items()}}
    try:
        train, test = train_test_split(numpy.arange(n), **options)
        record['train'], record['test'] = rows(train), rows(test)
    except ValueError as error:
        message = str(error)
        for python, ours in NAMES.items():
            message = message.replace(python, ours)
        message = message.replace('train_test_split', 'trainTestSplit').replace('None', 'undefined').replace('=False', '=false')
        message = message.replace(", an instance of 'numpy.random.mtrand.RandomState'", '')
        record['error'] = message
    return record


def numbers(n, classes):
    return [int(v) for v in CLASSES.randint(0, classes, n)]


cases = [case(n, test_size=size, random_state=seed) for n in (2, 3, 5, 10, 24, 100) for size in (0.1, 0.33, 0.5) for seed in (0, 42)]
cases += [case(60000, test_size=0.1, random_state=seed) for seed in (0, 1, 42, 2**31, 2**32 - 1)]
cases += [case(6000, test_size=0.1, random_state=0), case(131072, test_size=1, random_state=7), case(131073, random_state=7)]
cases += [case(10, random_state=0), case(10, train_size=0.35, random_state=3), case(10, test_size=3, random_state=3)]
cases += [case(10, train_size=7, random_state=3), case(100, train_size=0.5, test_size=0.2, random_state=5)]
cases += [case(100, train_size=50, test_size=0.21, random_state=5), case(10, train_size=7, test_size=3, random_state=5)]
cases += [case(10, shuffle=False), case(60000, test_size=0.1, shuffle=False), case(10, train_size=3, test_size=2, shuffle=False)]

# Stratified: balanced, unbalanced, ties in the remainders, strings, booleans, floats, rows of labels.
for seed in (0, 1, 7):
    cases.append(case(12, test_size=0.25, random_state=seed, stratify=[0, 1, 2] * 4))
    cases.append(case(14, test_size=3, random_state=seed, stratify=[0, 1, 2] * 4 + [0, 0]))
    cases.append(case(20, test_size=0.3, train_size=0.5, random_state=seed, stratify=[9, 10, -1, 2] * 5))
    cases.append(case(500, test_size=0.1, random_state=seed, stratify=numbers(500, 10)))
    cases.append(case(3000, test_size=0.37, random_state=seed, stratify=numbers(3000, 7)))
cases.append(case(12, test_size=0.5, random_state=2, stratify=['ä', 'b', '\U0001f600', '\uff5e'] * 3))
cases.append(case(12, test_size=0.5, random_state=2, stratify=['b', 'B', 'a10', 'a9'] * 3))
cases.append(case(12, test_size=0.5, random_state=2, stratify=[True, False, True] * 4))
cases.append(case(12, test_size=0.5, random_state=2, stratify=[0.5, -1.5, 2.0] * 4))
cases.append(case(12, test_size=0.5, random_state=2, stratify=[[1, 0], [0, 1], [10, 1]] * 4))
cases.append(case(12, test_size=0.5, random_state=2, stratify=[[0.5, 1.0], [1e-05, 2.0], [1e16, 0.1]] * 4))
cases.append(case(12, test_size=0.5, random_state=2, stratify=[[True, False], [False, True]] * 6))

errors = [
    dict(test_size=0), dict(test_size=1.5), dict(test_size=-1), dict(test_size=10), dict(test_size=11), dict(train_size=10),
    dict(train_size=0.9, test_size=0.2), dict(train_size=8, test_size=3), dict(train_size=0.05), dict(test_size=0.95),
    dict(random_state=-1), dict(random_state=2**32), dict(random_state=1.5),
    dict(shuffle=False, stratify=[0] * 10), dict(stratify=[0] * 9 + [1]), dict(stratify=[0, 1] * 4),
    dict(stratify=[0, 1, 2, 3, 4] * 2, test_size=2), dict(stratify=[0, 1, 2, 3, 4] * 2, test_size=7),
    dict(stratify=list('aabbccddef')), dict(stratify=[True] * 9 + [False]), dict(stratify=[0.5] * 9 + [1.0]),
    dict(stratify=[]), dict(stratify=[[]] * 10), dict(stratify=[[[0]]] * 10),
    dict(stratify=[[1, 0], [0, 1]] * 4 + [[1, 1], [0, 0]]),
]  # fmt: skip
cases += [case(10, **{'random_state': 0, **options}) for options in errors]
cases += [case(n, random_state=0) for n in (0, 1)]

fixture = {'made by': {'scikit-learn': sklearn.__version__, 'numpy': numpy.__version__}, 'cases': cases}
path = Path(__file__).parent / 'fixtures' / 'train-test-split.json'
path.write_text(json.dumps(fixture, ensure_ascii=True, separators=(',', ':')) + '\n')
print(f'{len(cases)} cases, {path.stat().st_size} bytes')
