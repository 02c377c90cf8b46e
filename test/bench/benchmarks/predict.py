"""A prediction of the article's network in Python: the other side of predict.ts."""
import torch
from sides import answer, arguments, article_net, compiled, timed, warmed

args = arguments()
torch.manual_seed(0)
net = compiled(article_net().eval(), args)
x = torch.rand(args.batch, 1, 28, 28)
with torch.no_grad():
    warmed(net, lambda: net(x))
    answer(timed(lambda: net(x), args.seconds))
