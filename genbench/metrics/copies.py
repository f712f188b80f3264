"""`copies`: the share of the samples that are copies of training images, with an interval.

A sample counts as near when its nearest training image is less than half as far from it as its nearest held-out image.
Samples that are merely blurred or poor are as far from both, and pass. Real images that were never trained on are near
now and then, where a data set repeats itself: half of the held-out images show how often, against the other half, and
only what samples exceed it by is called copies. So the share is 0 in expectation for fresh real images, 1 for copies.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from torch import Tensor

from genbench.contract.dataset import Splits
from genbench.contract.hooks import hookimpl
from genbench.contract.metric import Evaluation, Metric
from genbench.metrics import feature_neighbours, features, neighbours

NEAR = 0.5
"""Of the distance to the nearest held-out image: a training image that is nearer than that is near."""
FEWEST = 4
"""Held-out images of which two halves can be made that say something."""
BELIEF = "after Meehan et al. 2020, arXiv:2004.05675: training against held-out images"


class Share(NamedTuple):
    """A share of copies and its 95 % interval, 0 to 1."""

    share: float
    low: float
    high: float


@hookimpl
def genbench_metrics() -> Iterable[Metric]:
    """`copies` with its interval, and the same between features."""
    return [
        Metric(
            name="copies",
            compute=copies,
            better="lower",
            lowest=0,
            highest=1,
            against="train",
            accepts=_enough_heldout_images,
            about=(
                "share of samples that are copies: less than half as far from a training image as from any of half of"
                " the held-out ones, in excess of the other half; 0: as fresh images; 1: all are copies"
            ),
            source=BELIEF,
        ),
        Metric(
            name="copies_at_least",
            compute=copies_at_least,
            better="neither",
            against="train",
            accepts=_enough_heldout_images,
            about="lower end of the 95 % interval of copies: above 0, there are copies",
            source="Donner and Zou 2012, Statistics in Medicine 21, interval of a ratio, from Wilson's of two shares",
        ),
        Metric(
            name="copies_at_most",
            compute=copies_at_most,
            better="neither",
            against="train",
            accepts=_enough_heldout_images,
            about="upper end of the 95 % interval of copies",
        ),
        Metric(
            name="feature_copies",
            compute=feature_copies,
            better="lower",
            lowest=0,
            highest=1,
            against="train",
            accepts=lambda splits: features.accepts_images(splits) or _enough_heldout_images(splits),
            about="copies by the distances of features, which sees copies that were moved or recoloured",
            source=BELIEF,
            features="fp32",
        ),
    ]


def copies(evaluation: Evaluation) -> float:
    """The share of copies among the samples by the distances of pixels, 0 to 1; a warning says when it is surely above
    0.
    """
    found = _of_pixels(evaluation)
    if found.low > 0:
        evaluation.warn("copies: some of the samples are copies of training images, by the interval of their share")
    return found.share


def copies_at_least(evaluation: Evaluation) -> float:
    """The lower end of the interval of the share of copies, 0 to 1."""
    return _of_pixels(evaluation).low


def copies_at_most(evaluation: Evaluation) -> float:
    """The upper end of the interval of the share of copies, 0 to 1."""
    return _of_pixels(evaluation).high


def feature_copies(evaluation: Evaluation) -> float:
    """The share of copies among the samples by the distances of features, 0 to 1."""
    heldout = features.of_split(evaluation, "test", "fp32")
    others, own = heldout[::2], heldout[1 : len(evaluation.samples) : 2]
    fake = features.of_samples(evaluation, "fp32").features
    return copied(
        near(
            feature_neighbours.sample_distances(evaluation), feature_neighbours.nearest(fake, others, 1)[0].squeeze(1)
        ),
        near(
            feature_neighbours.heldout_distances(evaluation)[1::2],
            feature_neighbours.nearest(own, others, 1)[0].squeeze(1),
        ),
    ).share


def near(train: Tensor, heldout: Tensor) -> Tensor:
    """Which images [n] are near training images, by their distances to the nearest training image and the nearest
    held-out one.
    """
    return train < NEAR * heldout


def copied(samples: Tensor, heldout: Tensor) -> Share:
    """The share of copies: of which samples [n] and which held-out images [m] are near training images.

    Where a share s is copied and the rest is near as often as held-out images are, b, the samples that are not near are
    (1 - s) (1 - b) of all.
    """
    away, rest = (_wilson(int((~nearby).sum()), len(nearby)) for nearby in (samples, heldout))
    if rest.share == 0:  # every held-out image is near: nothing can be said of the samples
        return Share(0.0, 0.0, 1.0)
    ratio = _ratio(away, rest)
    return Share(*(min(1.0, max(0.0, 1 - end)) for end in (ratio.share, ratio.high, ratio.low)))


def _wilson(count: int, of: int) -> Share:
    """A share with Wilson's interval."""
    from scipy.stats import binomtest

    interval = binomtest(count, of).proportion_ci(method="wilson")
    return Share(count / of, float(interval.low), float(interval.high))


def _ratio(a: Share, b: Share) -> Share:
    """a / b with its interval, from those of a and b (Donner and Zou 2012)."""
    product = a.share * b.share

    def end(of_a: float, of_b: float, sign: int) -> float:
        scale = of_b * (2 * b.share - of_b)
        root = max(0.0, product**2 - of_a * (2 * a.share - of_a) * scale) ** 0.5
        return (product + sign * root) / scale if scale > 0 else (0.0 if sign < 0 else float("inf"))

    return Share(a.share / b.share, end(a.low, b.high, -1), end(a.high, b.low, 1))


def _of_pixels(evaluation: Evaluation) -> Share:
    def search() -> Share:
        heldout = evaluation.splits.test
        others, own = heldout[::2], heldout[1 : len(evaluation.samples) : 2]
        return copied(
            near(neighbours.sample_distances(evaluation), _nearest(evaluation.samples, others)),
            near(neighbours.heldout_distances(evaluation)[1::2], _nearest(own, others)),
        )

    found: Share = evaluation.once("copies.pixels", search)
    return found


def _nearest(queries: Tensor, references: Tensor) -> Tensor:
    return neighbours.nearest(queries, references, 1)[0].squeeze(1)


def _enough_heldout_images(splits: Splits) -> str:
    return neighbours.heldout_images_only(splits) or (
        "" if len(splits.test) >= FEWEST else f"it has fewer than {FEWEST} held-out images"
    )
