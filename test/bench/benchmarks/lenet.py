"""A training step of LeNet-5 in Python: the other side of lenet.ts."""
import torch
from sides import answer_step, arguments, compiled
from torch import nn
from torch.nn import functional as F


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        h = F.avg_pool2d(torch.tanh(self.conv1(x)), 2)
        h = F.avg_pool2d(torch.tanh(self.conv2(h)), 2)
        h = torch.tanh(self.fc1(h.flatten(1)))
        h = torch.tanh(self.fc2(h))
        return self.fc3(h)


args = arguments()
torch.manual_seed(0)
net = LeNet5()
optimizer = torch.optim.Adam(net.parameters(), lr=0.001)
x, y = torch.rand(args.batch, 1, 28, 28), torch.randint(10, (args.batch,))
answer_step(compiled(net, args), optimizer, x, y, args.seconds)
