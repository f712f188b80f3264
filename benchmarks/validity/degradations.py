"""Whether distances between features rank images that are worse and worse in order, on real images at 16x16.

python benchmarks/validity/degradations.py [RESULTS] [--fashion FOLDER]

One half of the training images is called the training set, the other half gives fresh images, which are degraded step
by step and compared with the held-out ones. Writes degradations.csv and degradations.png.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import pandas as pd
import torch
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

from genbench.config.settings import FeatureSettings
from genbench.contract import registry, streams
from genbench.contract.dataset import Splits
from genbench.contract.metric import Evaluation
from genbench.metrics import features

DRAWS = 2
"""Of fresh images and of what is random about a degradation."""
IMAGES = 2_000
"""Degraded images, at most; digits have 718."""
METRICS = ("fid", "mind", "copies")
SIZE = 16


class Fresh(NamedTuple):
    """What degradations are made of."""

    images: Tensor
    """Never seen in training, [n, h, w, c]."""
    labels: Tensor
    train: Tensor
    """The training set, which is copied from."""


Degrade = Callable[[Fresh, float, torch.Generator], Tensor]


def blurred(fresh: Fresh, sigma: float, _: torch.Generator) -> Tensor:
    """A Gaussian of so many pixels."""
    maps: Tensor = gaussian_blur(fresh.images.permute(0, 3, 1, 2).float(), [9, 9], [sigma, sigma])
    return maps.round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def noisy(fresh: Fresh, std: float, random: torch.Generator) -> Tensor:
    """Gaussian noise of so many grey levels."""
    noise = torch.randn(fresh.images.shape, generator=random)
    return (fresh.images + std * noise).round().clamp(0, 255).to(torch.uint8)


def left_out(fresh: Fresh, classes: float, random: torch.Generator) -> Tensor:
    """So many classes, the first, are replaced by images of the others."""
    kept = (fresh.labels >= classes).nonzero().squeeze(1)
    others = kept[torch.randint(len(kept), (len(fresh.images),), generator=random)]
    return fresh.images[torch.where(fresh.labels >= classes, torch.arange(len(fresh.images)), others)]


def collapsed(fresh: Fresh, share: float, random: torch.Generator) -> Tensor:
    """A share of the images is replaced by one and the same."""
    chosen = torch.rand(len(fresh.images), generator=random) < share
    return torch.where(chosen.view(-1, 1, 1, 1), fresh.images[:1], fresh.images)


def few(fresh: Fresh, distinct: float, random: torch.Generator) -> Tensor:
    """All images are copies of so many distinct training images."""
    return fresh.train[torch.randint(int(distinct), (len(fresh.images),), generator=random)]


def copied(fresh: Fresh, share: float, random: torch.Generator) -> Tensor:
    """A share of the images is replaced by training images."""
    chosen = torch.rand(len(fresh.images), generator=random) < share
    copies = fresh.train[torch.randint(len(fresh.train), (len(fresh.images),), generator=random)]
    return torch.where(chosen.view(-1, 1, 1, 1), copies, fresh.images)


DEGRADATIONS: Mapping[str, tuple[Degrade, tuple[float, ...], str]] = {
    "blur": (blurred, (0.4, 0.6, 0.9, 1.4), "standard deviation, pixels"),
    "noise": (noisy, (8, 16, 32, 64), "standard deviation, grey levels"),
    "classes left out": (left_out, (1, 2, 4, 7), "of 10 classes"),
    "mode collapse": (collapsed, (0.05, 0.15, 0.4, 0.8), "share that is one image"),
    "few images memorised": (few, (300, 100, 30, 10), "distinct training images"),
    "copies": (copied, (0.2, 0.4, 0.7, 1.0), "share copied from the training set"),
}
"""Name to how it is done, its strengths from weak to strong, and what these are."""
COPYING = ("few images memorised", "copies")
"""Those in which training images are copied."""


def scored(dataset: str, splits: Splits, draws: int, images: int) -> Iterator[dict[str, object]]:
    """A row for every degradation, strength, draw and metric of one data set; strength 0 is none at all."""
    settings = FeatureSettings(name="own-classifier")
    chosen = features.choose(settings, splits)
    print(f"{dataset}: {chosen.weights.learned}", flush=True)
    assert splits.train_labels is not None
    half = len(splits.train) // 2
    training = replace(splits, train=splits.train[:half], train_labels=splits.train_labels[:half], known_content="")
    for draw in range(draws):
        order = torch.randperm(len(splits.train) - half, generator=streams.generator(draw, "fresh"))[:images] + half
        fresh = Fresh(splits.train[order], splits.train_labels[order], training.train)
        for name, (degrade, strengths, _) in DEGRADATIONS.items():
            for step, strength in enumerate((0.0, *strengths)):
                random = streams.generator(draw, name, step)
                evaluation = Evaluation(
                    samples=degrade(fresh, strength, random) if step else fresh.images,
                    splits=training,
                    dataset=dataset,
                    features=settings,
                )
                # The network of the whole training set, whose features are no worse for knowing the fresh images.
                evaluation._memory["features.chosen"] = chosen
                for metric in METRICS:
                    value = registry.load("metrics", metric).compute(evaluation)
                    yield {
                        "dataset": dataset,
                        "degradation": name,
                        "step": step,
                        "strength": strength,
                        "draw": draw,
                        "metric": metric,
                        "value": value,
                    }
        print(f"{dataset}: draw {draw + 1} of {draws}", flush=True)


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Of every data set, degradation and metric: the share of draws whose values rise with every step."""
    wide = rows.pivot_table(index=["dataset", "degradation", "metric", "draw"], columns="step", values="value")
    rising = (wide.diff(axis=1).iloc[:, 1:] > 0).all(axis=1)
    return rising.groupby(["dataset", "degradation", "metric"]).mean().unstack("metric")


def draw_figure(rows: pd.DataFrame, path: Path) -> None:
    """A row of panels for each data set, a panel for each degradation: every metric relative to its highest value."""
    import matplotlib.pyplot as plt

    names, sets = list(DEGRADATIONS), list(dict.fromkeys(rows["dataset"]))
    size = (2.3 * len(names), 2.5 * len(sets))
    figure, axes = plt.subplots(len(sets), len(names), figsize=size, squeeze=False, sharey=True)
    for dataset, line in zip(sets, axes, strict=True):
        for name, panel in zip(names, line, strict=True):
            own = rows[(rows["dataset"] == dataset) & (rows["degradation"] == name)]
            # Of fresh images no share is copied: nothing to draw on a logarithmic axis.
            for metric, marker in zip(METRICS[: 3 if name in COPYING else 2], "osx", strict=False):
                values = own[own["metric"] == metric].groupby("step")["value"]
                whole = own[own["metric"] == metric]["value"].max()
                middle, low, high = values.mean() / whole, values.min() / whole, values.max() / whole
                spread = [middle - low, high - middle]
                panel.errorbar(
                    middle.index, middle.where(middle > 0), yerr=spread, marker=marker, markersize=4, label=metric
                )
            panel.set_yscale("log")
            panel.set_xticks(range(5), ["0", *(f"{strength:g}" for strength in DEGRADATIONS[name][1])], fontsize=7)
            panel.set_title(f"{name}\n{dataset}", fontsize=8)
            panel.set_xlabel(DEGRADATIONS[name][2], fontsize=7)
            panel.tick_params(axis="y", labelsize=7)
        line[0].set_ylabel("relative to the highest", fontsize=7)
    axes[0][-1].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    """Score, draw and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="?", default=Path("results/validity"))
    parser.add_argument("--fashion", help="a folder with Fashion-MNIST; without it only digits")
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--images", type=int, default=IMAGES)
    arguments = parser.parse_args()
    mpl.use("Agg")
    wanted: dict[str, dict[str, str]] = {"digits": {}}
    if arguments.fashion:
        wanted["fashion-mnist"] = {"root": arguments.fashion}
    rows: list[dict[str, object]] = []
    for name, settings in wanted.items():
        dataset = registry.load("datasets", name)
        splits = dataset.load(dataset.config(size=SIZE, **settings))
        rows += scored(name, splits, arguments.draws, arguments.images)
    table = pd.DataFrame(rows)
    arguments.results.mkdir(parents=True, exist_ok=True)
    table.to_csv(arguments.results / "degradations.csv", index=False, float_format="%.6g")
    draw_figure(table, arguments.results / "degradations.png")
    print(in_order(table).to_string())


if __name__ == "__main__":
    main()
