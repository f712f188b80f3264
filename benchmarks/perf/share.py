"""The share of a core's convolution speed that a GAN's step and the feature pass reach, by operations counted and CPU
seconds.

    python benchmarks/perf/share.py [--images 16] [--steps 6] [--rounds 5]

The speed that they are measured by is that of the fastest of some 3x3 convolutions, channels last, in the same
precision and the same run. The GAN is that of step.py, the feature network Inception v3 with random weights. Only
products are counted: convolutions, their gradients and linear layers, as torch.utils.flop_counter does.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from metrics import CPU, blobs, random_weights
from rounds import alternate, machine
from step import genbench_step, repeat
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from genbench.metrics.features import extract
from genbench.metrics.inception_v3 import InceptionV3

CONVOLUTIONS = [(64, 64), (128, 32), (256, 16), (512, 8)]
"""Channels, the same in and out, and height and width."""
BATCH = 8
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}

Work = Callable[[], object]


def main(words: Sequence[str] | None = None) -> None:
    """Print billions of operations per second and the share of the peak, for both precisions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, default=16, help="through the feature network in a round")
    parser.add_argument("--steps", type=int, default=6, help="of the GAN in a round")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args(words)
    torch.set_num_threads(1)
    print(f"{machine()}, {arguments.rounds} rounds")
    print("precision  work                     Gop/s  share")
    with tempfile.TemporaryDirectory() as folder:
        network = InceptionV3(random_weights(Path(folder) / "inception.pth")).eval()
    images = blobs(arguments.images, 0)
    for precision in PRECISIONS:
        work: dict[str, Work] = {
            f"convolution {channels}x{size}x{size}": convolution(channels, size, precision)
            for channels, size in CONVOLUTIONS
        }
        work["GAN step"] = partial(repeat, genbench_step("gan", precision), arguments.steps)
        work["feature pass"] = partial(extract, network, images, precision=precision, device=CPU)
        counts = {name: operations(call) for name, call in work.items()}
        speeds = {
            name: counts[name] / outcome.usual / 1e9 for name, outcome in alternate(work, arguments.rounds).items()
        }
        peak = max(speed for name, speed in speeds.items() if name.startswith("convolution"))
        for name, speed in speeds.items():
            print(f"{precision:9}  {name:22} {speed:7.1f}  {100 * speed / peak:4.0f} %", flush=True)


def convolution(channels: int, size: int, precision: str) -> Work:
    """One 3x3 convolution, channels last in memory, its weights laid out once."""
    layer = (
        nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        .to(PRECISIONS[precision])
        .to(memory_format=torch.channels_last)
    )
    images = torch.randn(BATCH, channels, size, size).to(PRECISIONS[precision], memory_format=torch.channels_last)

    def call() -> None:
        with torch.no_grad():
            layer(images)

    return call


def operations(work: Work) -> int:
    """Additions and multiplications of all products."""
    with FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())


if __name__ == "__main__":
    main()
