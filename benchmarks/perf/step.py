"""One training step against its textbook form: GRAM and GAN on the paper's DCGAN, 3x32x32, batch 64, fp32.

    python benchmarks/perf/step.py [--rounds 7] [--steps 12]

The textbook form has channels first in memory, `loss.backward()` through everything, and for GRAM autograd through one LU solve for
each width in fp32 and two full backward passes. The same layer sizes, the same batches; rounds of the two alternate, and the
figure to read is the median of the ratios. One thread.
"""

from __future__ import annotations

import argparse
import itertools
import platform
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from genbench import plugins
from genbench.kit import Kit
from genbench.nets.dcgan import DcganNet
from genbench.streams import Draws

BATCH, LATENT, SHAPE = 64, 128, (3, 32, 32)
WIDTHS = (1.0, 2.0, 4.0, 8.0, 16.0)

Step = Callable[[], object]


def main() -> None:
    """Print milliseconds per step and the ratio for each method."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=12)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{platform.processor() or platform.machine()}, torch {torch.__version__}, 1 thread, {arguments.rounds} rounds of {arguments.steps} steps")
    print("method  textbook ms  genbench ms  ratio (median, min to max)")
    for name, textbook in (("gram", textbook_gram()), ("gan", textbook_gan())):
        ours = genbench_step(name)
        rounds = [(clock(textbook, arguments.steps), clock(ours, arguments.steps)) for _ in range(arguments.rounds + 1)][1:]
        ratios = [book / own for book, own in rounds]
        times = [statistics.median(side) for side in zip(*rounds, strict=True)]
        print(f"{name:6}  {times[0]:11.1f}  {times[1]:11.1f}  {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


def clock(step: Step, steps: int) -> float:
    """Milliseconds per step."""
    began = time.perf_counter()
    for _ in range(steps):
        step()
    return (time.perf_counter() - began) * 1e3 / steps


def batches() -> list[Tensor]:
    """Some batches of made-up images in [-1, 1]."""
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(BATCH, *SHAPE, generator=generator) * 2 - 1 for _ in range(4)]


def genbench_step(name: str) -> Step:
    """The method's own step, with its settings for CIFAR-10."""
    method = plugins.load("methods", name)
    values = {key: cited.value for key, cited in method.presets["cifar10"].items()}
    kit = Kit(shape=SHAPE, architecture=plugins.load("architectures", "dcgan"), net=DcganNet(latent=LATENT), seed=0, draws=Draws(0))
    trainer = method.trainer(method.config(**values), kit)
    stream = itertools.cycle(batch.to(memory_format=torch.channels_last) for batch in batches())
    return lambda: trainer.step(stream)


def networks(outputs: int) -> tuple[nn.Module, nn.Module]:
    """Tables 5 and 6 as one writes them down: channels first."""

    def up(before: int, after: int) -> nn.Module:
        return nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=False)

    generator = nn.Sequential(
        nn.Linear(LATENT, 2048), nn.Unflatten(1, (128, 4, 4)), nn.BatchNorm2d(128), nn.ReLU(),
        up(128, 64), nn.BatchNorm2d(64), nn.ReLU(),
        up(64, 32), nn.BatchNorm2d(32), nn.ReLU(),
        up(32, 3), nn.Tanh(),
    )  # fmt: skip
    critic = nn.Sequential(
        nn.Conv2d(3, 32, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Conv2d(32, 64, 4, 2, 1), nn.BatchNorm2d(64), nn.LeakyReLU(0.2),
        nn.Conv2d(64, 128, 4, 2, 1), nn.BatchNorm2d(128), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.Linear(2048, outputs),
    )  # fmt: skip
    return generator, critic


def textbook_gan() -> Step:
    """Non-saturating GAN: critic on real and fake, then the generator through the critic."""
    generator, critic = networks(1)
    critic_optimizer = torch.optim.Adam(critic.parameters(), lr=2e-4, betas=(0.5, 0.999))
    generator_optimizer = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
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
    """Algorithm 1 with autograd through everything: eq. 9 for the critic, the square root of eq. 10 for the generator."""
    generator, critic = networks(LATENT)
    critic_optimizer = torch.optim.Adam(critic.parameters(), lr=2e-4, betas=(0.5, 0.999))
    generator_optimizer = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    stream, ridge = itertools.cycle(batches()), 1e-3 * torch.eye(BATCH)

    def step() -> None:
        real, fake = next(stream), generator(torch.randn(BATCH, LATENT))
        p, q = critic(real), critic(fake)
        d_pp, d_qp, d_qq = (torch.cdist(a, b).square() for a, b in ((p, p), (q, p), (q, q)))
        mmd2, ratio = torch.zeros(()), torch.zeros(BATCH)
        for width in WIDTHS:
            k_pp, k_qp, k_qq = (torch.exp(-d / (2 * width**2)) for d in (d_pp, d_qp, d_qq))
            mmd2 = mmd2 + k_pp.mean() - 2 * k_qp.mean() + k_qq.mean()
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


if __name__ == "__main__":
    main()
