"""Mixed precision on the CPU in Python: what test/autocast.test.ts and test/grad-scaler.test.ts compare with.

    python test/reference/amp.py > test/reference/fixtures/amp.json
"""

import json
import sys

import torch
from fixture import origin, tensor_json
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(2)


def operators(dtype):
    """One operator of each policy, on inputs that the test makes from the same seed."""
    torch.manual_seed(0)
    a, b = torch.randn(4, 6), torch.randn(6, 5)
    image, kernel = torch.randn(2, 3, 7, 7), torch.randn(4, 3, 3, 3)
    batch, target, labels = torch.randn(4, 5), torch.randn(4, 5), torch.tensor([1, 0, 4, 2])
    inputs = dict(a=a, b=b, image=image, kernel=kernel, batch=batch, target=target)
    with torch.autocast("cpu", dtype=dtype):
        low = a @ b
        results = dict(
            matmul=low,
            linear=F.linear(a, b.t()),
            conv2d=F.conv2d(image, kernel),
            addmm=torch.addmm(batch, a, b),
            bmm=torch.bmm(image[:, 0], image[:, 1]),
            softmax=low.softmax(1),
            relu=low.relu(),
            sum=low.sum(),
            mul=low * batch,
            exp=low.exp(),
            crossEntropy=F.cross_entropy(low, labels),
            mse=F.mse_loss(low, target),
            cat=torch.cat([low, batch]),
            double=a.double() @ b.double(),
            prod=low.prod(1),
        )
    return {"inputs": {k: tensor_json(v) for k, v in inputs.items()}, "results": {k: tensor_json(v) for k, v in results.items()}}


class Shared(nn.Module):
    """One weight used twice: the cast weights' cache shows in the bits of its gradient."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.again = nn.Linear(12, 12)
        self.out = nn.Linear(48, 3)

    def forward(self, x):
        x = self.norm(self.conv(x)).relu()  # [N, 4, 3, 4]
        x = self.again(self.again(x.flatten(2)))  # [N, 4, 12]
        return self.out(x.flatten(1))


def training(dtype, scaled, cache=True):
    torch.manual_seed(1)
    model = Shared()
    start = {k: tensor_json(v) for k, v in model.state_dict().items()}
    x, y = torch.randn(6, 1, 3, 4), torch.tensor([0, 1, 2, 0, 1, 2])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10, growth_interval=2, enabled=scaled)
    steps = []
    for _ in range(4):
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=dtype, cache_enabled=cache):
            output = model(x)
            loss = F.cross_entropy(output, y)
        scaler.scale(loss).backward()
        grads = {k: tensor_json(p.grad) for k, p in model.named_parameters()}
        scaler.step(optimizer)
        scaler.update()
        steps.append({"output": tensor_json(output), "loss": tensor_json(loss), "grads": grads, "scale": scaler.get_scale()})
    end = {k: tensor_json(v) for k, v in model.state_dict().items()}
    return {"start": start, "x": tensor_json(x), "y": tensor_json(y), "steps": steps, "end": end}


def scaler():
    """Scales, weights and trackers over steps, some of which have a gradient that is not finite."""
    weight, other = torch.ones(3, requires_grad=True), torch.full((2,), 2.0, requires_grad=True)
    optimizers = [torch.optim.SGD([weight], lr=0.5), torch.optim.Adam([other], lr=0.25)]
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0, growth_factor=3.0, backoff_factor=0.25, growth_interval=2)
    factors = [1.0, 2.0, float("inf"), 1.0, float("nan"), 0.5, 0.25, 1.5]
    steps = []
    for i, factor in enumerate(factors):
        for o in optimizers:
            o.zero_grad()
        losses = scaler.scale([(weight * factor).sum(), (other * other).sum()])
        (losses[0] + losses[1]).backward()
        if i % 2 == 0:
            scaler.unscale_(optimizers[1])
        for o in optimizers:
            scaler.step(o)
        scaler.update(0.1 if i == 6 else None)
        steps.append(
            {
                "losses": [tensor_json(l) for l in losses],
                "weight": tensor_json(weight),
                "other": tensor_json(other),
                "grads": [tensor_json(weight.grad), tensor_json(other.grad)],
                "state": scaler.state_dict(),
            }
        )
    return {"factors": [str(f) for f in factors], "steps": steps}


json.dump(
    {
        **origin(),
        "operators": {"bfloat16": operators(torch.bfloat16), "float16": operators(torch.float16)},
        "training": {
            "bfloat16": training(torch.bfloat16, False),
            "float16": training(torch.float16, True),
            "bfloat16 without the cache": training(torch.bfloat16, False, cache=False),
        },
        "scaler": scaler(),
    },
    sys.stdout,
    indent=0,
)
