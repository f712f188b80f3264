"""Nearest training images of samples, exactly, in pixel space: does the generator copy?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from genbench.data.dataset import Splits
from genbench.errors import DataError
from genbench.hooks import hookimpl
from genbench.metrics.metric import Evaluation, Metric
from genbench.pictures import grid, stack

if TYPE_CHECKING:
    from PIL.Image import Image

NEIGHBOURS = 5
"""Training images beneath each sample of the picture."""
SHOWN = 20
"""Samples in the picture."""
QUERY_ROWS, REFERENCE_ROWS = 1024, 1024
"""Images compared at once: few enough for their distances to stay in the cache."""
DEPTH = 1024
"""Pixels multiplied at once: products of values from -128 to 127 are at most 2^14, so that a sum of 2^10 is exact in fp32."""

FIGURE = "Generative Ratio Matching Networks, Figure 4"


@hookimpl
def genbench_metrics() -> Iterable[Metric]:
    """The distance of samples to the training images, and that of held-out images to compare it with."""
    return [
        Metric(
            name="neighbour_distance",
            compute=neighbour_distance,
            better="neither",
            against="train",
            accepts=_images_only,
            about="median distance of a sample to the nearest training image, grey levels; far below neighbour_distance_heldout means copies",
            source=FIGURE,
            picture=picture,
        ),
        Metric(
            name="neighbour_distance_heldout",
            compute=neighbour_distance_heldout,
            better="neither",
            against="train",
            accepts=_heldout_images_only,
            about="median distance of a held-out image to the nearest training image, grey levels",
        ),
    ]


def neighbour_distance(evaluation: Evaluation) -> float:
    """The median over the samples of the distance to the nearest training image, 0 to 255."""
    return _median(_neighbours(evaluation)[0][:, 0])


def neighbour_distance_heldout(evaluation: Evaluation) -> float:
    """The median over held-out images, at most as many as samples, of the distance to the nearest training image, 0 to 255."""
    heldout = evaluation.splits.test[: len(evaluation.samples)]
    return _median(nearest(heldout, evaluation.splits.train, 1)[0])


def picture(evaluation: Evaluation) -> Image:
    """Samples in the top row and under each, nearest first, its nearest training images (the paper's Figure 4)."""
    samples = evaluation.samples[:SHOWN]
    indices = _neighbours(evaluation)[1][:SHOWN]
    below = evaluation.splits.train[indices.T.flatten()]
    return stack(grid(samples, columns=len(samples)), grid(below, columns=len(samples)))


def nearest(queries: Tensor, references: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Distances [n, k] of uint8 images [n, ...] to the k nearest of the references [m, ...], nearest first, and their indices [n, k].

    A distance is the root mean square difference of two images' pixels in grey levels, 0 to 255, fp64. The neighbours
    are exact; of equally near ones the lowest index comes first. Memory does not grow with m.
    """
    if queries.dtype != torch.uint8 or references.dtype != torch.uint8 or queries.shape[1:] != references.shape[1:]:
        found = " and ".join(f"{images.dtype} {tuple(images.shape)}" for images in (queries, references))
        raise DataError(f"nearest images were sought among {found}: both must be torch.uint8, with images of one shape")
    if not 1 <= k <= len(references):
        raise DataError(f"the {k} nearest of {len(references)} images were sought: ask for 1 to {len(references)}")
    queries, references = queries.flatten(1), references.flatten(1)
    parts = [_nearest(part, references, k) for part in torch.split(queries, QUERY_ROWS)]
    squared, indices = (torch.cat(column) for column in zip(*parts, strict=True))
    return (squared / queries.shape[1]).sqrt(), indices


def _nearest(queries: Tensor, references: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Squared distances [n, k] and indices [n, k] of the k nearest rows."""
    squared = queries.new_empty(len(queries), 0, dtype=torch.float64)
    indices = queries.new_empty(len(queries), 0, dtype=torch.int64)
    for start in range(0, len(references), REFERENCE_ROWS):
        more_squared, more_indices = _nearest_of_block(queries, references[start : start + REFERENCE_ROWS], k)
        squared = torch.cat([squared, more_squared], dim=1)
        indices = torch.cat([indices, more_indices + start], dim=1)
        # Stable: of equals the one found earlier, whose index is lower, stays in front.
        squared, order = squared.sort(dim=1, stable=True)
        squared, indices = squared[:, :k], indices.gather(1, order[:, :k])
    return squared, indices


def _nearest_of_block(queries: Tensor, references: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Squared distances [n, k'] and indices [n, k'] of the k' = min(k, m) nearest of at most REFERENCE_ROWS rows.

    |q - p|² = |q|² - 2 q·p + |p|², of pixels shifted by 128. The keys |p|² - 2 q·p are integers; scaled by REFERENCE_ROWS
    they leave room for the index, so that no two are equal and the lower index wins. All of it is exact in fp64.
    """
    own = torch.zeros(len(queries), dtype=torch.float64, device=queries.device)
    keys = torch.zeros(len(queries), len(references), dtype=torch.float64, device=queries.device)
    keys += torch.arange(len(references), device=queries.device)
    for q, p in zip(torch.split(queries, DEPTH, dim=1), torch.split(references, DEPTH, dim=1), strict=True):
        q, p = q.to(torch.float32).sub_(128), p.to(torch.float32).sub_(128)
        own += q.square().sum(1)
        keys.add_(p.square().sum(1), alpha=REFERENCE_ROWS).add_(q @ p.T, alpha=-2 * REFERENCE_ROWS)
    keys, indices = keys.topk(min(k, len(references)), dim=1, largest=False)
    return (keys - indices) / REFERENCE_ROWS + own.unsqueeze(1), indices


def _neighbours(evaluation: Evaluation) -> tuple[Tensor, Tensor]:
    train = evaluation.splits.train
    found: tuple[Tensor, Tensor] = evaluation.once("neighbours.train", lambda: nearest(evaluation.samples, train, min(NEIGHBOURS, len(train))))
    return found


def _median(distances: Tensor) -> float:
    return float(distances.flatten().quantile(0.5))


def _images_only(splits: Splits) -> str:
    return "" if splits.is_images else "it holds vectors: nearest neighbours are sought among images"


def _heldout_images_only(splits: Splits) -> str:
    return _images_only(splits) or ("" if len(splits.test) else "it has no held-out images")
