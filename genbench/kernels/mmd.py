"""The squared maximum mean discrepancy of two samples, with its gradient in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from genbench.kernels.precision import exact, home, like
from genbench.kernels.rbf import Gaussians, mixture, self_distances, squared_distances
from genbench.kernels.slopes import differentiable_slopes, pull, pull_self


def mmd2(q: Tensor, p: Tensor, widths: Sequence[float]) -> Tensor:
    """The squared maximum mean discrepancy under a mixture of Gaussian kernels, a scalar, fp64.

    The biased estimate of Gretton et al. 2012, eq. 5 (the paper's eq. 2 and 10), summed over widths; never negative
    except for rounding. Differentiable any number of times in q and p.
    """
    value: Tensor = _MMD2.apply(q, p, tuple(widths))
    return value


def sqrt_mmd(mmd2: Tensor) -> Tensor:
    """The square root of an MMD² whose gradient stays finite at 0: sqrt(max(MMD², 1e-12))."""
    return mmd2.clamp_min(1e-12).sqrt()


def defined_mmd2(q: Tensor, p: Tensor, widths: Sequence[float]) -> Tensor:
    """MMD² as it is defined, for autograd."""
    k_qq, k_qp, k_pp = (
        mixture(distances, widths) for distances in (self_distances(q), squared_distances(q, p), self_distances(p))
    )
    return k_qq.mean() - 2 * k_qp.mean() + k_pp.mean()


class _MMD2(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, q: Tensor, p: Tensor, widths: tuple[float, ...]) -> Tensor:
        n, m = len(q), len(p)
        exact_q, exact_p = exact(q), exact(p)
        k_qq, k_qp, k_pp = (
            Gaussians(d, widths)
            for d in (self_distances(exact_q), squared_distances(exact_q, exact_p), self_distances(exact_p))
        )
        if not any(ctx.needs_input_grad):
            return home(k_qq.mean() - 2 * k_qp.mean() + k_pp.mean(), q)
        (mean_qq, slope_qq), (mean_qp, slope_qp) = k_qq.mean_and_slope(), k_qp.mean_and_slope()
        slope_qp *= -2 / (n * m)
        by_q = pull(exact_q, exact_p, slope_qp) + pull_self(exact_q, slope_qq.div_(n**2))
        if ctx.needs_input_grad[1]:
            mean_pp, slope_pp = k_pp.mean_and_slope()
            by_p = like(pull(exact_p, exact_q, slope_qp.T) + pull_self(exact_p, slope_pp.div_(m**2)), p)
        else:
            mean_pp, by_p = k_pp.mean(), None
        ctx.widths = widths
        ctx.save_for_backward(q, p, like(by_q, q), by_p)
        return home(mean_qq - 2 * mean_qp + mean_pp, q)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        q, p, by_q, by_p = ctx.saved_tensors
        if torch.is_grad_enabled():
            return *differentiable_slopes(lambda q, p: (defined_mmd2(q, p, ctx.widths),), q, p, gradients), None
        scale = gradients[0]
        return by_q * scale.to(by_q.dtype), None if by_p is None else by_p * scale.to(by_p.dtype), None
