"""A prediction of the article's network in Python: the other side of predict.ts."""
import torch
from sides import answer, arguments, article_net, compiled, device_of, timed, warmed

args = arguments()
torch.manual_seed(0)
device = device_of(args)
net = compiled(article_net().to(device).eval(), args)
x = torch.rand(args.batch, 1, 28, 28, device=device)
with torch.no_grad():
    warmed(net, lambda: net(x))
    answer(timed(lambda: net(x), args.seconds))
