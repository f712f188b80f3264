"""`own-classifier`: a small network that genbench trains itself, on the labelled training images of the data set.

It sees images at their own size, where networks for photographs of 224 or 299 pixels see an enlarged blur, and costs a
hundredth of them. It is trained on the CPU, on one thread, from fixed seeds: on one kind of machine its weights are the
same bits every time. They are kept beside the features of real images, and their hash is in the protocol of every
number, with the share of held-out images that it recognises.

Data without labels are refused. Labels made up for them, as of rotations, would mean nothing for symmetrical pictures
(a zero, a shirt), and there would be no accuracy from which on such features are known to be good enough.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate, max_pool2d, relu

from genbench import files
from genbench.contract import streams
from genbench.contract.dataset import Splits
from genbench.contract.extractor import Extractor, Features, Learned
from genbench.contract.hooks import hookimpl
from genbench.errors import GenbenchError
from genbench.metrics.cache import Arrays, cached, path_of
from genbench.metrics.folding import fold

NAME = "own-classifier"
NUMERICS = 1
"""Raise it whenever the same images come to yield other weights."""
LEAST = 0.85
"""The share of held-out images that it must recognise: below, its features say too little."""
LARGEST, HALVED = 32, 16
"""Larger images are made smaller before the first layer, or after it."""
WIDTHS = (32, 64, 64, 128)
"""Channels of its layers; the last are its features, few enough for the covariance of a thousand samples."""
IMAGES, EPOCHS, BATCH = 120_000, 12, 128
"""It is trained on so many images, at most as often on each, and on so many at once."""
RATE, DECAY = 3e-3, 1e-2
"""Highest learning rate, after a tenth of the updates, and weight decay of AdamW."""
MEASURED = 512
"""Images in a pass when its accuracy is measured."""

logger = logging.getLogger("genbench")


class Classifier(nn.Module):
    """Four convolutions, the mean over the image, and a linear layer; without norms once they are folded."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        sizes = zip((3, *WIDTHS[:-1]), WIDTHS, strict=True)
        self.blocks = nn.ModuleList(
            nn.ModuleDict(
                {
                    "convolution": nn.Conv2d(before, after, 3, stride=stride, padding=1),
                    "norm": nn.BatchNorm2d(after),
                }
            )
            for (before, after), stride in zip(sizes, (1, 2, 1, 2), strict=True)
        )
        self.head = nn.Linear(WIDTHS[-1], classes)

    def forward(self, images: Tensor) -> Features:
        """The features of uint8 images [n, h, w, 3]."""
        maps = images.permute(0, 3, 1, 2).to(torch.float32).div(127.5).sub(1)
        side = max(maps.shape[2:])
        if side > LARGEST:
            maps = interpolate(maps, size=(LARGEST, LARGEST), mode="bilinear", antialias=True)
        for number, block in enumerate(self.blocks):
            assert isinstance(block, nn.ModuleDict)
            maps = relu(block["norm"](block["convolution"](maps)))
            if number == 0 and side > HALVED:
                maps = max_pool2d(maps, 2)
        pooled = maps.mean((2, 3))
        return Features(pooled.float(), self.head(pooled).float())


@hookimpl
def genbench_extractors() -> Iterable[Extractor]:
    """`own-classifier`."""
    return [
        Extractor(
            name=NAME,
            build=build,
            learn=learn,
            accepts=accepts,
            transform="x / 127.5 - 1; images above 32x32 antialiased bilinear to that; grey as RGB",
            about=(
                f"four convolutions trained by genbench on the data set's own labels, a minute or two, once:"
                f" {WIDTHS[-1]} pooled features; for images of 8 to 32 pixels; refused where it recognises fewer than"
                f" {LEAST:.0%} of the held-out images"
            ),
        )
    ]


def accepts(splits: Splits) -> str:
    """Why it cannot be trained on a data set, or an empty string."""
    if splits.train_labels is None or splits.test_labels is None:
        return "its images have no labels to learn from"
    return "" if len(splits.train_labels.unique()) > 1 else "its images are of one class: there is nothing to learn"


def learn(splits: Splits) -> Learned:
    """The file of weights for a data set, trained now unless it was before.

    Raises GenbenchError where it recognises too few held-out images, or where the file cannot be kept.
    """
    assert splits.train_labels is not None
    assert splits.test_labels is not None
    key = _key(splits)
    kept = cached(key, lambda: _trained(splits))
    accuracy, images = float(kept["accuracy"]), len(splits.test)
    if accuracy < LEAST:
        raise GenbenchError(
            f"{NAME} recognises {accuracy:.1%} of the {images:,} held-out images, and with fewer than {LEAST:.0%} its"
            " features say too little; use features=efficientnet-lite0, or another of genbench list extractors"
        )
    path = path_of(key)
    if not path.is_file():
        raise GenbenchError(
            f"the weights of {NAME} cannot be kept in {path.parent}; set GENBENCH_CACHE to a folder with room"
        )
    return Learned(path, f"trained on {len(splits.train):,} images, recognises {accuracy:.2%} of {images:,} held out")


def build(weights: Path) -> Classifier:
    """The network with the weights in a file of its own, its norms folded."""
    with files.reading(weights) as file, np.load(file, allow_pickle=False) as archive:
        arrays = {name: torch.from_numpy(archive[name]) for name in archive.files if name not in ("key", "accuracy")}
    network = _folded(Classifier(len(arrays["head.bias"])))
    network.load_state_dict(arrays)
    return network


def fit(images: Tensor, labels: Tensor) -> Classifier:
    """A classifier of uint8 images [n, h, w, c] with labels [n] from 0 upwards, its norms folded; the same bits every
    time on one kind of CPU.
    """
    with _alone():
        torch.manual_seed(streams.seed_of(0, NAME, "init"))
        network = Classifier(int(labels.max()) + 1).to(memory_format=torch.channels_last).train()
        epochs = max(1, min(EPOCHS, IMAGES // len(images)))
        batch = min(BATCH, len(images))
        updates = epochs * (len(images) // batch)
        optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
        rates = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=max(2, updates), pct_start=0.1)
        for epoch in range(epochs):
            order = torch.randperm(len(images), generator=streams.generator(0, NAME, "order", epoch))
            for rows in order[: len(images) // batch * batch].split(batch):
                loss = cross_entropy(network(images[rows].expand(-1, -1, -1, 3)).logits, labels[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                rates.step()
        return _folded(network)


def accuracy_of(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The share of images whose label is the most likely one, 0 to 1."""
    with torch.no_grad():
        found = [network(part.expand(-1, -1, -1, 3)).logits.argmax(1) for part in images.split(MEASURED)]
    return float((torch.cat(found) == labels).double().mean())


def _trained(splits: Splits) -> Arrays:
    train, test = (_ranked(labels, splits) for labels in (splits.train_labels, splits.test_labels))
    logger.info("%s is trained on %s images, which takes a minute or two, once", NAME, f"{len(train):,}")
    network = fit(splits.train, train)
    accuracy = accuracy_of(network, splits.test, test)
    logger.info("%s recognises %.2f %% of the held-out images", NAME, 100 * accuracy)
    weights = {name: value.detach().numpy() for name, value in network.state_dict().items()}
    return {**weights, "accuracy": np.array(accuracy)}


def _ranked(labels: Tensor | None, splits: Splits) -> Tensor:
    """Labels as the ranks of those of the training images; one that is only held out has none, -1."""
    assert labels is not None
    assert splits.train_labels is not None
    known = splits.train_labels.unique()
    ranks = torch.searchsorted(known, labels).clamp_max(len(known) - 1)
    return ranks.where(known[ranks] == labels, -1)


def _key(splits: Splits) -> dict[str, str | int]:
    """Everything that the weights depend on, and the accuracy."""
    digest = hashlib.sha256()
    for labels in (splits.train_labels, splits.test_labels):
        assert labels is not None
        digest.update(labels.numpy().tobytes())
    return {
        "kind": NAME,
        "content": splits.content,
        "labels": digest.hexdigest(),
        "numerics": NUMERICS,
        "torch": torch.__version__,
    }


def _folded(network: Classifier) -> Classifier:
    network.eval()
    fold(network, [("convolution", "norm")])
    return network


@contextmanager
def _alone() -> Iterator[None]:
    """One thread, whose sums have one order, deterministic kernels, gradients, and random numbers that nobody else
    draws from.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            yield
    finally:
        torch.set_num_threads(threads)
