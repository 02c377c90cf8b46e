"""A training step of a three-layer perceptron in Python: the other side of perceptron.ts."""
import torch
from sides import answer, arguments, timed, training_step
from torch import nn


class Perceptron(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 256)
        self.fc2 = nn.Linear(256, 128)
        self.fc3 = nn.Linear(128, 10)

    def forward(self, x):
        h = torch.relu(self.fc1(x.flatten(1)))
        return self.fc3(torch.relu(self.fc2(h)))


args = arguments()
torch.manual_seed(0)
net = Perceptron()
optimizer = torch.optim.Adam(net.parameters(), lr=0.001)
x, y = torch.rand(args.batch, 1, 28, 28), torch.randint(10, (args.batch,))
answer(timed(training_step(net, optimizer, x, y), args.seconds))
