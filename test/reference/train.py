"""The article's training in Python: the numbers that test/train.test.ts and test/cli.test.ts compare with.

One run, printed as JSON (what a live comparison asks for):
    python test/reference/train.py --data DIR --limit 6000 --epochs 5 --seed 0 --split-seed 0 --threads 2
The fixture (every run of the table below, each in a process of its own):
    python test/reference/train.py --data DIR --sample src/data/sample --write test/reference/fixtures/train.json
And what test/compile-accuracy.test.ts measures distances from, which takes a minute and some 10 GB:
    python test/reference/train.py --data DIR --epochs 5 --double > test/reference/fixtures/train-float64.json

Needs torch and numpy; scikit-learn where it is installed, else its permutation straight from numpy.
DIR holds the four IDX files of Fashion-MNIST, gzipped or not.
"""

import argparse
import gzip
import json
import os
import subprocess
import sys

from cpu import cpu

RUNS = {
    # name: options of one run
    "full batch, 2 threads": dict(epochs=5, threads=2),
    "full batch, 1 thread": dict(epochs=5, threads=1),
    "batches of 64, 2 threads": dict(epochs=2, threads=2, batch_size="64", lr=0.01),
    "batches of 64, 1 thread": dict(epochs=2, threads=1, batch_size="64", lr=0.01),
}


def read_idx(folder, name):
    import numpy as np

    path = os.path.join(folder, name)
    with open(path, "rb") if os.path.exists(path) else gzip.open(path + ".gz", "rb") as file:
        raw = file.read()
    ndim = raw[3]
    shape = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(ndim)]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * ndim).reshape(shape)


def load_data(folder):
    return tuple(
        (read_idx(folder, f"{part}-images-idx3-ubyte"), read_idx(folder, f"{part}-labels-idx1-ubyte"))
        for part in ("train", "t10k")
    )


def split(images, labels, test_size, random_state):
    try:
        from sklearn.model_selection import train_test_split

        return train_test_split(images, labels, test_size=test_size, random_state=random_state)
    except ImportError:
        import math

        import numpy as np

        n_test = math.ceil(len(images) * test_size)
        order = np.random.RandomState(random_state).permutation(len(images))
        test, train = order[:n_test], order[n_test:]
        return images[train], images[test], labels[train], labels[test]


def run(options):
    import torch
    from torch import nn
    from torch.optim import Adam
    from torch.utils.data import DataLoader, TensorDataset

    torch.set_num_threads(options.threads)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.cnn_layers = nn.Sequential(
                nn.Conv2d(1, 4, kernel_size=2, stride=1, padding=1),
                nn.BatchNorm2d(4),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(kernel_size=2, stride=2),
                nn.Conv2d(4, 4, kernel_size=2, stride=1, padding=1),
                nn.BatchNorm2d(4),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(kernel_size=2, stride=2),
            )
            self.linear_layers = nn.Sequential(nn.Linear(4 * 7 * 7, 10))

        def forward(self, x):
            x = self.cnn_layers(x)
            x = x.view(x.size(0), -1)
            return self.linear_layers(x)

    (train_x, train_y), (test_x, test_y) = load_data(options.data)
    if options.limit:
        train_x, train_y = train_x[: options.limit], train_y[: options.limit]
    train_x, val_x, train_y, val_y = split(train_x, train_y, 0.1, options.split_seed)
    images = lambda a: torch.from_numpy(a.copy()).reshape(-1, 1, 28, 28).float()
    labels = lambda a: torch.from_numpy(a.copy()).long()
    x, y, val_x, val_y = images(train_x), labels(train_y), images(val_x), labels(val_y)
    test_x, test_y = images(test_x), labels(test_y)

    torch.manual_seed(options.seed)
    model = Net()
    if options.double:
        model.double()
        x, val_x, test_x = x.double(), val_x.double(), test_x.double()
    optimizer = Adam(model.parameters(), lr=options.lr)
    criterion = nn.CrossEntropyLoss()
    train_losses, val_losses = [], []

    if options.batch_size == "full":
        for _ in range(options.epochs):
            model.train()
            optimizer.zero_grad()
            output_train = model(x)
            output_val = model(val_x)
            loss_train = criterion(output_train, y)
            loss_val = criterion(output_val, val_y)
            train_losses.append(loss_train.item())
            val_losses.append(loss_val.item())
            loss_train.backward()
            optimizer.step()
    else:
        loader = DataLoader(TensorDataset(x, y), batch_size=int(options.batch_size), shuffle=True)
        for _ in range(options.epochs):
            model.train()
            total = 0.0
            for xb, yb in loader:
                optimizer.zero_grad()
                loss = criterion(model(xb), yb)
                loss.backward()
                optimizer.step()
                total += loss.item() * len(xb)
            train_losses.append(total / len(x))
            model.eval()
            with torch.no_grad():
                val_losses.append(criterion(model(val_x), val_y).item())
            model.train()

    def accuracy(x, y):
        with torch.no_grad():
            return (torch.softmax(model(x), 1).argmax(1) == y).sum().item() / len(y)

    model.eval()
    eval_accuracy = accuracy(test_x, test_y)
    model.train()
    return {
        "torch": torch.__version__.split("+")[0],
        "threads": torch.get_num_threads(),
        "cpu": cpu(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "images": options.limit or len(x) + len(val_x),
        "epochs": options.epochs,
        "lr": options.lr,
        "batchSize": options.batch_size if options.batch_size == "full" else int(options.batch_size),
        "seed": options.seed,
        "splitSeed": options.split_seed,
        "trainLosses": train_losses,
        "valLosses": val_losses,
        # in eval mode, then as the article does it: in train mode, in this order
        "evalTestAccuracy": eval_accuracy,
        "trainAccuracy": accuracy(x, y),
        "valAccuracy": accuracy(val_x, val_y),
        "testAccuracy": accuracy(test_x, test_y),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--lr", type=float, default=0.07)
    parser.add_argument("--batch-size", default="full")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split-seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--double", action="store_true")
    parser.add_argument("--sample")
    parser.add_argument("--write")
    options = parser.parse_args()
    if not options.write:
        print(json.dumps(run(options)))
        return
    sources = {"whole": ["--data", options.data, "--limit", "6000"]}
    if options.sample:
        sources["sample"] = ["--data", options.sample]
    fixture = {}
    for source, place in sources.items():
        fixture[source] = {}
        for name, settings in RUNS.items():
            args = [f"--{key.replace('_', '-')}={value}" for key, value in settings.items()]
            out = subprocess.run([sys.executable, __file__, *place, *args], check=True, capture_output=True, text=True)
            fixture[source][name] = json.loads(out.stdout)
            print(source, name, fixture[source][name]["trainLosses"], file=sys.stderr)
    with open(options.write, "w") as file:
        json.dump(fixture, file, indent=2)
        file.write("\n")


main()
