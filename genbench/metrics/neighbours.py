"""Nearest training images of samples, exactly, in pixel space: does the generator copy?"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from genbench.contract.dataset import Splits
from genbench.contract.hooks import hookimpl
from genbench.contract.metric import Evaluation, Metric
from genbench.data.pictures import grid, stack
from genbench.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

NEIGHBOURS = 5
"""Training images below each sample of the picture."""
SHOWN = 20
"""Samples in the picture."""
QUERY_ROWS, REFERENCE_ROWS = 1024, 1024
"""Images compared at once: few enough for their distances to stay in the cache."""
DEPTH = 1024
"""Pixels multiplied at once in fp32: products of values from -128 to 127 are at most 2^14, so that a sum of 2^10 is
exact."""
INTEGER_DEPTH = 2**15
"""Pixels multiplied at once in integers: a sum of so many products stays far below 2^31."""

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
            about=(
                "median distance of a sample to the nearest training image, grey levels; far below"
                " neighbour_distance_heldout means copies"
            ),
            source=FIGURE,
            picture=picture,
        ),
        Metric(
            name="neighbour_distance_heldout",
            compute=neighbour_distance_heldout,
            better="neither",
            against="train",
            accepts=heldout_images_only,
            about="median distance of a held-out image to the nearest training image, grey levels",
        ),
    ]


def neighbour_distance(evaluation: Evaluation) -> float:
    """The median over the samples of the distance to the nearest training image, 0 to 255."""
    return median(sample_distances(evaluation))


def neighbour_distance_heldout(evaluation: Evaluation) -> float:
    """The median over held-out images, at most as many as samples, of the distance to the nearest training image, 0 to
    255.
    """
    return median(heldout_distances(evaluation))


def picture(evaluation: Evaluation) -> Image:
    """Samples in the top row and under each, nearest first, its nearest training images (the paper's Figure 4)."""
    return figure(evaluation, _neighbours(evaluation)[1])


def figure(evaluation: Evaluation, indices: Tensor) -> Image:
    """The first samples, and under each the training images that its row of the indices [n, k] names."""
    samples = evaluation.samples[:SHOWN]
    below = evaluation.splits.train[indices[:SHOWN].T.flatten()]
    return stack(grid(samples, columns=len(samples)), grid(below, columns=len(samples)))


def nearest(queries: Tensor, references: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Distances [n, k] of uint8 images [n, ...] to the k nearest of the references [m, ...], nearest first, and their
    indices [n, k].

    A distance is the root mean square difference of two images' pixels in grey levels, 0 to 255, fp64. The neighbours
    are exact; of equally near ones the lowest index comes first. Memory does not grow with m.
    """
    if queries.dtype != torch.uint8 or references.dtype != torch.uint8 or queries.shape[1:] != references.shape[1:]:
        found = " and ".join(f"{images.dtype} {tuple(images.shape)}" for images in (queries, references))
        raise DataError(f"nearest images were searched among {found}: both must be torch.uint8, of one image shape")
    if not 1 <= k <= len(references):
        raise DataError(f"the {k} nearest of {len(references)} images were asked for: ask for 1 to {len(references)}")
    pixels = _signed(queries)
    lowest = torch.full((len(pixels), k), torch.inf, dtype=torch.float64, device=pixels.device)
    indices = torch.zeros(len(pixels), k, dtype=torch.int64, device=pixels.device)
    for start in range(0, len(references), REFERENCE_ROWS):
        block = _signed(references[start : start + REFERENCE_ROWS])
        squares = _squares(block)
        for q, lowest_of_q, indices_of_q in zip(
            pixels.split(QUERY_ROWS), lowest.split(QUERY_ROWS), indices.split(QUERY_ROWS), strict=True
        ):
            # |q - p|² = |q|² + |p|² - 2 q·p, and |q|² makes no difference to the order.
            _improve(lowest_of_q, indices_of_q, _products(q, block).mul_(-2).add_(squares), start)
    return ((lowest + _squares(pixels).unsqueeze(1)) / pixels.shape[1]).sqrt(), indices


def _signed(images: Tensor) -> Tensor:
    """uint8 images [n, ...] as rows [n, pixels] of int8, 128 lower: their distances stay what they are."""
    return (images.flatten(1) ^ 128).view(torch.int8)


def _improve(lowest: Tensor, indices: Tensor, values: Tensor, start: int) -> None:
    """Merge a block's integer values [n, m], of the references from `start` on, into the lowest so far and their
    indices [n, k], in place.

    Of equal values the one found earlier stays in front. Within the block, values scaled by REFERENCE_ROWS leave room
    for the index, so that no two are equal and the lower index wins; fp64 holds all of them exactly.
    """
    k, m = lowest.shape[1], values.shape[1]
    # In most blocks most queries find nothing nearer, and their minimum costs far less than their k lowest.
    rows = (values.amin(1) < lowest[:, -1]).nonzero().squeeze(1)
    keys = values[rows] * REFERENCE_ROWS + torch.arange(m, device=values.device)
    keys, found = keys.topk(min(k, m), dim=1, largest=False)
    merged, order = torch.cat([lowest[rows], (keys - found) / REFERENCE_ROWS], dim=1).sort(dim=1, stable=True)
    lowest[rows] = merged[:, :k]
    indices[rows] = torch.cat([indices[rows], found + start], dim=1).gather(1, order[:, :k])


def _squares(rows: Tensor) -> Tensor:
    """|p|² [m] of int8 rows p [m, pixels], exact, fp64."""
    return torch.stack([part.to(torch.float32).square_().sum(1) for part in rows.split(DEPTH, dim=1)]).sum(
        0, dtype=torch.float64
    )


def _products(q: Tensor, p: Tensor) -> Tensor:
    """q·p [n, m] of int8 rows q [n, pixels] and p [m, pixels], exact, fp64."""
    total = torch.zeros(len(q), len(p), dtype=torch.float64, device=q.device)
    if q.device.type == "cpu" and _multiplies_int8():
        for a, b in zip(q.split(INTEGER_DEPTH, dim=1), p.split(INTEGER_DEPTH, dim=1), strict=True):
            total += torch._int_mm(a, b.T)
    else:
        for a, b in zip(q.split(DEPTH, dim=1), p.split(DEPTH, dim=1), strict=True):
            total += a.to(torch.float32) @ b.to(torch.float32).T
    return total


@cache
def _multiplies_int8() -> bool:
    """Whether this processor multiplies matrices of int8 exactly, and then several times as fast as fp32.

    x86 without VNNI adds products in pairs of 16 bits, which overflow (oneDNN, "Nuances of int8 computations");
    elsewhere torch may have no fast product.
    """
    high, low = (torch.full((32, 64), value, dtype=torch.int8) for value in (127, -128))
    return torch.backends.cpu.get_cpu_capability().startswith("AVX") and bool(
        (torch._int_mm(high, low.T) == 64 * 127 * -128).all()
    )


def sample_distances(evaluation: Evaluation) -> Tensor:
    """The distance [n] of every sample to the nearest training image."""
    return _neighbours(evaluation)[0][:, 0]


def heldout_distances(evaluation: Evaluation) -> Tensor:
    """The distance of the first held-out images, at most as many as samples, to the nearest training image."""
    heldout, train = evaluation.splits.test[: len(evaluation.samples)], evaluation.splits.train
    found: Tensor = evaluation.once("neighbours.heldout", lambda: nearest(heldout, train, 1)[0][:, 0])
    return found


def _neighbours(evaluation: Evaluation) -> tuple[Tensor, Tensor]:
    train = evaluation.splits.train
    found: tuple[Tensor, Tensor] = evaluation.once(
        "neighbours.train", lambda: nearest(evaluation.samples, train, min(NEIGHBOURS, len(train)))
    )
    return found


def median(distances: Tensor) -> float:
    """The median of all distances."""
    return float(distances.flatten().quantile(0.5))


def _images_only(splits: Splits) -> str:
    return "" if splits.is_images else "it holds vectors: nearest neighbours are searched among images"


def heldout_images_only(splits: Splits) -> str:
    """Why there are no held-out images to compare, or an empty string."""
    return _images_only(splits) or ("" if len(splits.test) else "it has no held-out images")
