"""What nn.AdaptiveLogSoftmaxWithLoss gives. python3 test/reference/adaptive-log-softmax.py"""

import json
import pathlib

import torch
from fixture import origin, tensor_json

torch.set_num_threads(1)
cases = []
for args, options in [((16, 20, [5, 12]), {}), ((16, 9, [3]), dict(div_value=2.0, head_bias=True))]:
    torch.manual_seed(0)
    model = torch.nn.AdaptiveLogSoftmaxWithLoss(*args, **options)
    x = torch.randn(7, 16, requires_grad=True)
    y = torch.randint(0, args[1], (7,))
    output, loss = model(x, y)
    loss.backward()
    alone = model(x[0], y[0])
    cases.append({
        "args": args,
        "options": {"divValue": options.get("div_value", 4), "headBias": options.get("head_bias", False)},
        "text": str(model),
        "output": tensor_json(output),
        "loss": tensor_json(loss),
        "alone": [tensor_json(alone.output), tensor_json(alone.loss)],
        "gradients": {name: tensor_json(p.grad) for name, p in model.named_parameters()} | {"x": tensor_json(x.grad)},
        "logProb": tensor_json(model.log_prob(x)),
        "predict": tensor_json(model.predict(x)),
    })
path = pathlib.Path(__file__).parent / "fixtures" / "adaptive-log-softmax.json"
path.write_text(json.dumps({**origin(), "cases": cases}, separators=(",", ":")) + "\n")
