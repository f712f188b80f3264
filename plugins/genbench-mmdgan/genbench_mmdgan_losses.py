"""What the networks of an MMD-GAN are compared by: functions of fake features q [n, K] and real ones p [m, K], and of
the critic's slopes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from genbench import kernels

BOUNDS = (0.25, 4.0)
"""Of d²: fakes are pulled together until they are so near, real ones pushed apart until so far (Wang et al. 2019)."""
Kernel = Callable[[Tensor, Sequence[float]], Tensor]
"""A kernel summed over widths, of squared distances."""


def mean_hinge(q: Tensor, p: Tensor) -> Tensor:
    """-mean_k max(0, mean_j q[j, k] - mean_i p[i, k]): feasible set reduction of fake q and real p (Li et al. 2017,
    section 4).
    """
    return -(q.mean(0) - p.mean(0)).relu().mean()


def rational_quadratic(distances: Tensor, alphas: Sequence[float]) -> Tensor:
    """The sum over α of (1 + d² / 2α)^-α, of squared distances (Bińkowski et al. 2018, section 2.1)."""
    kernel = torch.zeros_like(distances)
    for alpha in alphas:
        kernel = kernel + (1 + distances / (2 * alpha)).pow(-alpha)
    return kernel


KERNELS: dict[str, Kernel] = {"gaussian": kernels.mixture, "rational-quadratic": rational_quadratic}
"""By the names that the setting `kernel` has for them."""


def likeness(
    x: Tensor,
    widths: Sequence[float],
    nearest: float = 0.0,
    farthest: float = torch.inf,
    kernel: Kernel = kernels.mixture,
) -> Tensor:
    """The mean kernel of two different rows of x [n, features], with squared distances cut off at nearest and
    farthest.
    """
    distances = off_diagonal(kernels.squared_distances(x, x).clamp(nearest, farthest))
    return kernel(distances, widths).mean()


def off_diagonal(square: Tensor) -> Tensor:
    """The entries of a matrix [n, n] beside its diagonal, row by row, [n (n - 1)]. A mask would say the same, and a GPU
    would be waited for to count its entries.
    """
    n = len(square)
    return square.flatten()[1:].view(n - 1, n + 1)[:, :-1].reshape(-1)


def unbiased_mmd2(q: Tensor, p: Tensor, widths: Sequence[float], kernel: Kernel = kernels.mixture) -> Tensor:
    """e_qq + e_pp - 2 e_qp, with no row compared to itself: it may be negative (Gretton et al. 2012, eq. 3)."""
    across = kernel(kernels.squared_distances(q, p), widths).mean()
    return likeness(q, widths, kernel=kernel) + likeness(p, widths, kernel=kernel) - 2 * across


def repulsion(q: Tensor, p: Tensor, widths: Sequence[float], bounds: tuple[float, float]) -> Tensor:
    """e_pp - e_qq of real p and fake q, to be minimised by the critic (Wang et al. 2019, eq. 4 and 9): there is no
    force between fakes that are nearer, or real ones that are farther, than the bounds of d².
    """
    nearest, farthest = bounds
    return likeness(p, widths, farthest=farthest) - likeness(q, widths, nearest=nearest)


def squared_jacobian(critic: nn.Module, images: Tensor, *, differentiable: bool) -> Tensor:
    """mean ‖J φ(x)‖², the squared slopes of all K features over all entries of images x [n, ...]: K passes backward
    (Arbel et al. 2018, eq. 6).
    """
    images = images.detach().requires_grad_()
    total = torch.zeros((), dtype=images.dtype, device=images.device)
    with torch.enable_grad():
        for feature in critic(images).sum(0):
            (slope,) = torch.autograd.grad(feature, images, retain_graph=True, create_graph=differentiable)
            total = total + slope.flatten(1).square().sum(1).mean()
    return total if differentiable else total.detach()


def witness_penalty(
    critic: nn.Module, points: Tensor, q: Tensor, p: Tensor, widths: Sequence[float], kernel: Kernel
) -> Tensor:
    """mean (‖∇ w(φ(h))‖ - 1)² at points h [n, ...], with the witness w = mean_j k(·, p_j) - mean_i k(·, q_i)
    (Bińkowski et al. 2018, section 3).
    """
    points = points.detach().requires_grad_()
    features = critic(points)
    near_p, near_q = (kernel(kernels.squared_distances(features, rows), widths).mean(1) for rows in (p, q))
    (slope,) = torch.autograd.grad((near_p - near_q).sum(), points, create_graph=True)
    return (slope.flatten(1).square().sum(1).clamp_min(1e-12).sqrt() - 1).square().mean()
