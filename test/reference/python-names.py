"""Writes scripts/operators/python.json: which operators Python documents, and where; what it calls their results.

    python test/reference/python-names.py scripts/operators/python.json
"""
import inspect
import json
import re
import sys

import torch
import torch.nn.functional

# The operators that the package shows, by their names in the schemas.
OPERATORS = sorted(
    {name[6:].split(".")[0] for name in torch._C._dispatch_get_all_op_names() if name.startswith("aten::")}
)
COPIES = re.compile(r"(?<!index)_copy$")


def documented(space, name):
    found = getattr(space, name, None)
    # by PyTorch's own test of its documentation whatever has a docstring has a page, but for the `_copy` of views
    return callable(found) and bool((inspect.getdoc(found) or "").strip()) and not COPIES.search(name)


SPACES = {"torch": torch, "Tensor": torch.Tensor, "nn.functional": torch.nn.functional}
PREFIXED = {"linalg": torch.linalg, "fft": torch.fft, "special": torch.special}

pages = {}
for title, space in SPACES.items():
    pages[title] = [name for name in OPERATORS if not name.startswith("_") and documented(space, name)]
for title, space in PREFIXED.items():
    prefix = f"{title}_"
    short = [name[len(prefix) :] for name in OPERATORS if name.startswith(prefix)]
    pages[title] = [name for name in short if not name.startswith("_") and documented(space, name)]

results = {}
for name in dir(torch.return_types):
    found = getattr(torch.return_types, name)
    if not inspect.isclass(found) or name.startswith("_") or name.endswith("_out"):
        continue
    if name in OPERATORS:
        results[name] = list(found.__match_args__)

with open(sys.argv[1], "w") as file:
    words = {"pages": pages, "results": results}
    words = {title: {key: " ".join(value) for key, value in part.items()} for title, part in words.items()}
    json.dump({"torch": torch.__version__.split("+")[0], **words}, file, indent=2)
    file.write("\n")
