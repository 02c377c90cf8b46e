"""Writes fixtures/transforms.json: what torchvision's transforms (v1) make of small images, and the random state that they leave.

Run: python test/reference/transforms.py   (needs torch and torchvision of its version)

A case is a transform with its options in this package's words, the name of an image, and a seed; 'text' is its repr.
"""

import json
from pathlib import Path

import torch

# The transforms are plain Python: a torchvision whose own operators do not load (another build of torch) will do.
register_fake = torch.library.register_fake
torch.library.register_fake = lambda name, *a, **k: (lambda f: f) if name.startswith("torchvision::") else register_fake(name, *a, **k)

import torchvision
from fixture import origin, tensor_json
from torchvision.transforms import InterpolationMode, transforms
from torchvision.transforms import functional as F

torch.manual_seed(0)
images = {
    "bytes": torch.randint(0, 256, (3, 8, 11), dtype=torch.uint8),
    "floats": torch.rand(3, 9, 7),
    "gray": torch.randint(0, 256, (1, 6, 6), dtype=torch.uint8),
    "flat": torch.randint(0, 256, (5, 6), dtype=torch.uint8),
    "batch": torch.rand(2, 3, 6, 8),
    "shorts": torch.randint(0, 32768, (1, 3, 4), dtype=torch.int16),
}
MODES = {mode.value: mode for mode in InterpolationMode}


def python_options(options):
    names = {"maxSize": "max_size", "paddingMode": "padding_mode", "padIfNeeded": "pad_if_needed", "numOutputChannels": "num_output_channels"}
    value = lambda key, v: MODES[v] if key == "interpolation" else tuple(v) if isinstance(v, list) else v
    return {names.get(key, key): value(key, v) for key, v in options.items()}


def case(name, image, *args, seed=0, **options):
    plain = [tuple(arg) if isinstance(arg, list) else arg for arg in args]
    if name == "ConvertImageDtype":
        plain = [getattr(torch, args[0])]
    transform = getattr(transforms, name)(*plain, **python_options(options))
    torch.manual_seed(seed)
    source = images[image]
    if name == "ToTensor":  # torchvision takes arrays [H, W, C] where this package has tensors [C, H, W]
        made = transform((source if source.ndim == 2 else source.permute(1, 2, 0)).numpy())
    else:
        made = transform(source)
    after = torch.randint(0, 2**31, (2,)).tolist()
    return {"name": name, "image": image, "args": list(args), "options": options, "seed": seed, "text": repr(transform), "made": tensor_json(made), "after": after}


cases = [
    *[case("RandomHorizontalFlip", "bytes", seed=seed) for seed in (0, 1, 2)],
    case("RandomHorizontalFlip", "flat", p=1),
    *[case("RandomVerticalFlip", "batch", p=0.3, seed=seed) for seed in (0, 1, 2)],
    *[case("RandomCrop", image, 5, seed=seed) for image in ("bytes", "batch", "flat") for seed in (0, 1)],
    case("RandomCrop", "bytes", [8, 11], padding=2, seed=3),
    case("RandomCrop", "bytes", [8, 4], padding=[1, 2], fill=9, seed=3),
    case("RandomCrop", "floats", [12, 10], padIfNeeded=True, paddingMode="edge", seed=4),
    case("RandomCrop", "floats", [9, 7], seed=4),
    *[case("CenterCrop", "bytes", size) for size in (4, [5, 6], [3, 20], 12, [9, 2])],
    case("CenterCrop", "flat", [3, 3]),
    *[case("Pad", "bytes", padding, fill=3) for padding in (2, [1, 2], [1, 0, 2, 3])],
    *[case("Pad", image, [2, 1, 3, 2], paddingMode=mode) for image in ("bytes", "floats", "batch") for mode in ("edge", "reflect", "symmetric")],
    *[case("Resize", image, size) for image in ("bytes", "floats", "batch", "gray") for size in (5, 13, [4, 10])],
    *[case("Resize", image, [5, 14], interpolation=mode) for image in ("bytes", "floats") for mode in ("nearest", "nearest-exact", "bicubic")],
    *[case("Resize", image, [5, 4], interpolation=mode, antialias=False) for image in ("bytes", "floats") for mode in ("bilinear", "bicubic")],
    case("Resize", "bytes", 6, maxSize=7),
    case("Resize", "bytes", 8),
    *[case("RandomResizedCrop", image, 6, seed=seed) for image in ("bytes", "floats") for seed in range(4)],
    case("RandomResizedCrop", "batch", [3, 5], scale=[0.5, 0.9], ratio=[0.5, 2.0], seed=5),
    case("RandomResizedCrop", "batch", [3, 5], scale=[2.0, 3.0], ratio=[3.0, 4.0], seed=6),
    *[case("RandomRotation", image, 30, seed=seed) for image in ("bytes", "floats", "batch") for seed in (0, 1)],
    case("RandomRotation", "floats", [10, 80], interpolation="bilinear", fill=0.5, seed=2),
    case("RandomRotation", "bytes", [45, 45], interpolation="bilinear", expand=True, fill=[1, 2, 3], seed=2),
    case("RandomRotation", "gray", 180, center=[1, 2], fill=7, seed=3),
    *[case("Grayscale", image, numOutputChannels=n) for image in ("bytes", "floats", "gray") for n in (1, 3)],
    *[case("ColorJitter", image, 0.5, 0.4, 0.3, 0.2, seed=seed) for image in ("bytes", "floats", "gray", "batch") for seed in (0, 1, 2)],
    case("ColorJitter", "bytes", brightness=[1.5, 2.0], seed=4),
    case("ColorJitter", "floats", hue=[-0.5, -0.1], contrast=1, seed=4),
    case("Normalize", "floats", [0.5, 0.4, 0.3], [0.5, 0.25, 0.125]),
    case("Normalize", "batch", [0.5], [0.5]),
    *[case("ToTensor", image) for image in ("bytes", "flat", "gray")],
    *[case("ConvertImageDtype", image, dtype) for image, dtype in (("bytes", "float32"), ("bytes", "float64"), ("floats", "uint8"), ("floats", "int16"), ("shorts", "uint8"), ("bytes", "int16"), ("bytes", "int32"), ("shorts", "int64"))],
]
fixture = {**origin(), "torchvision": torchvision.__version__.split("+")[0], "images": {k: tensor_json(v) for k, v in images.items()}, "cases": cases}
path = Path(__file__).parent / "fixtures" / "transforms.json"
path.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
print(f"{len(cases)} cases, {path.stat().st_size} bytes")
