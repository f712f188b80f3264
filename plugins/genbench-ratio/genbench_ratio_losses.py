"""What a critic that estimates density ratios minimises, what its output V means, and what a generator makes of it.

r = p/q is the ratio of the densities of data and of samples, and a divergence is E f(r) over samples, with f(r) = (r -
1)² for Pearson's, r log r for KL's, -log r for the reverse KL's, (sqrt r - 1)² for Hellinger's.
"""

import math

from torch import Tensor
from torch.nn.functional import softplus

STEEPEST = 10.0
"""Above it an exponential goes on in a straight line, so that it stays finite."""


def steep(v: Tensor) -> Tensor:
    """e^v, in a straight line above `STEEPEST`."""
    return v.clamp_max(STEEPEST).exp() + math.exp(STEEPEST) * (v - STEEPEST).relu()


def bound(v: Tensor, divergence: str) -> tuple[Tensor, Tensor]:
    """g(V) and f*(g(V)): the divergence is at least E g(V(x)) - E f*(g(V(f))) over data x and samples f (Nowozin et al.
    2016, eq. 6 and table 2).
    """
    if divergence == "kl":
        return v, steep(v - 1)
    if divergence == "reverse":
        return -steep(-v), v - 1
    return (v, v.square() / 4 + v) if divergence == "pearson" else (1 - steep(-v), steep(v) - 1)


def read_ratio(v: Tensor, estimator: str, divergence: str) -> Tensor:
    """The ratio r that V means: softplus(V), e^V, or where the bound is tight, f'^-1(g(V))."""
    if estimator == "least-squares":
        return softplus(v)
    if estimator == "logistic" or divergence in ("reverse", "hellinger"):
        return steep(2 * v if estimator == "variational" and divergence == "hellinger" else v)
    return 1 + v / 2 if divergence == "pearson" else steep(v - 1)


def critic_objective(of_real: Tensor, of_fake: Tensor, estimator: str, divergence: str) -> Tensor:
    """What the critic minimises: minus the bound; mean r(f)² / 2 - mean r(x), the Bregman divergence of least squares
    (Uehara et al. 2016); or mean softplus(-V(x)) + mean softplus(V(f)).
    """
    if estimator == "variational":
        return bound(of_fake, divergence)[1].mean() - bound(of_real, divergence)[0].mean()
    if estimator == "least-squares":
        return softplus(of_fake).square().mean() / 2 - softplus(of_real).mean()
    return softplus(-of_real).mean() + softplus(of_fake).mean()


def generator_objective(of_fake: Tensor, estimator: str, divergence: str, *, trick: bool) -> Tensor:
    """What the generator minimises: the bound -mean f*(g(V(f))), or with the trick -mean g(V(f)) (Nowozin et al. 2016,
    section 3.2); or, where r is estimated by itself, the divergence mean f(r) (Uehara et al. 2016).
    """
    if estimator == "variational":
        raised, conjugate = bound(of_fake, divergence)
        return -(raised if trick else conjugate).mean()
    return integrand(read_ratio(of_fake, estimator, divergence), divergence).mean()


def integrand(ratio: Tensor, divergence: str) -> Tensor:
    """f(r)."""
    positive = ratio.clamp_min(1e-30)
    if divergence == "pearson":
        return (ratio - 1).square()
    if divergence == "hellinger":
        return (positive.sqrt() - 1).square()
    return positive * positive.log() if divergence == "kl" else -positive.log()


def speed(ratio: Tensor, divergence: str) -> Tensor:
    """r² f''(r), by which samples climb log r so that the divergence falls fastest (Gao et al. 2019, theorem 3.1, whose
    KL divergence is the reverse one here).
    """
    if divergence == "pearson":
        return 2 * ratio.square()
    if divergence == "hellinger":
        return ratio.sqrt() / 2
    return ratio if divergence == "kl" else ratio.new_ones(ratio.shape)
