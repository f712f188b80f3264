"""How much faster the image metrics are than torch-fidelity's at equal numbers, on one thread and with random weights.

python benchmarks/perf/metrics.py [--images 256] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import scipy.linalg
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torch_fidelity import calculate_metrics
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torch_fidelity.metric_fid import fid_statistics_to_metric

from genbench import plugins
from genbench.data.dataset import Splits
from genbench.metrics.features import extract
from genbench.metrics.fid import Statistics, frechet_distance, statistics
from genbench.metrics.inception_v3 import InceptionV3
from genbench.metrics.metric import Evaluation
from genbench.settings import FeatureSettings

NAMES = {"fid": "frechet_inception_distance", "is": "inception_score_mean", "kid": "kernel_inception_distance_mean"}
CPU = torch.device("cpu")


class Images(torch.utils.data.Dataset[Tensor]):
    """Images [n, h, w, 3] as torch-fidelity takes them."""

    def __init__(self, images: Tensor) -> None:
        self.images = images.permute(0, 3, 1, 2).contiguous()

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        return self.images[index]


class Compared(NamedTuple):
    """CPU seconds of both sides, round by round, and what they found: both use one thread, and others on the machine do not count."""

    theirs: list[float]
    ours: list[float]
    answers: tuple[Any, Any]

    @property
    def ratio(self) -> float:
        """The median over the rounds of how many times faster ours is."""
        return median(one / other for one, other in zip(self.theirs, self.ours, strict=True))


def compare(theirs: Callable[[], Any], ours: Callable[[], Any], rounds: int) -> Compared:
    """Run both in turn, so that a machine that slows down slows both."""
    seconds: tuple[list[float], list[float]] = ([], [])
    answers: list[Any] = [None, None]
    for _ in range(rounds):
        for side, call in enumerate((theirs, ours)):
            began = time.process_time()
            answers[side] = call()
            seconds[side].append(time.process_time() - began)
    return Compared(*seconds, answers=(answers[0], answers[1]))


def show(what: str, against: str, found: Compared, error: str) -> None:
    """One line of the table."""
    print(f"{what:<34} {against:<16} {median(found.theirs):8.2f} s {median(found.ours):8.2f} s {found.ratio:6.2f}x   {error}", flush=True)


def blobs(count: int, seed: int) -> Tensor:
    """uint8 images [count, 32, 32, 3] of coarse blobs and fine noise."""
    generator = torch.Generator().manual_seed(seed)
    coarse = interpolate(torch.rand(count, 3, 4, 4, generator=generator), size=32, mode="bilinear")
    mixed = 0.7 * coarse + 0.3 * torch.rand(count, 3, 32, 32, generator=generator)
    return (255 * mixed).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def random_weights(path: Path) -> Path:
    """A file of weights under which activations neither vanish nor explode."""

    class Blank(FeatureExtractorInceptionV3):  # type: ignore[misc]
        def load_state_dict(self, *_: Any, **__: Any) -> None:
            return None

    torch.manual_seed(0)
    torch.save({}, path)
    network = Blank("inception-v3-compat", ["2048"], feature_extractor_weights_path=str(path))
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    torch.save(network.state_dict(), path)
    return path


def feature_pass(weights: Path, images: Tensor, rounds: int) -> Compared:
    """The pass over the images, each side with the batch that it chooses by default."""
    plain = FeatureExtractorInceptionV3("inception-v3-compat", ["2048", "logits_unbiased"], feature_extractor_weights_path=str(weights))
    network = InceptionV3(weights).eval()
    parts = torch.split(images.permute(0, 3, 1, 2).contiguous(), 64)

    def theirs() -> Tensor:
        with torch.no_grad():
            return torch.cat([plain(part)[0] for part in parts])

    return compare(theirs, lambda: extract(network, images, precision="fp32", device=CPU).features, rounds)


def whole(weights: Path, fake: Tensor, real: Tensor, rounds: int) -> Compared:
    """fid, is and kid of two fresh sets of images, from pixels to numbers."""
    subset = min(1000, len(fake), len(real))

    def theirs() -> Mapping[str, float]:
        found = calculate_metrics(
            input1=Images(fake), input2=Images(real), cuda=False, fid=True, isc=True, kid=True, kid_subset_size=subset, cache=False,
            save_cpu_ram=True, verbose=False, feature_extractor="inception-v3-compat", feature_extractor_weights_path=str(weights),
        )  # fmt: skip
        return {ours: found[name] for ours, name in NAMES.items()}

    def ours() -> Mapping[str, float]:
        with tempfile.TemporaryDirectory() as fresh:
            os.environ["GENBENCH_CACHE"] = fresh
            looked_at = Evaluation(samples=fake, splits=Splits(train=real, test=real), features=FeatureSettings(weights=str(weights)))
            return {name: plugins.load("metrics", name).compute(looked_at) for name in NAMES}

    return compare(theirs, ours, rounds)


def distances(rounds: int) -> tuple[Compared, Compared]:
    """The Fréchet distance of two full-rank Gaussians in 2048 dimensions, against torch-fidelity and against scipy."""
    generator = torch.Generator().manual_seed(0)
    scale = torch.logspace(0, -2, 2048)
    one, other = (statistics(torch.randn(6000, 2048, generator=generator) * scale + shift) for shift in (0.0, 0.01))
    plain = [{"mu": part.mean.numpy(), "sigma": part.covariance.numpy()} for part in (one, other)]

    def fidelity() -> float:
        return float(fid_statistics_to_metric(*plain, verbose=False)[NAMES["fid"]])

    def scipys() -> float:
        root = scipy.linalg.sqrtm(plain[0]["sigma"] @ plain[1]["sigma"])
        return float(((one.mean - other.mean) ** 2).sum() + one.covariance.trace() + other.covariance.trace() - 2 * np.trace(root).real)

    def ours() -> float:
        return frechet_distance(Statistics(*one), Statistics(*other))

    return compare(fidelity, ours, rounds), compare(scipys, ours, 1)


def main() -> None:
    """Print one line per comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=256, help="images in each set")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    fake, real = blobs(arguments.images, 0), blobs(arguments.images, 1)
    print(f"torch {torch.__version__}, one thread, {arguments.images} images of 32x32 in each set, CPU seconds, median of {arguments.rounds} rounds")
    print(f"{'':<34} {'against':<16} {'theirs':>10} {'ours':>10} {'ratio':>7}   difference")
    with tempfile.TemporaryDirectory() as folder:
        weights = random_weights(Path(folder) / "inception.pth")
        found = feature_pass(weights, fake, arguments.rounds)
        one, other = found.answers
        show("features of one set", "torch-fidelity", found, f"{float((one - other).norm() / one.norm()):.1e} relative")
        for against, found in zip(("torch-fidelity", "scipy"), distances(arguments.rounds), strict=True):
            show("Fréchet distance, 2048 dimensions", against, found, f"{abs(found.answers[0] - found.answers[1]):.1e}")
        found = whole(weights, fake, real, max(1, arguments.rounds // 3))
        theirs, ours = found.answers
        show("fid, is and kid, both sets fresh", "torch-fidelity", found, ", ".join(f"{name} {abs(theirs[name] - ours[name]):.1e}" for name in NAMES))


if __name__ == "__main__":
    main()
