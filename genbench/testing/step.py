"""What a step does: it takes batches, moves the generator, and returns scalars."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_pre_hook

from genbench.contract.trainer import Method
from genbench.testing.assertions import ContractError, demand, kind, problem
from genbench.testing.miniature import SHAPES, VECTORS, TinyRun


def shapes(method: Method) -> None:
    """A trainer makes a step on vectors and on images of one and of three channels."""
    for shape in SHAPES:
        try:
            run = TinyRun(method.trainer, method.config(), shape)
            run.step()
            samples = run.sample()
        except Exception as error:  # whatever a plugin raises is the plugin's fault and must be shown as such
            raise ContractError(
                f"expected a step on data of shape {shape}, got {problem(error, method)}; take the shape from kit.shape"
                " or from the batch, and make vectors of images with images.flatten(1)"
            ) from error
        demand(
            bool(samples.isfinite().all()),
            f"after one step on data of shape {shape} the samples are not finite; look for a division or a root at 0",
        )


def scalars(method: Method) -> None:
    """A step returns a mapping of finite scalar tensors, under the same names every time."""
    run = TinyRun(method.trainer, method.config(), VECTORS)
    first: list[str] = []
    for update in range(2):
        values = run.step()
        demand(
            isinstance(values, Mapping),
            f"step returned {kind(values)}; return a mapping of scalar tensors, as in {{'loss': loss.detach()}}",
        )
        for name, value in values.items():
            demand(isinstance(name, str), f"step returned a value under {name!r}; use strings as names")
            demand(
                isinstance(value, Tensor) and value.dim() == 0,
                f"step returned {kind(value)} as '{name}'; return a tensor without dimensions: "
                "loss.detach() instead of loss.item(), values.mean() instead of values",
            )
            demand(
                not value.requires_grad,
                f"step returned '{name}' with its graph, which holds all of the update's memory until the value is"
                " logged; return loss.detach()",
            )
            demand(
                bool(torch.isfinite(value)),
                f"'{name}' is {float(value)} after {update + 1} updates of a tiny network; look for a logarithm, a root"
                " or a division at 0",
            )
        first = first or sorted(values)
        demand(
            sorted(values) == first,
            f"step returned {first} at first and {sorted(values)} at update {update + 1}; return the same names every"
            " time, so that columns have no holes",
        )


def progress(method: Method) -> None:
    """A step changes the generator that samples come from."""
    run = TinyRun(method.trainer, method.config(), VECTORS, norm=False)
    before = run.sample()
    run.step()
    demand(
        not torch.equal(before, run.sample()),
        "expected other samples after a step, got the same to the bit; see that the optimizer holds the parameters of"
        " the generator that sample uses, and that the loss reaches them (no detach or no_grad on the way)",
    )


def batches(method: Method) -> None:
    """A step takes at least one batch, as many as it needs, leaves them as they are, and comes to an end."""
    for shape in (VECTORS, SHAPES[-1]):
        run = TinyRun(method.trainer, method.config(), shape)
        run.step()
        demand(
            run.batches.position > 0,
            "a step took no batch; call next(batches) in every step: the budget counts the images taken, and a trial"
            " whose steps take none never ends",
        )
        given = run.batches.last
        demand(
            given is None or torch.equal(given, run.batches.at(run.batches.position - 1)),
            f"a step changed its batch of shape {tuple(run.batches.at(0).shape)} in place; make a new tensor,"
            " images * 2 instead of images.mul_(2): whatever else reads the batch would see other images",
        )


def randomness(method: Method) -> None:
    """A step neither seeds nor uses torch's global generator."""
    for shape in (VECTORS, SHAPES[-1]):
        run = TinyRun(method.trainer, method.config(), shape)
        with torch.random.fork_rng(devices=[run.kit.device] if run.kit.device.type == "cuda" else []):
            torch.rand(1, device=run.kit.device)  # a state amid a stream: seeding shows even where it was set before
            before = _generators(run.kit.device)
            run.step()
            used = not all(map(torch.equal, before, _generators(run.kit.device)))
        demand(
            not used,
            f"a step on data of shape {shape} used torch's global generator, so that a resumed trial goes on"
            " differently; draw from kit.noise, kit.normal and kit.uniform, not from torch.randn, and do without"
            " dropout",
        )


def _generators(device: torch.device) -> list[Tensor]:
    """The states of torch's global generators, the CPU's and the device's."""
    own = [torch.cuda.get_rng_state(device)] if device.type == "cuda" else []
    return [torch.get_rng_state(), *own]


def layout(method: Method) -> None:
    """Every gradient lies in memory as its parameter does when an optimizer steps."""
    for shape in (VECTORS, SHAPES[-1]):
        misplaced = _misplaced(TinyRun(method.trainer, method.config(), shape))
        demand(
            not misplaced,
            f"on data of shape {shape} the gradient of {', '.join(misplaced)} lies in memory otherwise than its"
            " parameter; a fused optimizer does not look and would take each number for another entry's: let"
            " kit.comm.descend((optimizer, loss), …) take the gradients",
        )


def _misplaced(run: TinyRun) -> list[str]:
    """The parameters of a step whose gradients have other strides than they, as the optimizers see them."""
    names = {id(parameter): name for name, parameter in run.trainer.named_parameters()}
    found: dict[str, None] = {}

    def look(optimizer: torch.optim.Optimizer, *_: object) -> None:
        for parameter in (parameter for group in optimizer.param_groups for parameter in group["params"]):
            if parameter.grad is not None and _strides(parameter.grad) != _strides(parameter):
                found[names.get(id(parameter), "a parameter")] = None

    hook = register_optimizer_step_pre_hook(look)
    try:
        run.step()
    finally:
        hook.remove()
    return list(found)


def _strides(x: Tensor) -> list[int]:
    """The strides of the dimensions that have more than one entry."""
    return [stride for stride, size in zip(x.stride(), x.shape, strict=True) if size > 1]
