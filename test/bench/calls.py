"""The cost of small calls in Python, in nanoseconds a call: the other side of calls.bench.ts."""
import json
import sys
import time

import torch
from torch import nn

calls, rounds = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(1)
torch.manual_seed(0)
a, b = torch.rand(4, 4), torch.rand(4, 4)
linear = nn.Linear(4, 4)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        block = lambda i: [nn.Conv2d(i, 4, 2, 1, 1), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2, 2)]
        self.cnn_layers = nn.Sequential(*block(1), *block(4))
        self.linear_layers = nn.Sequential(nn.Linear(196, 10))

    def forward(self, x):
        x = self.cnn_layers(x)
        return self.linear_layers(x.view(x.size(0), -1))


net, criterion = Net(), nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.07)
fused_net = Net()
fused_optimizer = torch.optim.Adam(fused_net.parameters(), lr=0.07, fused=True)
eval_net = Net().eval()
x, y = torch.rand(1, 1, 28, 28), torch.tensor([3])


def step():
    optimizer.zero_grad()
    criterion(net(x), y).backward()
    optimizer.step()


def fused_step():
    fused_optimizer.zero_grad()
    criterion(fused_net(x), y).backward()
    fused_optimizer.step()


def predict():
    with torch.no_grad():
        return eval_net(x)


sources = {
    "add": "a.add(b)",
    "relu": "a.relu()",
    "x * 2.5": "a * 2.5",
    "view": "a.view(2, 8)",
    "empty": "torch.empty(4, 4)",
    "matmul": "a.matmul(b)",
    "Linear(4, 4)": "linear(a)",
    "training step": "step()",
    "fused step": "fused_step()",
    "predict": "predict()",
}
long = {"training step", "fused step", "predict"}
out = {}
for name, source in sources.items():
    count = calls // 100 if name in long else calls
    scope = {**globals()}
    exec(f"def loop(n):\n    for _ in range(n):\n        r = {source}\n", scope)
    loop = scope["loop"]
    loop(count // 5)
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        loop(count)
        times.append((time.perf_counter() - start) / count * 1e9)
    out[name] = sorted(times)[len(times) // 2]
print(json.dumps(out))
