"""Gradients of kernel losses by the points: in closed form, and by autograd where they are differentiated again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from genbench.kernels.precision import exact


def pull(x: Tensor, y: Tensor, slope: Tensor) -> Tensor:
    """The gradient by x [n, d] of a loss whose derivative by the squared distances of x to y [m, d] is `slope` [n,
    m].
    """
    # Both are the same; the first is faster where d is small.
    across = (y.T @ slope.T).T if x.shape[1] < len(x) else slope @ y
    return (slope.sum(1, keepdim=True) * x).sub_(across).mul_(2.0)


def pull_self(x: Tensor, slope: Tensor) -> Tensor:
    """The gradient by x [n, d] of a loss whose derivative by the squared distances of x to itself is the symmetric
    `slope` [n, n].
    """
    return pull(x, x, slope).mul_(2.0)


def awaited(ctx: Any) -> list[bool]:
    """Of the tensors that a function was given first to last, whose gradients the pass that runs now will use.

    ctx.needs_input_grad says whose gradients anybody could ask for: where two losses go backward one after the other,
    each into its own network, that is more.
    """
    return [
        # The engine is not asked about leaves: it does not say. Torch itself has no public name for the question.
        node is not None and (hasattr(node, "variable") or torch._C._will_engine_execute_node(node))
        for node, _ in ctx.next_functions
    ]


def differentiable_slopes(
    definition: Callable[[Tensor, Tensor], tuple[Tensor, ...]], q: Tensor, p: Tensor, gradients: Sequence[Tensor | None]
) -> tuple[Tensor | None, Tensor | None]:
    """The gradients by q and p, given those by what the definition gives, as tensors that can be differentiated
    again.
    """
    q, p = q.view_as(q), p.view_as(p)  # two tensors, where the same one is on both sides
    pairs = [(out, exact(by)) for out, by in zip(definition(q, p), gradients, strict=True) if by is not None]
    found = iter(
        torch.autograd.grad(
            [out for out, _ in pairs],
            [x for x in (q, p) if x.requires_grad],
            [by for _, by in pairs],
            create_graph=True,
        )
    )
    return (next(found) if q.requires_grad else None), (next(found) if p.requires_grad else None)
