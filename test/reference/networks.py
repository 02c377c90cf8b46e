"""Three small networks trained in Python: what test/networks.test.ts compares with.

    python test/reference/networks.py > test/reference/fixtures/networks.json
"""

import json
import sys

import torch
from torch import nn, optim
from torch.nn import functional as F

from fixture import origin, tensor_json

torch.set_num_threads(1)


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        inner = F.relu(self.norm1(self.conv1(x)))
        return F.relu(x + self.norm2(self.conv2(inner)))


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.first = nn.Sequential(Block(8), Block(8))
        self.halve = nn.Sequential(nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.second = nn.Sequential(Block(16), Block(16))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(16, 4)

    def forward(self, x):
        x = self.second(self.halve(self.first(self.stem(x))))
        return self.head(self.pool(x).flatten(1))


class SentenceClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 8, padding_idx=0)
        self.lstm = nn.LSTM(8, 12, num_layers=2, batch_first=True, dropout=0.1, bidirectional=True)
        self.head = nn.Linear(24, 3)

    def forward(self, words):
        _, (h, _) = self.lstm(self.embedding(words))
        return self.head(torch.cat([h[-2], h[-1]], 1))


class CharacterModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.characters = nn.Embedding(28, 16)
        self.places = nn.Embedding(12, 16)
        layer = nn.TransformerEncoderLayer(16, 4, 32, 0.1, "gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(16, 28)

    def forward(self, x):
        x = self.characters(x) + self.places(torch.arange(12))
        mask = nn.Transformer.generate_square_subsequent_mask(12)
        return self.head(self.encoder(x, mask, is_causal=True))


def images():
    x = (torch.arange(16 * 3 * 8 * 8) * 37 % 128).reshape(16, 3, 8, 8) / 128
    return x, torch.arange(16) * 7 % 4


def sentences():
    return (torch.arange(12 * 9) * 29 % 53 % 20).reshape(12, 9), torch.arange(12) * 5 % 3


def text():
    words = "the quick brown fox jumps over the lazy dog and then it sleeps all day in the warm sun of may"
    codes = torch.tensor([0 if c == " " else ord(c) - 96 for c in words])
    x = torch.stack([codes[i : i + 12] for i in range(0, 72, 9)])
    y = torch.stack([codes[i + 1 : i + 13] for i in range(0, 72, 9)])
    return x, y


def train(kind, data, make_optimizer, clip=None, steps=15):
    torch.manual_seed(7)
    model = kind()
    text_of_model, x, y = repr(model), *data
    optimizer = make_optimizer(model.parameters())
    model.eval()
    with torch.no_grad():
        fast = model(x)
    evaluated = model(x)
    model.train()
    losses, after5 = [], None
    for step in range(steps):
        optimizer.zero_grad()
        output = model(x)
        loss = F.cross_entropy(output.flatten(0, -2), y.flatten())
        loss.backward()
        if clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        losses.append(loss.item())
        if step == 4:
            after5 = {k: tensor_json(v) for k, v in model.state_dict().items() if v.numel() <= 600}
    return {
        "text": text_of_model,
        "noGrad": tensor_json(fast[:2]),
        "evaluated": tensor_json(evaluated[:2]),
        "losses": losses,
        "after5": after5,
        "parameters": sum(p.numel() for p in model.parameters()),
    }


json.dump(
    {
        **origin(),
        "resnet": train(ResNet, images(), lambda p: optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=1e-4)),
        "lstm": train(SentenceClassifier, sentences(), lambda p: optim.Adam(p, lr=0.01), clip=1.0),
        "transformer": train(CharacterModel, text(), lambda p: optim.AdamW(p, lr=0.005)),
    },
    sys.stdout,
    indent=0,
)
