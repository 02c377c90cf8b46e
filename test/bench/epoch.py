"""Full-batch epochs of the article's network in Python, in seconds, and the peak of its memory: the other side of epoch.bench.ts."""
import json
import sys
import time

import torch
from torch import nn

images, epochs = int(sys.argv[1]), int(sys.argv[2])
torch.manual_seed(0)
held_out = images // 10
block = lambda i: [nn.Conv2d(i, 4, 2, 1, 1), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2, 2)]
net = nn.Sequential(*block(1), *block(4), nn.Flatten(), nn.Linear(196, 10))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.07)
x, val_x = torch.rand(images - held_out, 1, 28, 28) * 255, torch.rand(held_out, 1, 28, 28) * 255
y, val_y = torch.randint(10, (images - held_out,)), torch.randint(10, (held_out,))

times = []
for _ in range(epochs):
    start = time.perf_counter()
    optimizer.zero_grad()
    output, val_output = net(x), net(val_x)
    loss, val_loss = criterion(output, y), criterion(val_output, val_y)
    loss.item(), val_loss.item()
    loss.backward()
    optimizer.step()
    times.append(time.perf_counter() - start)
peak = 0  # MB; Linux's only: `ru_maxrss` would count what the parent took
if sys.platform == "linux":
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
print(json.dumps({"seconds": times, "threads": torch.get_num_threads(), "peak": peak}))
