"""One training step against its textbook form: every method on the paper's DCGAN, 3x32x32, batch 64.

    python benchmarks/perf/step.py [--rounds 7] [--steps 6] [--precision fp32|bf16]

The textbook forms replace published code that is no package. Channels are first in memory, `loss.backward()`
through everything and fp32 throughout; GRAM has autograd through one LU solve for each width and two full backward
passes; the MMD-GAN's step is five of the critic with its autoencoder and one of the generator that decodes as well. The
same layer sizes and batches on both sides; --precision is that of only genbench's networks. Rounds of the two
alternate, and the figure to read is the median of the ratios.
"""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Callable, Sequence
from functools import partial

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from rounds import alternate, faster, machine
from torch import Tensor, nn
from torch.optim import Adam, RMSprop

from genbench.contract import registry
from genbench.contract.kit import Kit
from genbench.contract.streams import Draws
from genbench.nets.dcgan import DcganNet

BATCH, LATENT, SHAPE = 64, 128, (3, 32, 32)
WIDTHS = (1.0, 2.0, 4.0, 8.0, 16.0)
PIXEL_WIDTHS = (2.828, 4.472, 6.325, 8.944, 12.649, 17.889)
CRITIC_STEPS = 5
STEADY = {"mmdgan": {"warmup": 0, "burst_every": 0}}
"""Settings under which every step costs the same."""

Step = Callable[[], object]


def main(words: Sequence[str] | None = None) -> None:
    """Print milliseconds per step and the ratio for each method."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=6, help="in a round")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32", help="of genbench's networks")
    arguments = parser.parse_args(words)
    torch.set_num_threads(1)
    print(f"{machine()}, genbench in {arguments.precision}, {arguments.rounds} rounds of {arguments.steps} steps")
    print("method  textbook ms  genbench ms  ratio (median, min to max)")
    for name, textbook in (
        ("gram", textbook_gram()),
        ("gan", textbook_gan()),
        ("mmdgan", textbook_mmdgan()),
        ("mmdnet", textbook_mmdnet()),
    ):
        sides = {"textbook": textbook, "genbench": genbench_step(name, arguments.precision)}
        found = alternate(
            {side: partial(repeat, step, arguments.steps) for side, step in sides.items()}, arguments.rounds
        )
        book, own = (found[side].usual * 1e3 / arguments.steps for side in sides)
        print(f"{name:6}  {book:11.1f}  {own:11.1f}  {faster(found['genbench'], found['textbook'])}", flush=True)


def repeat(step: Step, steps: int) -> None:
    """Step so many times."""
    for _ in range(steps):
        step()


def batches() -> list[Tensor]:
    """Some batches of made-up images in [-1, 1]."""
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(BATCH, *SHAPE, generator=generator) * 2 - 1 for _ in range(4)]


def genbench_step(name: str, precision: str = "fp32") -> Step:
    """The method's own step, with its settings for CIFAR-10, in the precision in which `train` would run it."""
    method = registry.load("methods", name)
    values = {key: cited.value for key, cited in method.presets["cifar10"].items()} | STEADY.get(name, {})
    kit = Kit(
        shape=SHAPE,
        architecture=registry.load("architectures", "dcgan"),
        net=DcganNet(latent=LATENT),
        seed=0,
        draws=Draws(0),
    )
    trainer = method.trainer(method.config(**values), kit)
    stream = itertools.cycle(batch.to(memory_format=torch.channels_last) for batch in batches())

    def step() -> None:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            trainer.step(stream)

    return step


def generator_network() -> nn.Sequential:
    """Table 5 as one writes it down, channels first; a decoder has the same layers."""

    def up(before: int, after: int) -> nn.Module:
        return nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=False)

    return nn.Sequential(
        nn.Linear(LATENT, 2048), nn.Unflatten(1, (128, 4, 4)), nn.BatchNorm2d(128), nn.ReLU(),
        up(128, 64), nn.BatchNorm2d(64), nn.ReLU(),
        up(64, 32), nn.BatchNorm2d(32), nn.ReLU(),
        up(32, 3), nn.Tanh(),
    )  # fmt: skip


def critic_network(outputs: int) -> nn.Sequential:
    """Table 6."""
    return nn.Sequential(
        nn.Conv2d(3, 32, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Conv2d(32, 64, 4, 2, 1), nn.BatchNorm2d(64), nn.LeakyReLU(0.2),
        nn.Conv2d(64, 128, 4, 2, 1), nn.BatchNorm2d(128), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.Linear(2048, outputs),
    )  # fmt: skip


def textbook_gan() -> Step:
    """Non-saturating GAN: critic on real and fake, then the generator through the critic."""
    generator, critic = generator_network(), critic_network(1)
    critic_optimizer = Adam(critic.parameters(), lr=2e-4, betas=(0.5, 0.999))
    generator_optimizer = Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    loss = nn.BCEWithLogitsLoss()
    stream, ones, zeros = itertools.cycle(batches()), torch.ones(BATCH, 1), torch.zeros(BATCH, 1)

    def step() -> None:
        real, fake = next(stream), generator(torch.randn(BATCH, LATENT))
        critic_optimizer.zero_grad()
        (loss(critic(real), ones) + loss(critic(fake.detach()), zeros)).backward()
        critic_optimizer.step()
        generator_optimizer.zero_grad()
        loss(critic(fake), ones).backward()
        generator_optimizer.step()

    return step


def textbook_gram() -> Step:
    """Algorithm 1 with autograd through everything: eq. 9 for the critic, the square root of eq. 10 for the
    generator.
    """
    generator, critic = generator_network(), critic_network(LATENT)
    critic_optimizer = Adam(critic.parameters(), lr=2e-4, betas=(0.5, 0.999))
    generator_optimizer = Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    stream, ridge = itertools.cycle(batches()), 1e-3 * torch.eye(BATCH)

    def step() -> None:
        real, fake = next(stream), generator(torch.randn(BATCH, LATENT))
        p, q = critic(real), critic(fake)
        mmd2, grams = compared(q, p, WIDTHS)
        ratio = torch.zeros(BATCH)
        for k_qq, k_qp in grams:
            ratio = ratio + torch.linalg.solve(k_qq + ridge, k_qp.sum(1)) / len(WIDTHS)
        generator_loss = mmd2.clamp_min(1e-12).sqrt()
        critic_loss = -((ratio - 1).square().mean() + ratio.sum())
        critic_optimizer.zero_grad()
        critic_loss.backward(retain_graph=True)
        kept = [parameter.grad.clone() for parameter in critic.parameters() if parameter.grad is not None]
        generator_optimizer.zero_grad()
        generator_loss.backward()
        for parameter, gradient in zip(critic.parameters(), kept, strict=True):
            parameter.grad = gradient
        critic_optimizer.step()
        generator_optimizer.step()

    return step


def textbook_mmdgan() -> Step:
    """Clamped critic with a decoder, feasible set reduction, a fresh batch for each step; the generator's step decodes
    too.
    """
    generator, critic, decoder = generator_network(), critic_network(LATENT), generator_network()
    critic_optimizer = RMSprop([*critic.parameters(), *decoder.parameters()], lr=5e-5)
    generator_optimizer = RMSprop(generator.parameters(), lr=5e-5)
    stream = itertools.cycle(batches())

    def losses(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        p, q = critic(real), critic(fake)
        error = (decoder(p) - real).square().mean() + (decoder(q) - fake).square().mean()
        hinge = -(q.mean(0) - p.mean(0)).relu().mean()
        return compared(q, p, WIDTHS)[0].clamp_min(1e-12).sqrt() + 16 * hinge, error

    def step() -> None:
        for _ in range(CRITIC_STEPS):
            for parameter in critic.parameters():
                parameter.data.clamp_(-0.01, 0.01)
            with torch.no_grad():
                fake = generator(torch.randn(BATCH, LATENT))
            distance, error = losses(next(stream), fake)
            critic_optimizer.zero_grad()
            (8 * error - distance).backward()
            critic_optimizer.step()
        for network in (critic, decoder):
            network.requires_grad_(False)
        distance, _ = losses(next(stream), generator(torch.randn(BATCH, LATENT)))
        generator_optimizer.zero_grad()
        distance.backward()
        generator_optimizer.step()
        for network in (critic, decoder):
            network.requires_grad_(True)

    return step


def textbook_mmdnet() -> Step:
    """The square root of the MMD² between pixels."""
    generator = generator_network()
    optimizer = RMSprop(generator.parameters(), lr=1e-3)
    stream = itertools.cycle(batches())

    def step() -> None:
        fake = generator(torch.randn(BATCH, LATENT))
        mmd2, _ = compared(fake.flatten(1), next(stream).flatten(1), PIXEL_WIDTHS)
        optimizer.zero_grad()
        mmd2.clamp_min(1e-12).sqrt().backward()
        optimizer.step()

    return step


def compared(q: Tensor, p: Tensor, widths: Sequence[float]) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
    """The MMD² of q and p, and for each width the Gram matrices of q with itself and with p."""
    d_pp, d_qp, d_qq = (torch.cdist(a, b).square() for a, b in ((p, p), (q, p), (q, q)))
    mmd2, grams = torch.zeros(()), []
    for width in widths:
        k_pp, k_qp, k_qq = (torch.exp(-d / (2 * width**2)) for d in (d_pp, d_qp, d_qq))
        mmd2 = mmd2 + k_pp.mean() - 2 * k_qp.mean() + k_qq.mean()
        grams.append((k_qq, k_qp))
    return mmd2, grams


if __name__ == "__main__":
    main()
