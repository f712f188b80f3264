"""The ranks of one trial: a differentiable gather, one simultaneous update, and launching ranks on this machine.

Every rank computes on its own rows. A loss over pairs of samples is computed on gathered rows, the same on every rank;
the gradients of all parameters are averaged over the ranks. For that average to be the gradient of one process, a
gradient that passes `gather` or `sum` is that of the sum of all ranks' losses: each of the two sends back what the
losses of the others have to say about this rank's rows. So a loss on gathered rows, a mean over one's own rows, a loss
per sample on gathered rows and a penalty on parameters all come out right, as do gradients of gradients, and no wrapper
around a module is needed: under DistributedDataParallel the second backward of a simultaneous update is not reduced and
the ranks drift apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn


class Comm:
    """What connects the ranks of a trial; on one rank everything here is the identity."""

    def __init__(self, rank: int = 0, world: int = 1) -> None:
        self.rank, self.world = rank, world

    def gather(self, rows: Tensor) -> Tensor:
        """All ranks' rows, [world * n, ...], in the order of the global batch; differentiable any number of times."""
        return rows if self.world == 1 else _Gather.apply(rows, self.rank, self.world)

    def sum(self, values: Tensor) -> Tensor:
        """The sum over ranks, of the same shape; differentiable any number of times."""
        return values if self.world == 1 else _Sum.apply(values)

    def descend(self, *pairs: tuple[torch.optim.Optimizer, Tensor]) -> None:
        """One simultaneous update: each (optimizer, loss) descends its loss at the parameters all losses were computed
        at.

        All gradients are taken before any parameter moves, each loss only into its own optimizer's parameters; then
        they are averaged over the ranks; then every optimizer steps. Parameters that a loss does not reach stay as they
        are.
        """
        for number, (optimizer, loss) in enumerate(pairs, start=1):
            parameters = _parameters(optimizer)
            keep = number < len(pairs)
            gradients = torch.autograd.grad(loss, parameters, retain_graph=keep, allow_unused=True)
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = None if gradient is None else _laid_out_as(parameter, gradient)
        for optimizer, _ in pairs:
            self._average([p.grad for p in _parameters(optimizer) if p.grad is not None])
        for optimizer, _ in pairs:
            optimizer.step()
            for parameter in _parameters(optimizer):  # as zero_grad does, without its hooks for profilers and compilers
                parameter.grad = None

    def largest(self, value: float) -> float:
        """The largest of all ranks' numbers, the same on every rank."""
        if self.world == 1:
            return value
        shared = torch.tensor(float(value), dtype=torch.float64)
        dist.all_reduce(shared, dist.ReduceOp.MAX)
        return float(shared)

    def mean(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The mean over ranks of scalars, which come under the same names on every rank."""
        if self.world == 1 or not values:
            return dict(values)
        shared = torch.stack([value.detach().to("cpu", torch.float64).reshape(()) for value in values.values()])
        dist.all_reduce(shared)
        return dict(zip(values, shared / self.world, strict=True))

    def synchronize(self, module: nn.Module) -> nn.Module:
        """The module with its batch norms over all ranks' rows; itself on one rank."""
        if self.world == 1:
            return module
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            return _SynchronizedBatchNorm(module, self)
        for name, child in module.named_children():
            setattr(module, name, self.synchronize(child))
        return module

    def _average(self, gradients: list[Tensor]) -> None:
        if self.world == 1 or not gradients:
            return
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.world
        for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))


def _parameters(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"] if parameter.requires_grad]


def _laid_out_as(parameter: Tensor, gradient: Tensor) -> Tensor:
    """The gradient with the strides of its parameter: fused optimizers walk through the memory of both and do not look.

    `torch.autograd.grad` promises no layout. With a gradient penalty it gives channels-last filters another one.
    """
    return gradient if gradient.stride() == parameter.stride() else torch.empty_like(parameter).copy_(gradient)


class _Gather(torch.autograd.Function):
    """All ranks' rows on every rank; backward every rank gets its own rows of the sum of all ranks' gradients."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, rank: int, world: int) -> Tensor:
        ctx.rank, ctx.world = rank, world
        parts = [torch.empty_like(rows, memory_format=torch.contiguous_format) for _ in range(world)]
        dist.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return _OwnRows.apply(gradients[0], ctx.rank, ctx.world), None, None


class _OwnRows(torch.autograd.Function):
    """This rank's rows of the sum over ranks: the reduce-scatter that gloo does not have; its backward is a gather."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, rank: int, world: int) -> Tensor:
        ctx.rank, ctx.world = rank, world
        return _total(rows).chunk(world)[rank]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return _Gather.apply(gradients[0], ctx.rank, ctx.world), None, None


class _Sum(torch.autograd.Function):
    """The sum over ranks on every rank, which is its own backward."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return _total(values)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total: Tensor = _Sum.apply(gradients[0])
        return total


def _total(values: Tensor) -> Tensor:
    """The sum over ranks. Contiguous, for ranks add up their memory whatever its layout is."""
    total = values.clone(memory_format=torch.contiguous_format)
    dist.all_reduce(total)
    return total


class _SynchronizedBatchNorm(nn.Module):
    """Batch norm over the rows of all ranks, for any device; torch's SyncBatchNorm takes accelerator tensors only.

    It keeps the parameters and buffers of the batch norm it replaces, under the same names."""

    def __init__(self, norm: nn.Module, comm: Comm) -> None:
        super().__init__()
        assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
        self.weight, self.bias = norm.weight, norm.bias
        self.running_mean: Tensor | None
        self.running_var: Tensor | None
        self.num_batches_tracked: Tensor | None
        for name, buffer in norm.named_buffers(recurse=False):
            self.register_buffer(name, buffer)
        self._eps, self._momentum, self._comm = norm.eps, norm.momentum, comm

    def forward(self, x: Tensor) -> Tensor:
        """Normalise [n, c, ...] per channel."""
        across = [dimension for dimension in range(x.dim()) if dimension != 1]
        shape = [1, -1] + [1] * (x.dim() - 2)
        if self.training:
            count = x.numel() // x.shape[1] * self._comm.world
            mean = self._comm.sum(x.sum(across)) / count
            variance = self._comm.sum((x - mean.view(shape)).square().sum(across)) / count
            with torch.no_grad():
                assert self.running_mean is not None
                assert self.running_var is not None
                assert self.num_batches_tracked is not None
                self.num_batches_tracked.add_(1)
                share = 1 / float(self.num_batches_tracked) if self._momentum is None else self._momentum
                self.running_mean.lerp_(mean.detach(), share)
                self.running_var.lerp_(variance.detach() * (count / (count - 1)), share)
        else:
            assert self.running_mean is not None
            assert self.running_var is not None
            mean, variance = self.running_mean, self.running_var
        x = (x - mean.view(shape)) * torch.rsqrt(variance + self._eps).view(shape)
        return x if self.weight is None else x * self.weight.view(shape) + self.bias.view(shape)


def parameters_agree(parameters: Iterable[Tensor], comm: Comm) -> bool:
    """Whether all ranks hold the same values, to the bit."""
    if comm.world == 1:
        return True
    flat = torch.cat([parameter.detach().double().reshape(-1) for parameter in parameters])
    low, high = flat.clone(), flat.clone()
    dist.all_reduce(low, dist.ReduceOp.MIN)
    dist.all_reduce(high, dist.ReduceOp.MAX)
    return bool(torch.equal(low, high))
