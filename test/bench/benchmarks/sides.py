"""What the Python sides share: the article's network, the timing of `measure.ts`, and how a side answers."""
import json
import sys
import time
from types import SimpleNamespace

SAMPLES = 5

# Calls of a compiled network before it is timed: some of its code is made at the second.
WARM = 3


def arguments():
    """The case's arguments, as attributes."""
    return SimpleNamespace(**json.loads(sys.argv[1]))


def skip(reason):
    """Ends the program: this side cannot be measured here."""
    print(json.dumps({"skipped": reason}))
    sys.exit(0)


def device_of(args):
    """Where the arguments want the work."""
    import torch

    device = getattr(args, "device", "cpu")
    if device == "cuda" and not torch.cuda.is_available():
        skip("this Python has no GPU")
    return device


def settle():
    """Waits for what was left to a GPU."""
    import torch

    if torch.cuda.is_initialized():
        torch.cuda.synchronize()


def timed(run, seconds):
    """Seconds of one call, several samples, each over a group of calls, after a warm-up."""
    begin, calls = time.perf_counter(), 0
    while calls < 3 or time.perf_counter() < begin + seconds / 5:
        run()
        calls += 1
    settle()
    group = max(1, round(seconds / SAMPLES / ((time.perf_counter() - begin) / calls)))
    samples = []
    for _ in range(SAMPLES):
        start = time.perf_counter()
        for _ in range(group):
            run()
        settle()
        samples.append((time.perf_counter() - start) / group)
    return samples


def peak_memory():
    """The most memory that this process ever had resident, in bytes."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


def answer(samples):
    """Prints what the runner reads."""
    print(json.dumps({"samples": samples, "peak": peak_memory()}))


def compiled(net, args):
    """The network by `torch.compile` where the arguments say so, for the very shapes that come."""
    if not getattr(args, "compile", False):
        return net
    import torch

    return torch.compile(net, dynamic=False, mode=getattr(args, "mode", None))


def warmed(net, run, calls=WARM):
    """Runs what a compiled network needs to be made; where that does not work here, says so and ends the program."""
    if not hasattr(net, "_orig_mod"):
        return
    try:
        for _ in range(calls):
            run()
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        skip(f"torch.compile does not work here: {(lines or [type(error).__name__])[0]}")


def answer_step(net, optimizer, x, y, seconds):
    """Times training steps of a network that may be compiled, and answers."""
    step = training_step(net, optimizer, x, y)
    warmed(net, step)
    answer(timed(step, seconds))


def article_net():
    """The article's network, as people write it."""
    from torch import nn

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
            return self.linear_layers(x.view(x.size(0), -1))

    return Net()


def random_images(n, device="cpu"):
    """Images and labels: to the network, the article's."""
    import torch

    return torch.rand(n, 1, 28, 28, device=device), torch.randint(10, (n,), device=device)


def training_step(net, optimizer, x, y):
    """One training step, ready to be called."""
    from torch import nn

    criterion = nn.CrossEntropyLoss()

    def step():
        optimizer.zero_grad()
        criterion(net(x), y).backward()
        optimizer.step()

    return step


def full_batch_training(images, epochs, args=None):
    """The article's loop on random images, ready to be started; it gives the seconds of each epoch but the first."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    device = device_of(args)
    held_out = images // 10
    net, criterion = article_net().to(device), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.07)
    net = compiled(net, args)
    x, y = random_images(images - held_out, device)
    val_x, val_y = random_images(held_out, device)

    def run():
        seconds = []
        warmed(net, lambda: (criterion(net(x), y).backward(), net(val_x)), calls=1)
        for _ in range(epochs + 1):
            start = time.perf_counter()
            optimizer.zero_grad()
            output, val_output = net(x), net(val_x)
            loss, val_loss = criterion(output, y), criterion(val_output, val_y)
            loss.item(), val_loss.item()
            loss.backward()
            optimizer.step()
            settle()
            seconds.append(time.perf_counter() - start)
        return seconds[1:]

    return run
