"""`is`: the Inception Score, how surely samples are classified and how evenly over the classes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from genbench.contract.hooks import hookimpl
from genbench.contract.metric import Evaluation, Metric
from genbench.metrics import features

PARTS = 10
"""Parts whose scores are averaged (Salimans et al. 2016, section 4)."""
SEED = 2020
"""Of the shuffling; torch-fidelity's."""


@hookimpl
def genbench_metrics() -> Iterable[Metric]:
    """`is`."""
    return [
        Metric(
            name="is",
            compute=score,
            better="higher",
            lowest=1,
            accepts=features.accepts_images,
            about="Inception Score: 1 to the number of classes, mean over 10 parts of the samples",
            source="Salimans et al. 2016, arXiv:1606.03498, section 4",
            against="nothing",
            features="fp32",
        )
    ]


def score(evaluation: Evaluation) -> float:
    """The Inception Score of the samples; of fewer than 10 each is a part of its own, and a warning says so."""
    logits = features.of_samples(evaluation, "fp32").logits
    if len(logits) < PARTS:
        evaluation.warn(f"is: {len(logits)} samples are fewer than its {PARTS} parts")
    return inception_score(logits, min(PARTS, len(logits)))


def inception_score(logits: Tensor, parts: int) -> float:
    """The mean over parts of exp E[KL(p(y|x) || p(y))], of logits [n, classes] in an order shuffled with a fixed
    seed.
    """
    order = np.random.RandomState(SEED).permutation(len(logits))
    shuffled = logits[torch.from_numpy(order)].double()
    bounds = [part * len(logits) // parts for part in range(parts + 1)]
    scores = []
    for start, end in pairwise(bounds):
        log_p = shuffled[start:end].log_softmax(1)
        log_q = log_p.logsumexp(0) - np.log(end - start)
        scores.append((log_p.exp() * (log_p - log_q)).sum(1).mean().exp())
    return float(torch.stack(scores).mean())
