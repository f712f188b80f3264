"""One good tiny method, and methods that differ from it in one fault each: every check of the contract has one."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from genbench.kernels import mixture, mmd2, squared_distances
from genbench.plugin import Kit, Method, Trainer, cite, setting


@dataclass(frozen=True, kw_only=True)
class Config:
    lr: float = setting(1e-2, "learning rate", above=0)
    widths: tuple[float, ...] = setting((0.5, 2.0), "widths of the kernel", above=0)
    loss: Literal["mmd", "wish"] = setting("mmd", "what is minimised")


class Good(Trainer):
    """A generator that minimises the MMD to the data."""

    def __init__(self, config: Config, kit: Kit) -> None:
        super().__init__(config, kit)
        self.generator = kit.generator()
        self.optimizer = torch.optim.Adam(self.generator.parameters(), lr=config.lr)
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        real = next(batches)
        fake = self.generator(self.kit.noise(len(real)))
        loss = self.loss(self.kit.comm.gather(fake.flatten(1)), self.kit.comm.gather(real.flatten(1)))
        self.kit.comm.descend((self.optimizer, loss))
        self.updates += 1
        return {"loss": loss.detach()}

    def loss(self, fake: Tensor, real: Tensor) -> Tensor:
        return mmd2(fake, real, self.config.widths)

    def sample(self, z: Tensor) -> Tensor:
        return self.generator(z)


GOOD = Method(
    name="good",
    trainer=Good,
    config=Config,
    paper="Gretton et al. 2012",
    presets={"ring": {"lr": cite(1e-3, "made up")}},
    variants={"wide": {"widths": (4.0,)}},
)


class NoSample(Trainer):
    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        return {"loss": next(batches).mean()}


@dataclass(kw_only=True, eq=False)
class ThawedConfig:
    lr: float = 1e-2
    widths: tuple[float, ...] = (1.0,)
    loss: str = "mmd"


@dataclass(frozen=True)
class PositionalConfig:
    lr: float = 1e-2
    widths: tuple[float, ...] = (1.0,)
    loss: str = "mmd"


@dataclass(frozen=True, kw_only=True)
class DemandingConfig:
    lr: float


@dataclass(frozen=True, kw_only=True)
class UnhashableConfig:
    widths: list[float] = field(default_factory=lambda: [1.0])


@dataclass(frozen=True, kw_only=True)
class StrangeConfig:
    widths: dict[str, float] | None = None


@dataclass(frozen=True, kw_only=True)
class MistypedConfig:
    lr: float = "0.01"  # type: ignore[assignment]
    widths: tuple[float, ...] = (1.0,)


class ImagesOnly(Good):
    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        values = super().step(batches)
        _, _, height, _ = next(batches).shape
        return {**values, "height": torch.tensor(height)}


class ColoursOnly(Good):
    def loss(self, fake: Tensor, real: Tensor) -> Tensor:
        assert real.shape[1] != 256, "grey"
        return super().loss(fake, real)


class Idle(Good):
    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        self.updates += 1
        return {"loss": torch.zeros(())}


class Insatiable(Good):
    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        return super().step(iter([torch.cat(list(batches))]))


class Schedules(Good):
    def kind_of_step(self) -> str:
        return "step"

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        for group in self.optimizer.param_groups:
            group["lr"] = 1e-2 * (1 - self.kit.progress)
        return super().step(batches)


class Bursts(Good):
    def kind_of_step(self) -> str:
        return "step"

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        return super().step(batches if self.updates == 0 else iter([next(batches) * 2]))


class ReturnsFloats(Good):
    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        return {name: value.item() for name, value in super().step(batches).items()}


class ReturnsRows(Good):
    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        return {name: value.expand(1) for name, value in super().step(batches).items()}


class ReturnsNothing(Good):
    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        super().step(batches)


class ReturnsInfinity(Good):
    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        return {name: value / 0 for name, value in super().step(batches).items()}


class ReturnsOtherNames(Good):
    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        values = super().step(batches)
        return {**values, "odd": values["loss"]} if self.updates % 2 else values


class Detached(Good):
    def __init__(self, config: Config, kit: Kit) -> None:
        super().__init__(config, kit)
        self.other = kit.generator()
        self.optimizer = torch.optim.Adam(self.other.parameters(), lr=config.lr)

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        real = next(batches)
        fake = self.other(self.kit.noise(len(real)))
        loss = self.loss(self.kit.comm.gather(fake.flatten(1)), self.kit.comm.gather(real.flatten(1)))
        self.kit.comm.descend((self.optimizer, loss))
        return {"loss": loss.detach()}


class GlobalNoise(Good):
    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        torch.randn(2)
        return super().step(batches)


class GlobalSeed(Good):
    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        torch.manual_seed(0)
        return super().step(batches)


class Dropout(Good):
    def __init__(self, config: Config, kit: Kit) -> None:
        super().__init__(config, kit)
        self.dropout = nn.Dropout(0.5)

    def loss(self, fake: Tensor, real: Tensor) -> Tensor:
        return super().loss(self.dropout(fake), real)


class OwnStart(Good):
    def __init__(self, config: Config, kit: Kit) -> None:
        super().__init__(config, kit)
        with torch.no_grad():
            for parameter in self.generator.parameters():
                parameter.mul_(0.5)


class Flowing(Trainer):
    """A good one that samples by following a field from noise in the data's shape."""

    latent = "data"
    start = "field"
    evaluations = 3

    def __init__(self, config: Config, kit: Kit) -> None:
        super().__init__(config, kit)
        self.field = self.build(kit)
        self.optimizer = torch.optim.Adam(self.field.parameters(), lr=config.lr)

    def build(self, kit: Kit) -> nn.Module:
        return kit.field()

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        real = next(batches)
        noise, t = self.kit.normal(tuple(real.shape)), self.kit.uniform(len(real))
        share = t.view(-1, *[1] * (real.dim() - 1))
        loss = (self.field(noise + share * (real - noise), t) - (real - noise)).square().mean()
        self.kit.comm.descend((self.optimizer, loss))
        return {"loss": loss.detach()}

    def sample(self, z: Tensor) -> Tensor:
        for number in range(3):
            z = z + self.field(z, torch.full((len(z),), number / 3, dtype=z.dtype)) / 3
        return z if z.dim() == 2 else z.clamp(-1, 1)


class UndeclaredFlow(Flowing):
    start = "generator"


class MisnamedStart(Flowing):
    start = "noise"  # type: ignore[assignment]


class OwnWeights(Flowing):
    def build(self, kit: Kit) -> nn.Module:
        field = kit.field()
        with torch.no_grad():
            for parameter in field.parameters():
                parameter.mul_(0.5)
        return field


class OneStartForAllSeeds(Flowing):
    start = "own"

    def build(self, kit: Kit) -> nn.Module:
        return replace(kit, seed=0).field()


class HiddenPasses(Flowing):
    evaluations = 1


class FlatSamples(Good):
    def sample(self, z: Tensor) -> Tensor:
        return self.generator(z).flatten(1)


class DoubleSamples(Good):
    def sample(self, z: Tensor) -> Tensor:
        return self.generator(z).double()


class BrightSamples(Good):
    def sample(self, z: Tensor) -> Tensor:
        return self.generator(z) * 127.5 + 127.5


class SqueezedSamples(Good):
    def sample(self, z: Tensor) -> Tensor:
        return self.generator(z).squeeze(0)


class SamplesInTraining(Good):
    def sample(self, z: Tensor) -> Tensor:
        self.train()
        samples = self.generator(z)
        self.eval()
        return samples


class LeavesTraining(Good):
    def sample(self, z: Tensor) -> Tensor:
        samples = self.generator(z)
        self.train()
        return samples


class SamplesNoise(Good):
    def sample(self, z: Tensor) -> Tensor:
        self.kit.noise(len(z))
        return self.generator(z)


class SamplesGlobalNoise(Good):
    def sample(self, z: Tensor) -> Tensor:
        torch.randn_like(z)
        return self.generator(z)


class CountsSamples(Good):
    def sample(self, z: Tensor) -> Tensor:
        self.updates += len(z)
        return self.generator(z)


class CentredSamples(Good):
    def sample(self, z: Tensor) -> Tensor:
        samples = self.generator(z)
        return samples - samples.mean(0)


class Projecting(Good):
    """A good one that compares images by features of its own."""

    def __init__(self, config: Config, kit: Kit) -> None:
        super().__init__(config, kit)
        self.critic = kit.critic(3)

    def project(self, images: Tensor) -> Tensor:
        return self.critic(images)


class ProjectsInTraining(Projecting):
    def project(self, images: Tensor) -> Tensor:
        self.train()
        features = super().project(images)
        self.eval()
        return features


class ProjectsNoise(Projecting):
    def project(self, images: Tensor) -> Tensor:
        return super().project(images) + self.kit.noise(len(images))[:, :1]


class ProjectsTogether(Projecting):
    def project(self, images: Tensor) -> Tensor:
        return self.kit.comm.gather(super().project(images))


class ProjectsToMaps(Projecting):
    def project(self, images: Tensor) -> Tensor:
        return super().project(images).unsqueeze(2)


class ProjectsToTheMean(Projecting):
    def project(self, images: Tensor) -> Tensor:
        return super().project(images).mean(0, keepdim=True)


class PythonRandom(Good):
    def loss(self, fake: Tensor, real: Tensor) -> Tensor:
        return super().loss(fake, real) * random.uniform(0.5, 1.5)


class OwnNetwork(Good):
    def __init__(self, config: Config, kit: Kit) -> None:
        super().__init__(config, kit)
        self.own = nn.Linear(2, 2)


class HiddenOptimizer(Good):
    def __init__(self, config: Config, kit: Kit) -> None:
        super().__init__(config, kit)
        self.optimizers = [self.optimizer]
        del self.optimizer

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        real = next(batches)
        fake = self.generator(self.kit.noise(len(real)))
        loss = self.loss(self.kit.comm.gather(fake.flatten(1)), self.kit.comm.gather(real.flatten(1)))
        self.kit.comm.descend((self.optimizers[0], loss))
        return {"loss": loss.detach()}


class Scheduled(Good):
    """A good one whose learning rate falls by a schedule, and whose noise by the budget."""

    def __init__(self, config: Config, kit: Kit) -> None:
        super().__init__(config, kit)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, T_max=4)

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        values = super().step(batches)
        self.schedule.step()
        return values

    def loss(self, fake: Tensor, real: Tensor) -> Tensor:
        projection = self.kit.normal((fake.shape[1], 3), shared=True)
        jitter = self.kit.comm.gather(self.kit.normal((len(fake) // self.kit.comm.world, 3)))
        return super().loss(fake @ projection + (1 - self.kit.progress) * jitter, real @ projection)


class HiddenSchedule(Scheduled):
    def __init__(self, config: Config, kit: Kit) -> None:
        super().__init__(config, kit)
        self.schedules = [self.schedule]
        del self.schedule

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        values = Good.step(self, batches)
        self.schedules[0].step()
        return values


class PlainCounter(Good):
    def __init__(self, config: Config, kit: Kit) -> None:
        super().__init__(config, kit)
        self.count = 0

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        self.count += 1
        return super().step(batches)


class Memory:
    """Keeps the last value it was given, out of sight."""

    last = 1.0


class SecretMemory(Good):
    def __init__(self, config: Config, kit: Kit) -> None:
        super().__init__(config, kit)
        self.memory = Memory()

    def loss(self, fake: Tensor, real: Tensor) -> Tensor:
        loss = super().loss(fake, real) * self.memory.last
        self.memory.last = 0.5
        return loss


class UnsafeState(Good):
    def get_extra_state(self) -> dict[str, Any]:
        return {**super().get_extra_state(), "config": self.config}


class UnfinishedVariant(Good):
    def loss(self, fake: Tensor, real: Tensor) -> Tensor:
        if self.config.loss == "wish":
            raise NotImplementedError("wish")
        return super().loss(fake, real)


class Alone(Good):
    """Each rank follows its own gradient."""

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        real = next(batches)
        fake = self.generator(self.kit.noise(len(real)))
        loss = self.loss(self.kit.comm.gather(fake.flatten(1)), self.kit.comm.gather(real.flatten(1)))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return {"loss": loss.detach()}


class Ungathered(Good):
    """Each rank computes a loss over pairs of its own rows."""

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        real = next(batches)
        loss = self.loss(self.generator(self.kit.noise(len(real))).flatten(1), real.flatten(1))
        self.kit.comm.descend((self.optimizer, loss))
        return {"loss": loss.detach()}


class WrongOnTheSecond(Good):
    """The second rank's gradient points the other way."""

    def loss(self, fake: Tensor, real: Tensor) -> Tensor:
        return super().loss(fake, real) * (1 - 2 * self.kit.comm.rank)


class RaisesOnTheSecond(Good):
    """The second rank breaks down."""

    def loss(self, fake: Tensor, real: Tensor) -> Tensor:
        if self.kit.comm.rank == 1:
            raise ArithmeticError("one too many")
        return super().loss(fake, real)


class WaitsForTheSecond(Good):
    """The first rank gathers once more than the second."""

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        values = super().step(batches)
        if self.kit.comm.rank == 0 and self.updates == 2:
            self.kit.comm.gather(values["loss"].reshape(1))
        return values


class OwnDirections(Scheduled):
    """Each rank projects onto directions of its own."""

    def loss(self, fake: Tensor, real: Tensor) -> Tensor:
        projection = self.kit.normal((fake.shape[1], 3))
        return Good.loss(self, fake @ projection, real @ projection)


class RemembersOwnRows(Good):
    """Each rank keeps a mean of its own rows."""

    def __init__(self, config: Config, kit: Kit) -> None:
        super().__init__(config, kit)
        self.register_buffer("mean", torch.zeros((), dtype=torch.float64))

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        real = next(batches)
        self.mean.lerp_(real.double().mean(), 0.1)
        return super().step(iter([real]))


class UngatheredImages(Ungathered):
    """It gathers vectors only."""

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        return Good.step(self, batches) if len(self.kit.shape) == 1 else super().step(batches)


class UngatheredWish(Ungathered):
    """It gathers in one variant only."""

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        return Good.step(self, batches) if self.config.loss == "mmd" else super().step(batches)


class Chaotic(Good):
    """A good one whose steps depend on the last digits of its loss."""

    def loss(self, fake: Tensor, real: Tensor) -> Tensor:
        loss = super().loss(fake, real)
        return loss * (1.5 + (loss.detach() * 1e12).sin())


class Penalised(Good):
    """A good one with a critic and a penalty on its slopes, through whatever batch norm it has: WGAN-GP."""

    def __init__(self, config: Config, kit: Kit) -> None:
        super().__init__(config, kit)
        self.critic = kit.critic(2, bias=False)
        self.critic_optimizer = torch.optim.Adam(self.critic.parameters(), lr=config.lr)

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        real = next(batches)
        fake = self.generator(self.kit.noise(len(real)))
        between, of_real = (real + fake.detach()).div(2).requires_grad_(), self.critic(real)
        (slope,) = torch.autograd.grad(self.values(between, real, fake.detach()), between, create_graph=True)
        penalty = slope.flatten(1).square().sum(1).mean()
        self.descend((self.critic_optimizer, penalty - of_real.square().mean()))
        self.kit.comm.descend((self.optimizer, self.critic(fake).square().mean()))
        return {"penalty": penalty.detach()}

    def values(self, between: Tensor, real: Tensor, fake: Tensor) -> Tensor:
        return self.critic(between).square().sum()

    def descend(self, pair: tuple[torch.optim.Optimizer, Tensor]) -> None:
        self.kit.comm.descend(pair)


class DescendsAlone(Penalised):
    """It takes the gradients of its critic itself."""

    def descend(self, pair: tuple[torch.optim.Optimizer, Tensor]) -> None:
        optimizer, loss = pair
        parameters = list(self.critic.parameters())
        for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter.grad = gradient
        optimizer.step()


class PenalisedWitness(Penalised):
    """A good one whose penalty is that of the MMD's witness: it depends on the features of all rows."""

    def values(self, between: Tensor, real: Tensor, fake: Tensor) -> Tensor:
        h, p, q = self.critic(between), self.gather(self.critic(real)), self.gather(self.critic(fake))
        return (kernel(h, p) - kernel(h, q)).mean(1).sum()

    def gather(self, rows: Tensor) -> Tensor:
        return self.kit.comm.gather(rows)


class PenalisedOwnWitness(PenalisedWitness):
    """Its witness knows the rank's own rows only."""

    def gather(self, rows: Tensor) -> Tensor:
        return rows


class PenalisedPairs(Penalised):
    """A good one whose penalty is that of the MMD itself, a loss on gathered rows."""

    def values(self, between: Tensor, real: Tensor, fake: Tensor) -> Tensor:
        q, p = (self.kit.comm.gather(self.critic(images)) for images in (between, real))
        return mmd2(q, p, self.config.widths) / self.share()

    def share(self) -> int:
        return self.kit.comm.world


class PenalisedPairsTwice(PenalisedPairs):
    """Every rank counts the slope of the same loss."""

    def share(self) -> int:
        return 1


def kernel(x: Tensor, y: Tensor) -> Tensor:
    return mixture(squared_distances(x, y), (0.5, 2.0))


class GlobalNoiseOfImages(Good):
    def loss(self, fake: Tensor, real: Tensor) -> Tensor:
        return super().loss(fake + (torch.rand_like(fake) if fake.shape[1] > 2 else 0), real)


class RandomOnImages(Good):
    def loss(self, fake: Tensor, real: Tensor) -> Tensor:
        return super().loss(fake, real) * (random.uniform(0.5, 1.5) if fake.shape[1] > 2 else 1)


class ForgetsImages(SecretMemory):
    def loss(self, fake: Tensor, real: Tensor) -> Tensor:
        return super().loss(fake, real) if fake.shape[1] > 2 else Good.loss(self, fake, real)


class RemembersOwnImages(RemembersOwnRows):
    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        return super().step(batches) if len(self.kit.shape) == 3 else Good.step(self, batches)


class SamplesOwnRows(Good):
    """Each rank adds a mean of its own rows to its samples, and keeps it out of the state."""

    def __init__(self, config: Config, kit: Kit) -> None:
        super().__init__(config, kit)
        self.register_buffer("mean", torch.zeros((), dtype=kit.dtype), persistent=False)

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        real = next(batches)
        self.mean += real.mean()
        return super().step(iter([real]))

    def sample(self, z: Tensor) -> Tensor:
        return self.generator(z) + self.mean


class SeededNetwork(Good):
    def __init__(self, config: Config, kit: Kit) -> None:
        super().__init__(config, kit)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.own = nn.Linear(2, 2)


class IgnoresData(Good):
    def loss(self, fake: Tensor, real: Tensor) -> Tensor:
        return super().loss(fake, torch.ones_like(real))


class LateMemory:
    """Counts, and means it after ten."""

    def __init__(self) -> None:
        self.count = 0

    def factor(self) -> float:
        self.count += 1
        return 0.5 if self.count > 10 else 1.0


class LateCounter(Good):
    def __init__(self, config: Config, kit: Kit) -> None:
        super().__init__(config, kit)
        self.memory = LateMemory()

    def loss(self, fake: Tensor, real: Tensor) -> Tensor:
        return super().loss(fake * self.memory.factor(), real)


class KeepsTheGraph(Good):
    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        super().step(batches)
        return {"loss": self.generator(self.kit.noise(2)).mean()}


class ChangesTheBatch(Good):
    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        return super().step(iter([next(batches).mul_(0.5)]))


class SetsThreads(Good):
    def __init__(self, config: Config, kit: Kit) -> None:
        super().__init__(config, kit)
        torch.set_num_threads(torch.get_num_threads() + 1)


class SetsFlags(Good):
    def __init__(self, config: Config, kit: Kit) -> None:
        super().__init__(config, kit)
        torch.backends.cudnn.benchmark = not torch.backends.cudnn.benchmark


class SeedsEverything(Good):
    def __init__(self, config: Config, kit: Kit) -> None:
        torch.manual_seed(0)
        super().__init__(config, kit)


class SeedsNumpy(Good):
    def __init__(self, config: Config, kit: Kit) -> None:
        np.random.seed(7)
        super().__init__(config, kit)


class StepsInDouble(Good):
    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        torch.set_default_dtype(torch.float64)
        return super().step(batches)


class SamplesOneOtherwise(Good):
    def sample(self, z: Tensor) -> Tensor:
        return self.generator(z) * (0.5 if len(z) == 1 else 1)


class OrderOfASet(Good):
    def loss(self, fake: Tensor, real: Tensor) -> Tensor:
        order = list({f"role {number}" for number in range(40)})
        return super().loss(fake * (1 + order.index("role 7") / 40), real)


class MovesByHand(Good):
    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        values = super().step(batches)
        with torch.no_grad():
            for parameter in self.generator.parameters():
                parameter.mul_(0.99)
        return values


class SamplesFromACopy(Good):
    """It samples from a copy of the generator that is no part of it."""

    def __init__(self, config: Config, kit: Kit) -> None:
        super().__init__(config, kit)
        self.copies = [kit.generator()]

    def sample(self, z: Tensor) -> Tensor:
        return self.copies[0].eval()(z)

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        values = super().step(batches)
        self.copies[0].load_state_dict(self.generator.state_dict())
        return values


class OwnAverage(Good):
    """A good one that samples from an average of its own."""

    def __init__(self, config: Config, kit: Kit) -> None:
        super().__init__(config, kit)
        self.average = copy.deepcopy(self.generator).requires_grad_(False)

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        values = super().step(batches)
        with torch.no_grad():
            for kept, new in zip(self.average.parameters(), self.generator.parameters(), strict=True):
                kept.lerp_(new, 0.5)
            self.follow()
        return values

    def follow(self) -> None:
        for kept, new in zip(self.average.buffers(), self.generator.buffers(), strict=True):
            kept.copy_(new)

    def sample(self, z: Tensor) -> Tensor:
        return self.average(z)


class LeavesStatisticsBehind(OwnAverage):
    def follow(self) -> None:
        pass


class Fault(NamedTuple):
    """A method with one fault, the check that must find it, and a word its message must hold."""

    check: str
    method: Method
    says: str


def _trainer(trainer: type[Trainer]) -> Method:
    return replace(GOOD, name=trainer.__name__.lower(), trainer=trainer)


def _config(config: type) -> Method:
    return replace(GOOD, name=config.__name__.lower(), config=config, presets={}, variants={})


FAULTS = [
    Fault("announcement", replace(GOOD, name="train"), "choose a name"),
    Fault("announcement", replace(GOOD, name="two words"), "choose a name"),
    Fault("announcement", replace(GOOD, name="uncited", paper=""), "where the method comes from"),
    Fault("announcement", replace(GOOD, name="function", trainer=print), "extends genbench.plugin.Trainer"),
    Fault("announcement", _trainer(NoSample), "does not define sample"),
    Fault("settings", _config(dict), "not a dataclass"),
    Fault("settings", _config(ThawedConfig), "is not frozen"),
    Fault("settings", _config(PositionalConfig), "by position"),
    Fault("settings", _config(DemandingConfig), "lr has no default"),
    Fault("settings", _config(UnhashableConfig), "use a tuple"),
    Fault("settings", _config(StrangeConfig), "settings are int, float"),
    Fault("settings", _config(MistypedConfig), "declared types"),
    Fault(
        "choices",
        replace(GOOD, name="misspelt", variants={"wide": {"wdiths": (4.0,)}}),
        "did you mean 'misspelt.widths'",
    ),
    Fault("choices", replace(GOOD, name="negative", presets={"ring": {"lr": cite(-1.0, "made up")}}), "above 0"),
    Fault("choices", replace(GOOD, name="unknown", variants={"other": {"loss": "other"}}), "variant 'other'"),
    Fault("shapes", _trainer(ImagesOnly), "data of shape (2,)"),
    Fault("shapes", _trainer(ColoursOnly), "data of shape (1, 16, 16)"),
    Fault("batches", _trainer(Idle), "a step took no batch"),
    Fault("batches", _trainer(Insatiable), "never ends"),
    Fault("batches", _trainer(ChangesTheBatch), "in place"),
    Fault("scalars", _trainer(ReturnsFloats), "a float as 'loss'"),
    Fault("scalars", _trainer(ReturnsRows), "a tensor of shape (1,) as 'loss'"),
    Fault("scalars", _trainer(ReturnsNothing), "return a mapping"),
    Fault("scalars", _trainer(ReturnsInfinity), "'loss' is inf"),
    Fault("scalars", _trainer(ReturnsOtherNames), "the same names"),
    Fault("scalars", _trainer(KeepsTheGraph), "return loss.detach()"),
    Fault("progress", _trainer(Detached), "the same to the bit"),
    Fault("data", _trainer(IgnoresData), "other data led to the same samples"),
    Fault("randomness", _trainer(GlobalNoise), "kit.noise"),
    Fault("randomness", _trainer(GlobalSeed), "kit.noise"),
    Fault("randomness", _trainer(Dropout), "without dropout"),
    Fault("randomness", _trainer(GlobalNoiseOfImages), "shape (3, 16, 16)"),
    Fault("surroundings", _trainer(SetsThreads), "torch.set_num_threads"),
    Fault("surroundings", _trainer(SetsFlags), "torch.backends.cudnn.benchmark"),
    Fault("surroundings", _trainer(SeedsEverything), "seeded torch's global generator"),
    Fault("surroundings", _trainer(SeedsNumpy), "numpy.random"),
    Fault("surroundings", _trainer(StepsInDouble), "a step changed what torch.set_default_dtype"),
    Fault("layout", _trainer(DescendsAlone), "shape (3, 16, 16) the gradient of critic.0.weight"),
    Fault("kinds", _trainer(Schedules), "where the second runs Adam"),
    Fault("kinds", _trainer(Bursts), "operations; let kind_of_step tell them apart"),
    Fault("start", _trainer(OwnStart), "take the generator from the kit"),
    Fault("seeds", _trainer(SeededNetwork), "the same own.weight"),
    Fault("start", _trainer(UndeclaredFlow), "declare start too"),
    Fault("start", _trainer(MisnamedStart), "choose one of generator, field, own"),
    Fault("start", _trainer(OwnWeights), "to come from kit.field()"),
    Fault("start", _trainer(OneStartForAllSeeds), "unlike seeds make the same samples"),
    Fault("evaluations", _trainer(HiddenPasses), "passes 3 times through a network, and the trainer declares 1"),
    Fault("samples", _trainer(FlatSamples), "expected samples of shape (7, 1, 16, 16), got (7, 256)"),
    Fault("samples", _trainer(DoubleSamples), "torch.float64"),
    Fault("samples", _trainer(BrightSamples), "in [-1, 1]"),
    Fault("samples", _trainer(SqueezedSamples), "expected samples of shape (1, 2), got (2,)"),
    Fault("sampling", _trainer(SamplesInTraining), "running_mean"),
    Fault("sampling", _trainer(LeavesTraining), "leave the mode"),
    Fault("sampling", _trainer(SamplesNoise), "the noise of training"),
    Fault("sampling", _trainer(SamplesGlobalNoise), "torch's global generator"),
    Fault("sampling", _trainer(CountsSamples), "changed updates"),
    Fault("split", _trainer(CentredSamples), "came in two parts"),
    Fault("split", _trainer(SamplesInTraining), "came in two parts"),
    Fault("split", _trainer(SamplesOneOtherwise), "of 1 and of 6"),
    Fault("statistics", _trainer(LeavesStatisticsBehind), "average.1"),
    Fault("projecting", _trainer(ProjectsInTraining), "projecting changed critic"),
    Fault("projecting", _trainer(ProjectsNoise), "the noise of training"),
    Fault("projecting", _trainer(ProjectsTogether), "talked to the other ranks"),
    Fault("projecting", _trainer(ProjectsToMaps), "got (7, 3, 1)"),
    Fault("projecting", _trainer(ProjectsToTheMean), "got (1, 3)"),
    Fault("scheduling", _trainer(MovesByHand), "train.schedule"),
    Fault("averaging", _trainer(SamplesFromACopy), "train.average does not reach them"),
    Fault("repeats", _trainer(PythonRandom), "kit.uniform"),
    Fault("repeats", _trainer(OwnNetwork), "own.weight"),
    Fault("repeats", _trainer(RandomOnImages), "shape (3, 16, 16)"),
    Fault("resume", _trainer(HiddenOptimizer), "attribute optimizers"),
    Fault("resume", _trainer(HiddenSchedule), "attribute schedules"),
    Fault("resume", _trainer(PlainCounter), "attribute count"),
    Fault("resume", _trainer(SecretMemory), "must be in state_dict()"),
    Fault("resume", _trainer(UnsafeState), "loaded safely"),
    Fault("resume", _trainer(LateCounter), "saved after 10 updates"),
    Fault("resume", _trainer(ForgetsImages), "shape (3, 16, 16)"),
    Fault(
        "variants",
        replace(_trainer(UnfinishedVariant), variants={"wish": {"loss": "wish"}}),
        "NotImplementedError: wish (faulty.py, line",
    ),
    Fault("process", _trainer(OrderOfASet), "sorted(…)"),
    Fault("ranks", _trainer(Alone), "hold different parameters"),
    Fault("ranks", _trainer(Ungathered), "kit.comm.gather"),
    Fault("ranks", _trainer(WrongOnTheSecond), "differ from one process"),
    Fault("ranks", _trainer(RemembersOwnRows), "of all ranks' rows"),
    Fault("ranks", _trainer(RemembersOwnImages), "on images after 2 updates"),
    Fault("ranks", _trainer(SamplesOwnRows), "make different samples"),
    Fault("ranks", _trainer(OwnDirections), "shared=True"),
    Fault("ranks", _trainer(UngatheredImages), "on images two ranks that share a batch differ"),
    Fault(
        "ranks",
        replace(_trainer(UngatheredWish), variants={"wish": {"loss": "wish"}}),
        "with variant 'wish' two ranks that share a batch differ",
    ),
    Fault("ranks", _trainer(PenalisedOwnWitness), "kit.comm.gather"),
    Fault("ranks", _trainer(PenalisedPairsTwice), "divided by kit.comm.world"),
    Fault("ranks", _trainer(RaisesOnTheSecond), "ArithmeticError: one too many (faulty.py, line"),
]
