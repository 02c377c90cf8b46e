"""A training step of the article's network in Python: the other side of step.ts."""
import torch
from sides import answer_step, arguments, article_net, compiled

args = arguments()
torch.manual_seed(0)
net = article_net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.07, fused=getattr(args, "fused", False) or None)
x, y = torch.rand(args.batch, 1, 28, 28), torch.randint(10, (args.batch,))
answer_step(compiled(net, args), optimizer, x, y, args.seconds)
