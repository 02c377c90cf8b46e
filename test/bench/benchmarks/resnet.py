"""A training step of a small ResNet in Python: the other side of resnet.ts."""
import torch
from sides import answer, arguments, timed, training_step
from torch import nn


def conv3x3(channels, out, stride=1):
    return nn.Conv2d(channels, out, 3, stride=stride, padding=1, bias=False)


class Block(nn.Module):
    def __init__(self, channels, out, stride):
        super().__init__()
        self.body = nn.Sequential(
            conv3x3(channels, out, stride),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
            conv3x3(out, out),
            nn.BatchNorm2d(out),
        )
        same = channels == out and stride == 1
        self.shortcut = (
            nn.Sequential()
            if same
            else nn.Sequential(nn.Conv2d(channels, out, 1, stride=stride, bias=False), nn.BatchNorm2d(out))
        )

    def forward(self, x):
        return torch.relu(self.body(x) + self.shortcut(x))


class ResNet8(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(conv3x3(3, 16), nn.BatchNorm2d(16), nn.ReLU(inplace=True))
        self.blocks = nn.Sequential(Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2))
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean([2, 3]))


args = arguments()
torch.manual_seed(0)
net = ResNet8()
optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
x, y = torch.rand(args.batch, 3, 32, 32), torch.randint(10, (args.batch,))
answer(timed(training_step(net, optimizer, x, y), args.seconds))
