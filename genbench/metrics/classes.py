"""`rarest_class`: whether the generator leaves a class of a labelled data set out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from genbench.contract.dataset import Splits
from genbench.contract.hooks import hookimpl
from genbench.contract.metric import Evaluation, Metric
from genbench.metrics import features
from genbench.metrics.fid import statistics

SHRINKAGE = 0.01
"""Of the covariance towards a multiple of the identity: it is singular where images are fewer than dimensions."""
SURE = 0.8
"""The share of real images that the classifier must classify correctly; if it does not, there is a warning."""


@hookimpl
def genbench_metrics() -> Iterable[Metric]:
    """`rarest_class`."""
    return [
        Metric(
            name="rarest_class",
            compute=rarest_class,
            better="higher",
            lowest=0,
            accepts=_labelled_images_only,
            about=(
                "share of the samples in the class that they fall into most rarely; 0: a class is left out; at best 1 /"
                " classes"
            ),
            source=(
                "linear discriminant analysis of the real images' features; Hastie et al. 2009, The Elements of"
                " Statistical Learning, section 4.3"
            ),
            against="split",
            features="fp32",
        )
    ]


@dataclass(frozen=True)
class Discriminant:
    """A linear classifier of features."""

    weights: Tensor
    """[d, classes]"""
    offsets: Tensor
    """[classes]"""

    def predict(self, rows: Tensor) -> Tensor:
        """The class of each of the rows [n, d]."""
        return (rows.double() @ self.weights + self.offsets).argmax(1)


def rarest_class(evaluation: Evaluation) -> float:
    """The share of the samples in the class that they are predicted to be in most rarely, 0 to 1 / classes.

    Warns when the classifier, fitted to one half of the real images, is wrong about more than a fifth of the other
    half.
    """
    labels = evaluation.reference_labels
    assert labels is not None
    real, fake = features.of_reference(evaluation, "fp32"), features.of_samples(evaluation, "fp32").features
    labels = labels.unique(return_inverse=True)[1]
    classes = int(labels.max()) + 1
    right = accuracy(real, labels, classes)
    if right < SURE:
        evaluation.warn(f"rarest_class: its classifier is right about only {right:.0%} of held-out real images")
    counts = fit(real, labels, classes).predict(fake).bincount(minlength=classes)
    return float(counts.min()) / len(fake)


def fit(rows: Tensor, labels: Tensor, classes: int) -> Discriminant:
    """The linear discriminant of features [n, d] with labels [n], all classes taken to be equally likely."""
    of_class = torch.nn.functional.one_hot(labels, classes).double()
    counts = of_class.sum(0)
    means = (of_class.T @ rows.double()) / counts.clamp_min(1).unsqueeze(1)
    within = statistics(rows - means.float()[labels]).covariance
    level = within.diagonal().mean().clamp_min(torch.finfo(torch.float32).eps)
    shrunk = (1 - SHRINKAGE) * within + SHRINKAGE * level * torch.eye(len(within), dtype=torch.float64)
    weights = torch.linalg.solve(shrunk, means.T)
    offsets = -(means * weights.T).sum(1) / 2
    return Discriminant(weights, offsets.masked_fill(counts == 0, -torch.inf))


def accuracy(rows: Tensor, labels: Tensor, classes: int) -> float:
    """The share of every other row that a discriminant fitted to the rest classifies correctly, 0 to 1."""
    return float((fit(rows[::2], labels[::2], classes).predict(rows[1::2]) == labels[1::2]).double().mean())


def _labelled_images_only(splits: Splits) -> str:
    return features.accepts_images(splits) or (
        "" if splits.train_labels is not None and splits.test_labels is not None else "its images have no labels"
    )
