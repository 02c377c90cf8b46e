"""A training step of the article's network in Python: the other side of step.ts."""
import torch
from sides import answer_step, arguments, article_net, compiled, device_of, random_images

args = arguments()
torch.manual_seed(0)
device = device_of(args)
net = article_net().to(device)
optimizer = torch.optim.Adam(net.parameters(), lr=0.07, fused=getattr(args, "fused", False) or None)
x, y = random_images(args.batch, device)
answer_step(compiled(net, args), optimizer, x, y, args.seconds)
