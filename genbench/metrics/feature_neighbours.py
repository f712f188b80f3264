"""Nearest training images of samples in feature space, and the ratios that compare samples with held-out images: does
the generator copy?
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from genbench.contract.hooks import hookimpl
from genbench.contract.metric import Evaluation, Metric
from genbench.errors import DataError
from genbench.metrics import features
from genbench.metrics.neighbours import (
    FIGURE,
    NEIGHBOURS,
    figure,
    heldout_images_only,
    median,
    neighbour_distance,
    neighbour_distance_heldout,
)

if TYPE_CHECKING:
    from PIL.Image import Image

QUERY_ROWS, REFERENCE_ROWS = 1024, 1024
"""Features compared at once: in fp64, 2048 of each image, two such blocks take 32 MB."""


@hookimpl
def genbench_metrics() -> Iterable[Metric]:
    """How far samples are from the training images, in units of how far held-out images are: of pixels and of
    features.
    """
    return [
        Metric(
            name="neighbour_ratio",
            compute=neighbour_ratio,
            better="neither",
            against="train",
            accepts=heldout_images_only,
            about=(
                "neighbour_distance / neighbour_distance_heldout: about 1 when samples are as far from training images"
                " as held-out ones; far below: copies"
            ),
        ),
        Metric(
            name="neighbour_feature_ratio",
            compute=neighbour_feature_ratio,
            better="neither",
            against="train",
            accepts=features.accepts_images,
            about=(
                "neighbour_ratio between features; not a default metric: the first time, features of all training"
                " images are computed, which takes minutes"
            ),
            source=FIGURE,
            features="fp32",
            picture=picture,
        ),
    ]


def neighbour_ratio(evaluation: Evaluation) -> float:
    """neighbour_distance / neighbour_distance_heldout, of pixels; NaN and a warning where the latter is 0."""
    return _ratio(evaluation, "neighbour_ratio", neighbour_distance(evaluation), neighbour_distance_heldout(evaluation))


def neighbour_feature_ratio(evaluation: Evaluation) -> float:
    """The median distance of a sample's features to the nearest training image's, divided by that of held-out images.

    Of held-out images at most as many as samples are measured. NaN and a warning where their distance is 0.
    """
    return _ratio(
        evaluation,
        "neighbour_feature_ratio",
        median(sample_distances(evaluation)),
        median(heldout_distances(evaluation)),
    )


def picture(evaluation: Evaluation) -> Image:
    """Samples in the top row and under each, nearest first, the training images whose features are nearest (the paper's
    Figure 4).
    """
    return figure(evaluation, _neighbours(evaluation)[1])


def nearest(queries: Tensor, references: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Euclidean distances [n, k] of rows [n, d] to the k nearest of the references [m, d], nearest first, fp64, and
    their indices [n, k].

    Which are the nearest is decided by squared distances whose rounding is below d 2⁻⁵² (|q| + |p|)², 5·10⁻¹³ of it for
    d = 2048 and fp32 rows. The distances returned are computed again from the differences, to a relative d 2⁻⁵²: a
    row's own copy is at 0. Equally distant ones come in the order of their indices. Memory does not grow with m.
    """
    if queries.shape[1:] != references.shape[1:]:
        raise DataError(
            f"nearest rows were searched among {tuple(queries.shape)} and {tuple(references.shape)}: both must have as"
            " many columns"
        )
    if not 1 <= k <= len(references):
        raise DataError(f"the {k} nearest of {len(references)} rows were asked for: ask for 1 to {len(references)}")
    lowest = torch.full((len(queries), k), torch.inf, dtype=torch.float64)
    indices = torch.zeros(len(queries), k, dtype=torch.int64)
    for start in range(0, len(references), REFERENCE_ROWS):
        block = references[start : start + REFERENCE_ROWS].double()
        squares = block.square().sum(1)
        places = torch.arange(start, start + len(block))
        for q, lowest_of_q, indices_of_q in zip(
            queries.split(QUERY_ROWS), lowest.split(QUERY_ROWS), indices.split(QUERY_ROWS), strict=True
        ):
            # |q - p|² = |q|² + |p|² - 2 q·p, and |q|² makes no difference to the order.
            values = torch.cat([lowest_of_q, torch.addmm(squares, q.double(), block.T, alpha=-2)], dim=1)
            found = torch.cat([indices_of_q, places.expand(len(q), -1)], dim=1)
            kept = values.topk(k, dim=1, largest=False).indices
            lowest_of_q.copy_(values.gather(1, kept))
            indices_of_q.copy_(found.gather(1, kept))
    indices = indices.sort(dim=1).values
    distances = torch.stack([_distances(queries, references, column) for column in indices.unbind(1)], dim=1)
    # Stable: of equals the lower index stays in front.
    distances, order = distances.sort(dim=1, stable=True)
    return distances, indices.gather(1, order)


def sample_distances(evaluation: Evaluation) -> Tensor:
    """The distance [n] of every sample's features to those of the nearest training image."""
    return _neighbours(evaluation)[0][:, 0]


def heldout_distances(evaluation: Evaluation) -> Tensor:
    """The distance of the features of the first held-out images, at most as many as samples, to those of the nearest
    training image.
    """

    def search() -> Tensor:
        heldout = features.of_split(evaluation, "test", "fp32")[: len(evaluation.samples)]
        return nearest(heldout, features.of_split(evaluation, "train", "fp32"), 1)[0][:, 0]

    found: Tensor = evaluation.once("feature_neighbours.heldout", search)
    return found


def _distances(queries: Tensor, references: Tensor, indices: Tensor) -> Tensor:
    """The distances [n] of rows [n, d] to one reference each, from their differences, fp64."""
    pairs = zip(queries.split(QUERY_ROWS), indices.split(QUERY_ROWS), strict=True)
    return torch.cat([(q.double() - references[index].double()).square().sum(1).sqrt() for q, index in pairs])


def _neighbours(evaluation: Evaluation) -> tuple[Tensor, Tensor]:
    def search() -> tuple[Tensor, Tensor]:
        train = features.of_split(evaluation, "train", "fp32")
        return nearest(features.of_samples(evaluation, "fp32").features, train, min(NEIGHBOURS, len(train)))

    found: tuple[Tensor, Tensor] = evaluation.once("feature_neighbours.train", search)
    return found


def _ratio(evaluation: Evaluation, name: str, samples: float, heldout: float) -> float:
    if heldout == 0:
        evaluation.warn(
            f"{name}: half of the held-out images are at distance 0 from the training images, so that there is nothing"
            " to compare with"
        )
        return math.nan
    return samples / heldout
