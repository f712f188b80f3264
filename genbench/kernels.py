"""Kernel losses as pure functions: squared distances, Gaussian mixtures, MMD² and the density ratio.

Everything here computes in fp64, no matter how precise the features are: in fp32 the ratio's linear system returns
noise without a warning. Gradients are closed forms, tested against autograd: no n x n matrix is differentiated through.
Only a gradient that is itself differentiated, as that of a penalty, is autograd's through the definition.

Symbols: q are features of generated samples [n, d], p of real ones [m, d]; sigma is a width; K_qp[i, j] = k(q_i, p_j).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

EXPONENT_FLOOR = -80.0
"""Below about -87 exp() of a float is subnormal, and 50 times slower on a CPU; e^-80 is 0 to every loss here."""
SQUARINGS = 8
"""How often a kernel may be squared to be a narrower one: k times add some 2^k roundings, fewer than the distances
have already."""


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """Squared Euclidean distances [n, m] between the rows of x [n, d] and y [m, d], fp64, never negative."""
    x, y = _exact(x), _exact(y)
    distances = torch.addmm(x.square().sum(1, keepdim=True), x, y.T, alpha=-2.0).add_(y.square().sum(1))
    # Out of autograd's sight: it is rounding that is cut off, and at 0 the slope is 0 but the curvature is not.
    distances.detach().clamp_min_(0.0)
    return distances


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

    The biased estimate of Gretton et al. 2012, eq. 5 (the paper's eq. 2 and 10), summed over widths; never negative
    except for rounding. Differentiable any number of times in q and p.
    """
    value: Tensor = _MMD2.apply(q, p, tuple(widths))
    return value


def sqrt_mmd(mmd2: Tensor) -> Tensor:
    """The square root of an MMD² whose gradient stays finite at 0: sqrt(max(MMD², 1e-12))."""
    return mmd2.clamp_min(1e-12).sqrt()


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


class _Gaussians:
    """The Gaussian kernels of several widths of the same squared distances, widest first.

    Where (wider width / narrower width)² is a power of two, the narrower kernel is the wider one squared so many times
    over, at a tenth of the price of an exponential: the usual widths 1, 2, 4, 8, 16 take one exponential instead of
    five, and one matrix is kept for all.
    """

    def __init__(self, distances: Tensor, widths: Sequence[float]) -> None:
        """`distances` is overwritten."""
        chains: list[list[tuple[float, int]]] = []
        for width in sorted(widths, reverse=True):
            squarings = _squarings(chains[-1][-1][0], width) if chains else None
            if squarings is None or sum(times for _, times in chains[-1]) + squarings > SQUARINGS:
                chains.append([(width, 0)])
            else:
                chains[-1].append((width, squarings))
        self._chains: list[tuple[Tensor, list[tuple[float, int]]]] = []
        for number, chain in enumerate(chains, start=1):
            out = distances if number == len(chains) else torch.empty_like(distances)
            torch.mul(distances, -0.5 / chain[0][0] ** 2, out=out).clamp_min_(EXPONENT_FLOOR).exp_()
            self._chains.append((out, chain))

    def __iter__(self) -> Iterator[tuple[float, Tensor]]:
        """Each width and its kernel; do not change it, and do not use it after asking for the next one."""
        for kernel, chain in self._chains:
            scratch = torch.empty_like(kernel) if len(chain) > 1 else kernel
            for width, squarings in chain:
                for _ in range(squarings):
                    kernel = torch.mul(kernel, kernel, out=scratch)
                yield width, kernel.clamp_min_(math.exp(EXPONENT_FLOOR)) if squarings else kernel

    def mean(self) -> Tensor:
        """The mean of their sum."""
        return torch.stack([kernel.mean() for _, kernel in self]).sum()

    def mean_and_slope(self) -> tuple[Tensor, Tensor]:
        """The mean of their sum, and the derivative of that sum by the squared distance."""
        means, slope = [], torch.zeros_like(self._chains[0][0])
        for width, kernel in self:
            means.append(kernel.mean())
            slope.add_(kernel, alpha=-0.5 / width**2)
        return torch.stack(means).sum(), slope


def _squarings(wider: float, narrower: float) -> int | None:
    """How often the kernel of the wider width has to be squared to be that of the narrower one; none where no number
    does it.
    """
    power = (wider / narrower) ** 2
    times = round(math.log2(power))
    return times if abs(power / 2**times - 1) < 1e-15 else None


def _pull(x: Tensor, y: Tensor, slope: Tensor) -> Tensor:
    """The gradient by x [n, d] of a loss whose derivative by the squared distances of x to y [m, d] is `slope` [n,
    m].
    """
    across = (
        (y.T @ slope.T).T if x.shape[1] < len(x) else slope @ y
    )  # the same; of the two the first is faster where d is small
    return (slope.sum(1, keepdim=True) * x).sub_(across).mul_(2.0)


def _pull_self(x: Tensor, slope: Tensor) -> Tensor:
    """The gradient by x [n, d] of a loss whose derivative by the squared distances of x to itself is the symmetric
    `slope` [n, n].
    """
    return _pull(x, x, 2 * slope)


def _defined_mmd2(q: Tensor, p: Tensor, widths: Sequence[float]) -> Tensor:
    """MMD² as it is defined, for autograd."""
    k_qq, k_qp, k_pp = (
        mixture(distances, widths) for distances in (_self_distances(q), squared_distances(q, p), _self_distances(p))
    )
    return k_qq.mean() - 2 * k_qp.mean() + k_pp.mean()


def _defined_ratio(q: Tensor, p: Tensor, widths: Sequence[float], ridge: float) -> Tensor:
    """The density ratio as it is defined, for autograd."""
    of_q, of_p = _self_distances(q), squared_distances(q, p)
    diagonal = ridge * torch.eye(len(q), dtype=of_q.dtype, device=of_q.device)
    systems = ((gaussian(of_q, width) + diagonal, gaussian(of_p, width).sum(1)) for width in widths)
    return torch.stack([torch.linalg.solve_ex(gram, over_p)[0] for gram, over_p in systems]).mean(0) * len(q) / len(p)


def _slopes(
    definition: Callable[[Tensor, Tensor], tuple[Tensor, ...]], q: Tensor, p: Tensor, gradients: Sequence[Tensor | None]
) -> tuple[Tensor | None, Tensor | None]:
    """The gradients by q and p, given those by what the definition gives, as tensors that can be differentiated
    again.
    """
    q, p = q.view_as(q), p.view_as(p)  # two tensors, where the same one is on both sides
    pairs = [(out, _exact(by)) for out, by in zip(definition(q, p), gradients, strict=True) if by is not None]
    found = iter(
        torch.autograd.grad(
            [out for out, _ in pairs],
            [x for x in (q, p) if x.requires_grad],
            [by for _, by in pairs],
            create_graph=True,
        )
    )
    return (next(found) if q.requires_grad else None), (next(found) if p.requires_grad else None)


class _MMD2(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, q: Tensor, p: Tensor, widths: tuple[float, ...]) -> Tensor:
        n, m = len(q), len(p)
        exact_q, exact_p = _exact(q), _exact(p)
        k_qq, k_qp, k_pp = (
            _Gaussians(d, widths)
            for d in (_self_distances(exact_q), squared_distances(exact_q, exact_p), _self_distances(exact_p))
        )
        if not any(ctx.needs_input_grad):
            return _home(k_qq.mean() - 2 * k_qp.mean() + k_pp.mean(), q)
        (mean_qq, slope_qq), (mean_qp, slope_qp) = k_qq.mean_and_slope(), k_qp.mean_and_slope()
        slope_qp *= -2 / (n * m)
        by_q = _pull(exact_q, exact_p, slope_qp) + _pull_self(exact_q, slope_qq.div_(n**2))
        if ctx.needs_input_grad[1]:
            mean_pp, slope_pp = k_pp.mean_and_slope()
            by_p = _like(_pull(exact_p, exact_q, slope_qp.T) + _pull_self(exact_p, slope_pp.div_(m**2)), p)
        else:
            mean_pp, by_p = k_pp.mean(), None
        ctx.widths = widths
        ctx.save_for_backward(q, p, _like(by_q, q), by_p)
        return _home(mean_qq - 2 * mean_qp + mean_pp, q)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        q, p, by_q, by_p = ctx.saved_tensors
        if torch.is_grad_enabled():
            return *_slopes(lambda q, p: (_defined_mmd2(q, p, ctx.widths),), q, p, gradients), None
        scale = gradients[0]
        return by_q * scale.to(by_q.dtype), None if by_p is None else by_p * scale.to(by_p.dtype), None


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
        exact_q, exact_p = _exact(q), _exact(p)
        ratio, mmd2 = exact_q.new_zeros(n), exact_q.new_zeros(())
        ctx.k_pp = None
        if with_mmd2:
            ctx.k_pp = _Gaussians(_self_distances(exact_p), widths)
            mmd2 += ctx.k_pp.mean()
        ctx.k_qq, ctx.k_qp = (
            _Gaussians(_self_distances(exact_q), widths),
            _Gaussians(squared_distances(exact_q, exact_p), widths),
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
        return _home(ratio, q), _home(mmd2, q)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, Tensor | None, None, None, None]:
        q, p = ctx.saved_tensors
        if torch.is_grad_enabled():

            def definition(q: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
                return _defined_ratio(q, p, ctx.widths, ctx.ridge), _defined_mmd2(q, p, ctx.widths)

            return *_slopes(definition, q, p, gradients), None, None, None
        by_ratio, by_mmd2 = (None if gradient is None else _exact(gradient) for gradient in gradients)
        exact_q, exact_p = _exact(q), _exact(p)
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
        by_q, by_p = _pull(exact_q, exact_p, slope), _pull(exact_p, exact_q, slope.T)
        slope = exact_q.new_zeros(n, n)
        for number, (width, kernel) in enumerate(ctx.k_qq):
            chain = -0.5 / width**2
            if adjoints is not None:
                w, r = adjoints[number]
                slope.addcmul_(torch.stack((w, r), 1) @ torch.stack((r, w)), kernel, value=-chain / 2)
            if by_mmd2 is not None:
                slope.addcmul_(kernel, by_mmd2, value=chain / n**2)
        by_q += _pull_self(exact_q, slope)
        if by_mmd2 is not None and ctx.needs_input_grad[1]:
            by_p += _pull_self(exact_p, ctx.k_pp.mean_and_slope()[1].mul_(by_mmd2 / m**2))
        return _like(by_q, q), _like(by_p, p), None, None, None


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
