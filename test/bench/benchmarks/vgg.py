"""A training step of a small VGG in Python: the other side of compile-vgg.ts."""
import torch
from sides import answer_step, arguments, compiled
from torch import nn


def conv3x3(channels, out):
    return [nn.Conv2d(channels, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU(inplace=True)]


args = arguments()
torch.manual_seed(0)
net = nn.Sequential(
    *conv3x3(3, 16),
    *conv3x3(16, 16),
    nn.MaxPool2d(2),
    *conv3x3(16, 32),
    *conv3x3(32, 32),
    nn.MaxPool2d(2),
    *conv3x3(32, 64),
    *conv3x3(64, 64),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(1024, 10),
)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
x, y = torch.rand(args.batch, 3, 32, 32), torch.randint(10, (args.batch,))
answer_step(compiled(net, args), optimizer, x, y, args.seconds)
