"""The ratio of two densities, estimated from samples of both, with its gradient in closed form; and the MMD² that its
Gram matrices give.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from genbench.kernels.mmd import defined_mmd2
from genbench.kernels.precision import exact, home, like
from genbench.kernels.rbf import Gaussians, gaussian, self_distances, squared_distances
from genbench.kernels.slopes import awaited, differentiable_slopes, pull, pull_self


def density_ratio(q: Tensor, p: Tensor, widths: Sequence[float], ridge: float) -> Tensor:
    """The estimated ratio p/q of the densities at the rows of q, [n], fp64; negative values occur.

    r = (n/m) (K_qq + ridge I)^-1 K_qp 1, averaged over widths (the paper's eq. 8; Sugiyama et al. 2012). Differentiable
    any number of times in q and p. With ridge 0 the system is singular to working precision and the result is mostly
    noise.
    """
    ratio: Tensor = _RatioAndMMD2.apply(q, p, tuple(widths), float(ridge), False)[0]
    return ratio


def ratio_and_mmd2(q: Tensor, p: Tensor, widths: Sequence[float], ridge: float) -> tuple[Tensor, Tensor]:
    """`density_ratio` [n] and `mmd2` from the same Gram matrices, as in the paper's algorithm 1."""
    ratio, mmd2 = _RatioAndMMD2.apply(q, p, tuple(widths), float(ridge), True)
    return ratio, mmd2


def pearson_divergence(ratio: Tensor) -> Tensor:
    """The Pearson divergence estimated from the ratio at generated points: mean((r - 1)²), the paper's eq. 7."""
    return (ratio - 1).square().mean()


def defined_ratio(q: Tensor, p: Tensor, widths: Sequence[float], ridge: float) -> Tensor:
    """The density ratio as it is defined, for autograd."""
    of_q, of_p = self_distances(q), squared_distances(q, p)
    diagonal = ridge * torch.eye(len(q), dtype=of_q.dtype, device=of_q.device)
    systems = ((gaussian(of_q, width) + diagonal, gaussian(of_p, width).sum(1)) for width in widths)
    return torch.stack([torch.linalg.solve_ex(gram, over_p)[0] for gram, over_p in systems]).mean(0) * len(q) / len(p)


class _RatioAndMMD2(torch.autograd.Function):
    """Keeps the factors and the widest kernels; the others are squared again for each gradient, which needs half the
    memory.
    """

    @staticmethod
    def forward(
        ctx: Any, q: Tensor, p: Tensor, widths: tuple[float, ...], ridge: float, with_mmd2: bool
    ) -> tuple[Tensor, Tensor]:
        ctx.set_materialize_grads(False)
        n, m = len(q), len(p)
        exact_q, exact_p = exact(q), exact(p)
        ratio, mmd2 = exact_q.new_zeros(n), exact_q.new_zeros(())
        ctx.k_pp = None
        if with_mmd2:
            ctx.k_pp = Gaussians(self_distances(exact_p), widths)
            mmd2 += ctx.k_pp.mean()
        ctx.k_qq, ctx.k_qp = (
            Gaussians(self_distances(exact_q), widths),
            Gaussians(squared_distances(exact_q, exact_p), widths),
        )
        ctx.systems = []
        for (_, k_qq), (_, k_qp) in zip(ctx.k_qq, ctx.k_qp, strict=True):
            over_p = k_qp.sum(1)
            mmd2 += k_qq.mean() - 2 * over_p.mean() / m
            solver = _Solver(k_qq, ridge)
            r = solver.solve(over_p) * (n / m)
            ratio += r / len(widths)
            ctx.systems.append((solver, r))
        ctx.widths, ctx.ridge = widths, ridge
        ctx.save_for_backward(q, p)
        return home(ratio, q), home(mmd2, q)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, Tensor | None, None, None, None]:
        q, p = ctx.saved_tensors
        if torch.is_grad_enabled():

            def definition(q: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
                return defined_ratio(q, p, ctx.widths, ctx.ridge), defined_mmd2(q, p, ctx.widths)

            return *differentiable_slopes(definition, q, p, gradients), None, None, None
        by_ratio, by_mmd2 = (None if gradient is None else exact(gradient) for gradient in gradients)
        exact_q, exact_p = exact(q), exact(p)
        n, m = len(q), len(p)
        # r solves A r = (n/m) K_qp 1, so with w = A^-1 v: dL = (n/m) wᵀ dK_qp 1 - wᵀ dK_qq r.
        adjoints = (
            [(solver.solve(by_ratio) / len(ctx.systems), r) for solver, r in ctx.systems]
            if by_ratio is not None
            else None
        )
        slope = exact_q.new_zeros(n, m)
        for number, (width, kernel) in enumerate(ctx.k_qp):
            chain = -0.5 / width**2
            if adjoints is not None:
                slope.addcmul_(adjoints[number][0].unsqueeze(1), kernel, value=chain * n / m)
            if by_mmd2 is not None:
                slope.addcmul_(kernel, by_mmd2, value=-2 * chain / (n * m))
        for_q, for_p = awaited(ctx)
        by_p = None
        if for_p:
            by_p = pull(exact_p, exact_q, slope.T)
            if by_mmd2 is not None:
                by_p += pull_self(exact_p, ctx.k_pp.mean_and_slope()[1].mul_(by_mmd2 / m**2))
            by_p = like(by_p, p)
        if not for_q:
            return None, by_p, None, None, None
        by_q = pull(exact_q, exact_p, slope)
        slope = exact_q.new_zeros(n, n)
        for number, (width, kernel) in enumerate(ctx.k_qq):
            chain = -0.5 / width**2
            if adjoints is not None:
                w, r = adjoints[number]
                slope.addcmul_(torch.stack((w, r), 1) @ torch.stack((r, w)), kernel, value=-chain / 2)
            if by_mmd2 is not None:
                slope.addcmul_(kernel, by_mmd2, value=chain / n**2)
        by_q += pull_self(exact_q, slope)
        return like(by_q, q), by_p, None, None, None


class _Solver:
    """Solves (K + ridge I) x = b for a Gram matrix K, factorised once.

    With a ridge the matrix is positive definite; without one only LU gets through, and what it returns is mostly
    rounding."""

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
        x: Tensor = (
            torch.cholesky_solve(column, self._factor)
            if self._positive
            else torch.linalg.lu_solve(self._factor, self._pivots, column)
        )
        return x.squeeze(1)
