"""How much faster features and image metrics are than torch-fidelity's at equal numbers, with random weights.

    python benchmarks/perf/metrics.py [--images 64] [--rounds 3]

Random images of 32x32; with --images 2000 the run takes about half an hour, and the ratio is hardly another. `fid`,
`is` and `kid` go from two folders of PNG files to the numbers, with nothing cached on either side, once. Features in
bf16 are another number, for progress curves only: what `fid_approximate` looks at.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from PIL import Image
from rounds import Outcome, alternate, faster, machine
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torch_fidelity import calculate_metrics
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from genbench.config.settings import FeatureSettings
from genbench.contract import registry
from genbench.contract.metric import Evaluation
from genbench.metrics.features import extract
from genbench.metrics.inception_v3 import InceptionV3

NAMES = {"fid": "frechet_inception_distance", "is": "inception_score_mean", "kid": "kernel_inception_distance_mean"}
CPU = torch.device("cpu")


def show(what: str, ours: Outcome, theirs: Outcome, difference: str) -> None:
    """One line of the table."""
    print(f"{what:<34} {theirs.usual:8.2f} s {ours.usual:8.2f} s   {faster(ours, theirs):<22} {difference}", flush=True)


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


def feature_pass(weights: Path, images: Tensor, rounds: int) -> dict[str, Outcome]:
    """The pass over the images, each side with the batch that it chooses by default."""
    plain = FeatureExtractorInceptionV3(
        "inception-v3-compat", ["2048", "logits_unbiased"], feature_extractor_weights_path=str(weights)
    )
    network = InceptionV3(weights).eval()
    parts = torch.split(images.permute(0, 3, 1, 2).contiguous(), 64)

    def theirs() -> Tensor:
        with torch.no_grad():
            return torch.cat([plain(part)[0] for part in parts])

    def ours(precision: str) -> Tensor:
        return extract(network, images, precision=precision, device=CPU).features

    return alternate(
        {"torch-fidelity": theirs, "fp32": partial(ours, "fp32"), "bf16": partial(ours, "bf16")}, rounds, warm_up=False
    )


def from_files(weights: Path, root: Path) -> dict[str, Outcome]:
    """fid, is and kid of root/train against root/test, from PNG files to numbers."""
    subset = min(1000, *(len(list(folder.iterdir())) for folder in (root / "train", root / "test")))

    def theirs() -> Mapping[str, float]:
        found = calculate_metrics(
            input1=str(root / "train"),
            input2=str(root / "test"),
            cuda=False,
            fid=True,
            isc=True,
            kid=True,
            kid_subset_size=subset,
            cache=False,
            save_cpu_ram=True,
            verbose=False,
            feature_extractor="inception-v3-compat",
            feature_extractor_weights_path=str(weights),
        )
        return {ours: found[name] for ours, name in NAMES.items()}

    def ours() -> Mapping[str, float]:
        with tempfile.TemporaryDirectory() as fresh:
            os.environ |= {"GENBENCH_CACHE": fresh, "GENBENCH_DATA": fresh}
            dataset = registry.load("datasets", "folder")
            splits = dataset.load(dataset.config(root=str(root)))
            evaluation = Evaluation(samples=splits.train, splits=splits, features=FeatureSettings(weights=str(weights)))
            return {name: registry.load("metrics", name).compute(evaluation) for name in NAMES}

    return alternate({"torch-fidelity": theirs, "genbench": ours}, 1, warm_up=False)


def main(words: Sequence[str] | None = None) -> None:
    """Print one line per comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, default=64, help="in each set of files")
    parser.add_argument("--rounds", type=int, default=3, help="of only the features, of at most 64 images")
    arguments = parser.parse_args(words)
    torch.set_num_threads(1)
    fake, real = blobs(arguments.images, 0), blobs(arguments.images, 1)
    print(f"{machine()}, {arguments.images} images of 32x32 in each set, {arguments.rounds} rounds of the features")
    print(f"{'':<34} {'torch-fidelity':>10} {'genbench':>8}   ratio (min to max)     difference")
    with tempfile.TemporaryDirectory() as folder:
        weights = random_weights(Path(folder) / "inception.pth")
        found = feature_pass(weights, fake[:64], arguments.rounds)
        theirs = found["torch-fidelity"]
        for precision in ("fp32", "bf16"):
            error = float((theirs.answer - found[precision].answer).norm() / theirs.answer.norm())
            show(f"features of one set, {precision}", found[precision], theirs, f"{error:.1e} relative")
        found = from_files(weights, files({"train": fake, "test": real}, Path(folder) / "images"))
        theirs, ours = found["torch-fidelity"], found["genbench"]
        show(
            "fid, is and kid from PNG files",
            ours,
            theirs,
            ", ".join(f"{name} {abs(theirs.answer[name] - ours.answer[name]):.1e}" for name in NAMES),
        )


def files(sets: Mapping[str, Tensor], root: Path) -> Path:
    """The root of a folder of PNG files for each set of uint8 images [n, h, w, 3]."""
    for name, images in sets.items():
        (root / name).mkdir(parents=True)
        for number, image in enumerate(images):
            Image.fromarray(image.numpy()).save(root / name / f"{number:05}.png")
    return root


if __name__ == "__main__":
    main()
