"""What would make an update of the ring faster, each idea beside the step as it is.

    python benchmarks/perf/ideas.py [--rounds 5] [--updates 40] [--seeds 4 16] [--compile]

`stacked`: the seeds of one setting in one process, their networks in one tensor for each layer and one optimizer for
all; kernels are still evaluated seed by seed. How far its parameters are from those of the trainers one by one after
the first updates is said too, in fp64. `compiled`: the same trainer with its networks compiled by Inductor, which needs
a C++ compiler. `unlogged`, of GRAM: without what a step returns for the log, as if it
were asked for only where a row is written. All contestants take turns; times are CPU time of one thread for one update
of one trial.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from unittest import mock

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from rounds import alternate, faster, machine
from torch import Tensor, nn
from torch._functorch import config as functorch
from torch.func import functional_call, stack_module_state, vmap

from genbench import kernels
from genbench.contract import registry
from genbench.contract.kit import Kit
from genbench.contract.streams import Draws
from genbench.contract.trainer import Trainer
from genbench.nets.mlp import MlpNet

BATCH, EXACT_UPDATES = 200, 20
Updates = Callable[[int], object]
"""Makes so many updates of each of its trials."""


def main(words: Sequence[str] | None = None) -> None:
    """Print a row for each idea."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--updates", type=int, default=40, help="in a round")
    parser.add_argument("--seeds", type=int, nargs="+", default=[4, 16])
    parser.add_argument("--methods", nargs="+", default=["gan", "gram", "mmdnet"])
    parser.add_argument("--compile", action="store_true", help="compile the networks as well: a minute")
    arguments = parser.parse_args(words)
    torch.set_num_threads(1)
    print(f"{machine()}, {arguments.rounds} rounds of {arguments.updates} updates")
    print("method  idea         ms an update  times as fast as it is (median, min to max)")
    for method in arguments.methods:
        ideas: dict[str, tuple[Updates, int]] = {"as it is": (stepping(trainer_of(method, 0)), 1)}
        if method == "gram":
            ideas["unlogged"] = unlogged(method), 1
        if arguments.compile:
            ideas["compiled"] = compiled(method), 1
        for seeds in arguments.seeds:
            ideas[f"stacked, {seeds}"] = Stacked(method, seeds).updates, seeds
        times = {idea: -(-arguments.updates // trials) for idea, (_, trials) in ideas.items()}
        found = alternate({idea: partial(ideas[idea][0], times[idea]) for idea in ideas}, arguments.rounds)
        each = {
            idea: found[idea]._replace(seconds=[s / (times[idea] * trials) for s in found[idea].seconds])
            for idea, (_, trials) in ideas.items()
        }
        for idea, outcome in each.items():
            print(
                f"{method:6}  {idea:11}  {outcome.usual * 1e3:12.2f}  {faster(outcome, each['as it is'])}", flush=True
            )
    for method in arguments.methods:
        print(
            f"{method}: stacked and one by one differ by {difference(method):.1e} after {EXACT_UPDATES} updates in fp64"
        )


def trainer_of(method: str, seed: int, dtype: torch.dtype = torch.float32) -> Trainer:
    """A trainer with its settings for the ring."""
    found = registry.load("methods", method)
    kit = Kit(
        shape=(2,),
        architecture=registry.load("architectures", "mlp"),
        net=MlpNet(),
        seed=seed,
        draws=Draws(seed),
        dtype=dtype,
    )
    trainer: Trainer = found.trainer(
        found.config(**{key: cited.value for key, cited in found.presets["ring"].items()}), kit
    )
    return trainer


def batches(dtype: torch.dtype = torch.float32) -> Iterator[Tensor]:
    """Points about a ring, over and over."""
    generator = torch.Generator().manual_seed(0)
    return itertools.cycle([torch.randn(BATCH, 2, generator=generator).to(dtype) for _ in range(4)])


def stepping(trainer: Trainer, dtype: torch.dtype = torch.float32) -> Updates:
    """Steps of a trainer on its own batches."""
    stream = batches(dtype)

    def updates(times: int) -> None:
        for _ in range(times):
            trainer.step(stream)

    return updates


def unlogged(method: str) -> Updates:
    """The same without the scalars that a step returns."""
    trainer = trainer_of(method, 0)
    steps, module = stepping(trainer), sys.modules[type(trainer).__module__]

    def updates(times: int) -> None:
        with mock.patch.object(module, "scalars", return_value={}):
            steps(times)

    return updates


def compiled(method: str) -> Updates:
    """The same with compiled networks."""
    trainer = trainer_of(method, 0)
    functorch.donated_buffer = False  # two losses go backward through one pass
    for network in trainer.children():
        network.compile(dynamic=False)
    steps = stepping(trainer)
    steps(2)
    return steps


class Stacked:
    """The seeds of one setting as one update of stacked networks."""

    def __init__(self, method: str, seeds: int, dtype: torch.dtype = torch.float32) -> None:
        self.method, self.stream = method, batches(dtype)
        self.trainers = [trainer_of(method, seed, dtype) for seed in range(seeds)]
        first = self.trainers[0]
        self.config, self.comm = first.config, first.kit.comm
        self.weights: dict[str, Tensor] = {}
        self.generator, self.of_generator = self._stack("generator")
        if method != "mmdnet":
            self.critic, self.of_critic = self._stack("critic")

    def _stack(self, role: str) -> tuple[Callable[[Tensor], Tensor], torch.optim.Optimizer]:
        networks: list[nn.Module] = [getattr(trainer, role) for trainer in self.trainers]
        weights, buffers = stack_module_state(networks)
        optimizer = getattr(self.trainers[0], f"{role}_optimizer")
        self.weights |= {f"{role}.{name}": weight for name, weight in weights.items()}
        settings = {key: value for key, value in optimizer.param_groups[0].items() if key != "params"}
        over_seeds = vmap(lambda weights, buffers, rows: functional_call(networks[0], (weights, buffers), (rows,)))
        return partial(over_seeds, weights, buffers), type(optimizer)(list(weights.values()), **settings)

    def updates(self, times: int) -> None:
        """So many updates of every seed."""
        for _ in range(times):
            real = torch.stack([next(self.stream)] * len(self.trainers))
            fake = self.generator(torch.stack([trainer.kit.noise(BATCH) for trainer in self.trainers]))
            getattr(self, f"_{self.method}")(real, fake)

    def _gan(self, real: Tensor, fake: Tensor) -> None:
        plus = nn.functional.softplus
        loss = plus(-self.critic(real)).mean((1, 2)) + plus(self.critic(fake.detach())).mean((1, 2))
        self.comm.descend((self.of_critic, loss.sum()))
        self.comm.descend((self.of_generator, plus(-self.critic(fake)).mean((1, 2)).sum()))

    def _gram(self, real: Tensor, fake: Tensor) -> None:
        pairs = zip(self.critic(fake), self.critic(real), strict=True)
        config = self.config
        found = [kernels.ratio_and_mmd2(q, p, config.widths, config.ridge) for q, p in pairs]
        gains = [kernels.pearson_divergence(ratio) + config.positivity * ratio.sum() for ratio, _ in found]
        mmds = [kernels.sqrt_mmd(mmd2) for _, mmd2 in found]
        self.comm.descend((self.of_critic, -torch.stack(gains).sum()), (self.of_generator, torch.stack(mmds).sum()))

    def _mmdnet(self, real: Tensor, fake: Tensor) -> None:
        losses = [kernels.sqrt_mmd(kernels.mmd2(q, p, self.config.widths)) for q, p in zip(fake, real, strict=True)]
        self.comm.descend((self.of_generator, torch.stack(losses).sum()))


def difference(method: str, seeds: int = 3) -> float:
    """The largest difference of a parameter, stacked and one by one, in fp64."""
    stacked = Stacked(method, seeds, torch.float64)
    stacked.updates(EXACT_UPDATES)
    largest = 0.0
    for seed in range(seeds):
        trainer = trainer_of(method, seed, torch.float64)
        stepping(trainer, torch.float64)(EXACT_UPDATES)
        for name, parameter in trainer.named_parameters():
            largest = max(largest, (stacked.weights[name][seed] - parameter).abs().max().item())
    return largest


if __name__ == "__main__":
    main()
