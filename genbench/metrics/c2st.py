"""`c2st`: the classifier two-sample test, whether samples can be told from real images."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from genbench.contract.hooks import hookimpl
from genbench.contract.metric import Evaluation, Metric
from genbench.metrics import features

FOLDS = 5
"""Parts of the images, each of which is classified by a classifier that was fitted to the others."""
MOST = 5000
"""Images of either kind that are looked at: the classifier's time and memory grow with them."""
SEED = 2020
"""Of the choice of images and of the folds."""
ROUNDS = 200
"""Of the solver; where it has not converged by then, its classifier is no worse a witness."""


@hookimpl
def genbench_metrics() -> Iterable[Metric]:
    """`c2st`."""
    return [
        Metric(
            name="c2st",
            compute=c2st,
            better="lower",
            lowest=0,
            highest=1,
            accepts=features.accepts_images,
            about=(
                "classifier two-sample test: how often a logistic regression of features tells samples from real images"
                " that it was not fitted to; 0.5: it cannot; 1: always"
            ),
            source="Lopez-Paz and Oquab 2017, arXiv:1610.06545",
            against="split",
            features="fp32",
        )
    ]


def c2st(evaluation: Evaluation) -> float:
    """The cross-validated accuracy of telling samples from as many real images; warns when they are too few to say."""
    fake, real = features.of_samples(evaluation, "fp32").features, features.of_reference(evaluation, "fp32")
    count = min(len(fake), len(real), MOST)
    if count < 10 * FOLDS:
        evaluation.warn(f"c2st: {count} images of either kind are too few for a classifier; give it {10 * FOLDS}")
    return told_apart(fake, real, most=MOST)


def told_apart(fake: Tensor, real: Tensor, *, most: int) -> float:
    """The share of rows of equally many [n, d] and [m, d] that are classified correctly by a logistic regression of
    standardised features, fitted to the other folds; 0 to 1.

    Of more than `most` rows, or more than the other set has, some are drawn with a fixed seed.
    """
    # Half a second to import: a study without this metric needs none of it.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    random = np.random.RandomState(SEED)
    count = min(len(fake), len(real), most)
    chosen = [rows[torch.from_numpy(random.permutation(len(rows))[:count])].double() for rows in (fake, real)]
    kinds = np.repeat([0, 1], count)
    folds = StratifiedKFold(min(FOLDS, count), shuffle=True, random_state=SEED)
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=ROUNDS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return float(cross_val_score(classifier, torch.cat(chosen).numpy(), kinds, cv=folds).mean())
