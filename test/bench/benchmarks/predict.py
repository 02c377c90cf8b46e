"""A prediction of the article's network in Python: the other side of predict.ts."""
import torch
from sides import answer, arguments, article_net, timed

args = arguments()
torch.manual_seed(0)
net = article_net().eval()
x = torch.rand(args.batch, 1, 28, 28)
with torch.no_grad():
    answer(timed(lambda: net(x), args.seconds))
