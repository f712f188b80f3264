"""Kernel losses as pure functions: squared distances, Gaussian mixtures, MMD² and the density ratio.

Everything here computes in fp64, whatever the precision of the features: in fp32 the ratio's linear system returns
noise without a word. Gradients are closed forms, tested against autograd: no n x n matrix is ever differentiated through.

Symbols: q are features of generated samples [n, d], p of real ones [m, d]; sigma is a width; K_qp[i, j] = k(q_i, p_j).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

EXPONENT_FLOOR = -80.0
"""Below about -87 exp() of a float is subnormal, and 50 times slower on a CPU; e^-80 is 0 to every loss here."""


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """Squared Euclidean distances [n, m] between the rows of x [n, d] and y [m, d], fp64, never negative."""
    x, y = _exact(x), _exact(y)
    inner = torch.addmm(x.square().sum(1, keepdim=True), x, y.T, alpha=-2.0)
    return (inner + y.square().sum(1)).clamp_min(0.0)


def gaussian(distances: Tensor, width: float) -> Tensor:
    """exp(-d² / (2 width²)) of squared distances."""
    return (distances * (-0.5 / width**2)).clamp_min(EXPONENT_FLOOR).exp()


def mixture(distances: Tensor, widths: Sequence[float]) -> Tensor:
    """The sum of Gaussian kernels of several widths, of squared distances."""
    total = gaussian(distances, widths[0])
    for width in widths[1:]:
        total = total + gaussian(distances, width)
    return total


def mmd2(q: Tensor, p: Tensor, widths: Sequence[float]) -> Tensor:
    """The squared maximum mean discrepancy under a mixture of Gaussian kernels, a scalar, fp64.

    The biased estimate of Gretton et al. 2012, eq. 5 (the paper's eq. 2 and 10), summed over widths; never negative but
    for rounding. Differentiable once in q and p.
    """
    value: Tensor = _MMD2.apply(q, p, tuple(widths))
    return value


def sqrt_mmd(mmd2: Tensor) -> Tensor:
    """The square root of an MMD² whose gradient stays finite at 0: sqrt(max(MMD², 1e-12))."""
    return mmd2.clamp_min(1e-12).sqrt()


def density_ratio(q: Tensor, p: Tensor, widths: Sequence[float], ridge: float) -> Tensor:
    """The estimated ratio p/q of the densities at the rows of q, [n], fp64; negative values occur.

    r = (n/m) (K_qq + ridge I)^-1 K_qp 1, averaged over widths (the paper's eq. 8; Sugiyama et al. 2012). Differentiable
    once in q and p. With ridge 0 the system is singular to working precision and the result is mostly noise.
    """
    return ratio_and_mmd2(q, p, widths, ridge)[0]


def ratio_and_mmd2(q: Tensor, p: Tensor, widths: Sequence[float], ridge: float) -> tuple[Tensor, Tensor]:
    """`density_ratio` [n] and `mmd2` from the same Gram matrices, as in the paper's algorithm 1."""
    ratio, mmd2 = _RatioAndMMD2.apply(q, p, tuple(widths), float(ridge))
    return ratio, mmd2


def pearson_divergence(ratio: Tensor) -> Tensor:
    """The Pearson divergence estimated from the ratio at generated points: mean((r - 1)²), the paper's eq. 7."""
    return (ratio - 1).square().mean()


def _exact(x: Tensor) -> Tensor:
    """x in fp64, on a device that has fp64 (Apple's GPUs do not)."""
    return x.to(device="cpu" if x.device.type == "mps" else x.device, dtype=torch.float64)


def _home(x: Tensor, features: Tensor) -> Tensor:
    """x where the features are, in fp64 wherever that exists."""
    return x.to(features.device, torch.float32 if features.device.type == "mps" else torch.float64)


def _like(gradient: Tensor, features: Tensor) -> Tensor:
    """A gradient where and as precise as the features; the precision first: fp64 cannot be moved everywhere."""
    return gradient.to(features.dtype).to(features.device)


def _self_distances(x: Tensor) -> Tensor:
    return squared_distances(x, x).fill_diagonal_(0.0)


def _slope(distances: Tensor, widths: Sequence[float]) -> Tensor:
    """The derivative of `mixture` by the squared distance."""
    total = gaussian(distances, widths[0]).mul_(-0.5 / widths[0] ** 2)
    for width in widths[1:]:
        total.add_(gaussian(distances, width), alpha=-0.5 / width**2)
    return total


def _pull_self(x: Tensor, slope: Tensor) -> Tensor:
    """The gradient by x [n, d] of a loss whose derivative by the squared distances of x to itself is `slope` [n, n]."""
    slope = slope + slope.T
    return 2 * (slope.sum(1, keepdim=True) * x - slope @ x)


def _pull_cross(x: Tensor, y: Tensor, slope: Tensor) -> tuple[Tensor, Tensor]:
    """The gradients by x [n, d] and y [m, d] of a loss whose derivative by their squared distances is `slope` [n, m]."""
    by_x = 2 * (slope.sum(1, keepdim=True) * x - slope @ y)
    by_y = 2 * (slope.sum(0).unsqueeze(1) * y - slope.T @ x)
    return by_x, by_y


class _MMD2(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, q: Tensor, p: Tensor, widths: tuple[float, ...]) -> Tensor:
        n, m = len(q), len(p)
        exact_q, exact_p = _exact(q), _exact(p)
        d_qq, d_qp, d_pp = _self_distances(exact_q), squared_distances(exact_q, exact_p), _self_distances(exact_p)
        value = mixture(d_qq, widths).mean() - 2 * mixture(d_qp, widths).mean() + mixture(d_pp, widths).mean()
        if any(ctx.needs_input_grad):
            by_q, by_p = _pull_cross(exact_q, exact_p, _slope(d_qp, widths).mul_(-2 / (n * m)))
            by_q += _pull_self(exact_q, _slope(d_qq, widths).mul_(1 / n**2))
            if ctx.needs_input_grad[1]:
                by_p += _pull_self(exact_p, _slope(d_pp, widths).mul_(1 / m**2))
            ctx.save_for_backward(_like(by_q, q), _like(by_p, p))
        return _home(value, q)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        by_q, by_p = ctx.saved_tensors
        scale = gradients[0]
        return by_q * scale.to(by_q.dtype), by_p * scale.to(by_p.dtype), None


class _RatioAndMMD2(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, q: Tensor, p: Tensor, widths: tuple[float, ...], ridge: float) -> tuple[Tensor, Tensor]:
        ctx.set_materialize_grads(False)
        n, m = len(q), len(p)
        exact_q, exact_p = _exact(q), _exact(p)
        d_qq, d_qp, d_pp = _self_distances(exact_q), squared_distances(exact_q, exact_p), _self_distances(exact_p)
        ratio, mmd2 = exact_q.new_zeros(n), mixture(d_pp, widths).mean()
        systems = []
        for width in widths:
            k_qq, k_qp = gaussian(d_qq, width), gaussian(d_qp, width)
            mmd2 = mmd2 + k_qq.mean() - 2 * k_qp.mean()
            solver = _Solver(k_qq, ridge)
            r = solver.solve(k_qp.sum(1)) * (n / m)
            ratio += r / len(widths)
            systems.append((width, k_qq, k_qp, solver, r))
        ctx.systems, ctx.widths = systems, widths
        ctx.save_for_backward(q, p, d_pp)
        return _home(ratio, q), _home(mmd2, q)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor, Tensor, None, None]:
        by_ratio, by_mmd2 = gradients
        q, p, d_pp = ctx.saved_tensors
        exact_q, exact_p = _exact(q), _exact(p)
        n, m = len(q), len(p)
        slope_qq = exact_q.new_zeros(n, n)
        slope_qp = exact_q.new_zeros(n, m)
        for width, k_qq, k_qp, solver, r in ctx.systems:
            # r solves A r = (n/m) K_qp 1, so with w = A^-1 v: dL = (n/m) wᵀ dK_qp 1 - wᵀ dK_qq r.
            chain = -0.5 / width**2
            if by_ratio is not None:
                w = solver.solve(_exact(by_ratio)) / len(ctx.widths)
                slope_qq.addcmul_(torch.outer(w, r), k_qq, value=-chain)
                slope_qp.addcmul_(w.unsqueeze(1), k_qp, value=chain * n / m)
            if by_mmd2 is not None:
                slope_qq.addcmul_(k_qq, _exact(by_mmd2), value=chain / n**2)
                slope_qp.addcmul_(k_qp, _exact(by_mmd2), value=-2 * chain / (n * m))
        by_q, by_p = _pull_cross(exact_q, exact_p, slope_qp)
        by_q += _pull_self(exact_q, slope_qq)
        if by_mmd2 is not None and ctx.needs_input_grad[1]:
            by_p += _pull_self(exact_p, _slope(d_pp, ctx.widths).mul_(_exact(by_mmd2) / m**2))
        return _like(by_q, q), _like(by_p, p), None, None


class _Solver:
    """Solves (K + ridge I) x = b for a Gram matrix K, factorised once.

    With a ridge the matrix is positive definite; without one only LU gets through, and what it returns is mostly rounding."""

    def __init__(self, gram: Tensor, ridge: float) -> None:
        self._positive = ridge > 0
        if self._positive:
            system = gram.clone()
            system.diagonal().add_(ridge)
            self._factor = torch.linalg.cholesky_ex(system)[0]
        else:
            self._factor, self._pivots, _ = torch.linalg.lu_factor_ex(gram)

    def solve(self, b: Tensor) -> Tensor:
        """x [n] for b [n]."""
        column = b.unsqueeze(1)
        x: Tensor = torch.cholesky_solve(column, self._factor) if self._positive else torch.linalg.lu_solve(self._factor, self._pivots, column)
        return x.squeeze(1)
