"""Eight small calls in Python: the other side of calls.ts."""
import time

import torch
from sides import answer, arguments, article_net, training_step
from torch import nn

args = arguments()
torch.manual_seed(0)
a, b = torch.rand(4, 4), torch.rand(4, 4)
linear = nn.Linear(4, 4)
net = article_net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.07)
step = training_step(net, optimizer, torch.rand(1, 1, 28, 28), torch.tensor([3]))

SOURCES = {
    "add": "a.add(b)",
    "relu": "a.relu()",
    "x * 2.5": "a * 2.5",
    "view": "a.view(2, 8)",
    "empty": "torch.empty(4, 4)",
    "matmul": "a.matmul(b)",
    "Linear(4, 4)": "linear(a)",
    "training step": "step()",
}
ROUNDS = 3

rows = {}
for name, source in SOURCES.items():
    count = max(1, args.calls // 100) if name == "training step" else args.calls
    scope = {**globals()}
    exec(f"def loop(n):\n    for _ in range(n):\n        r = {source}\n", scope)
    loop = scope["loop"]
    loop(-(-count // 5))
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        loop(count)
        times.append((time.perf_counter() - start) / count)
    rows[name] = [sorted(times)[ROUNDS // 2]]
    if name != "training step":
        rows[f"{name}, in a scope"] = rows[name]
answer(rows)
