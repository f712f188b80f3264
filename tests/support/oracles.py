"""Steps of the methods, written out from the equations of their sources in plain torch and nothing of genbench.

An oracle is a generator: given copies of a trainer's networks, batches, and the same random numbers, it makes one
update and yields, for ever. Its numbers, learning rates too, are those of the source and not of the plugin.
"""

import math
from collections.abc import Callable, Iterator
from itertools import count, permutations
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import logsigmoid

ROWS, LATENT = 5, 4
"""Of a batch; of the noise."""


class Lent:
    """Frozen data and noise: the same numbers, asked for in the same order, for a trainer and for its oracle."""

    def __init__(self, shape: tuple[int, ...], prior: str = "normal") -> None:
        self.shape, self.prior, self.progress, self.drawn = shape, prior, 0.0, 0
        self._data, self._noise = (torch.Generator().manual_seed(seed) for seed in (1, 2))

    def __iter__(self) -> Iterator[Tensor]:
        return self

    def __next__(self) -> Tensor:
        self.drawn += 1000
        return torch.rand(ROWS, *self.shape, generator=self._data, dtype=torch.float64) * 2 - 1

    def noise(self, rows: int) -> Tensor:
        if self.prior == "uniform":
            return 2 * self.uniform((rows, LATENT)) - 1
        return self.normal((rows, LATENT))

    def uniform(self, shape: Any, *, shared: bool = False) -> Tensor:
        self.drawn += 1
        return torch.rand(shape, generator=self._noise, dtype=torch.float64)

    def normal(self, shape: Any, *, shared: bool = False) -> Tensor:
        self.drawn += 1
        return torch.randn(shape, generator=self._noise, dtype=torch.float64)


def adam(lr: float, beta1: float, beta2: float) -> Callable[..., torch.optim.Optimizer]:
    return lambda *nets, lr=lr: torch.optim.Adam(
        [weights for net in nets for weights in net.parameters()], lr=lr, betas=(beta1, beta2)
    )


def rmsprop(lr: float, alpha: float = 0.99) -> Callable[..., torch.optim.Optimizer]:
    return lambda *nets: torch.optim.RMSprop(
        [weights for net in nets for weights in net.parameters()], lr=lr, alpha=alpha
    )


DCGAN, GULRAJANI, SLOW = adam(2e-4, 0.5, 0.999), adam(1e-4, 0.5, 0.9), rmsprop(5e-5)
GMMN = tuple(round(2 * s**0.5, 3) for s in (2, 5, 10, 20, 40, 80))
"""Li et al. 2015; pixels in [-1, 1] are twice as far apart as theirs."""


def descend(*pairs: tuple[torch.optim.Optimizer, Tensor]) -> None:
    """One step of each optimizer; all gradients are taken before anything moves."""
    weights = [optimizer.param_groups[0]["params"] for optimizer, _ in pairs]
    found = [torch.autograd.grad(loss, own, retain_graph=True) for (_, loss), own in zip(pairs, weights, strict=True)]
    for (optimizer, _), own, gradients in zip(pairs, weights, found, strict=True):
        for parameter, gradient in zip(own, gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()


def clip(net: nn.Module, bound: float) -> None:
    for weights in net.parameters():
        weights.data = weights.data.clamp(-bound, bound)


def slopes(function: Callable[[Tensor], Tensor], points: Tensor) -> Tensor:
    """The gradient of a function of each point, [n, d]."""
    points = points.detach().requires_grad_()
    return torch.autograd.grad(function(points).sum(), points, create_graph=True)[0].flatten(1)


def square_distances(x: Tensor, y: Tensor) -> Tensor:
    return ((x[:, None] - y) ** 2).sum(-1)


def gaussians(widths: tuple[float, ...]) -> Callable[[Tensor], Tensor]:
    return lambda distances: sum(torch.exp(-distances / (2 * width**2)) for width in widths)


def others(square: Tensor) -> Tensor:
    """What is beside the diagonal."""
    return square[~torch.eye(len(square), dtype=torch.bool)]


def biased(q: Tensor, p: Tensor, kernel: Callable[[Tensor], Tensor]) -> Tensor:
    """MMD², Gretton et al. 2012, eq. 5."""
    k_qq, k_pp, k_qp = (kernel(square_distances(a, b)) for a, b in ((q, q), (p, p), (q, p)))
    return k_qq.mean() + k_pp.mean() - 2 * k_qp.mean()


def unbiased(q: Tensor, p: Tensor, kernel: Callable[[Tensor], Tensor]) -> Tensor:
    """Gretton et al. 2012, eq. 3."""
    k_qq, k_pp, k_qp = (kernel(square_distances(a, b)) for a, b in ((q, q), (p, p), (q, p)))
    return others(k_qq).mean() + others(k_pp).mean() - 2 * k_qp.mean()


LOSSES = {
    "ns": (lambda p, q: -logsigmoid(p).mean() - logsigmoid(-q).mean(), lambda q: -logsigmoid(q).mean()),
    "ls": (lambda p, q: 0.5 * ((p - 1) ** 2).mean() + 0.5 * (q**2).mean(), lambda q: 0.5 * ((q - 1) ** 2).mean()),
    "hinge": (lambda p, q: (1 - p).clamp(min=0).mean() + (1 + q).clamp(min=0).mean(), lambda q: -q.mean()),
    "wasserstein": (lambda p, q: q.mean() - p.mean(), lambda q: -q.mean()),
}
"""Of a critic's outputs at data and at samples: what the critic minimises, and the generator."""


def gan(nets, lent, *, kind=DCGAN, loss="ns", together=False):
    """Goodfellow et al. 2014, algorithm 1, k = 1; or both networks at once."""
    of_generator, of_critic = kind(nets.generator), kind(nets.critic)
    critic_loss, generator_loss = LOSSES[loss]
    while True:
        x, f = next(lent), nets.generator(lent.noise(ROWS))
        if together:
            p, q = nets.critic(x), nets.critic(f)
            descend((of_critic, critic_loss(p, q)), (of_generator, generator_loss(q)))
        else:
            descend((of_critic, critic_loss(nets.critic(x), nets.critic(f.detach()))))
            descend((of_generator, generator_loss(nets.critic(f))))
        yield


def mmdnet(nets, lent, *, root=True, alpha=0.99, widths=GMMN):
    """Li et al. 2015, algorithm 1."""
    optimizer = rmsprop(1e-3, alpha)(nets.generator)
    while True:
        x, f = next(lent).flatten(1), nets.generator(lent.noise(ROWS)).flatten(1)
        mmd2 = biased(f, x, gaussians(widths))
        descend((optimizer, mmd2**0.5 if root else mmd2))
        yield


def wgan(nets, lent, *, kind=GULRAJANI, steps=lambda update: 5, loss="wasserstein", slope=1.0, **how):
    """Gulrajani et al. 2017, algorithm 1; Arjovsky et al. 2017, where weights are clipped; Kodali et al. 2017, around
    the data.
    """
    of_generator, of_critic = kind(nets.generator), kind(nets.critic)
    for update in count():
        for _ in range(steps(update)):
            x = next(lent)
            if "clamp" in how:
                clip(nets.critic, how["clamp"])
            f = nets.generator(lent.noise(ROWS)).detach()
            objective = LOSSES[loss][0](nets.critic(x), nets.critic(f))
            if "clamp" not in how:
                share = lent.uniform((ROWS,) + (1,) * (x.dim() - 1))
                if how.get("around"):
                    h = x + 0.5 * share * ((x - x.mean()) ** 2).mean().sqrt() * lent.uniform(x.shape)
                else:
                    h = f + share * (x - f)
                objective = objective + 10 * ((slopes(nets.critic, h).norm(dim=1) - slope) ** 2).mean()
            descend((of_critic, objective))
        descend((of_generator, LOSSES[loss][1](nets.critic(nets.generator(lent.noise(ROWS))))))
        yield


def r3gan(nets, lent, *, pairs=True, r1=True, r2=True, constant=False, fresh=True):
    """Huang et al. 2024, eq. 2 and 4, and their schedules; Mescheder et al. 2018, eq. 9."""

    def along(first, last):
        return first if constant else last + (first - last) * 0.5 * (1 + math.cos(math.pi * lent.progress))

    kind = rmsprop(1e-4) if constant else adam(2e-4, 0.0, 0.9)
    of_generator, of_critic = kind(nets.generator), kind(nets.critic)
    while True:
        gamma = 10 if constant else along(0.05, 0.005)
        for optimizer in () if constant else (of_generator, of_critic):
            optimizer.param_groups[0].update(lr=along(2e-4, 5e-5), betas=(0.0, along(0.9, 0.99)))
        x, f = next(lent), nets.generator(lent.noise(ROWS)).detach()
        p, q = nets.critic(x), nets.critic(f)
        loss = -logsigmoid(p - q).mean() if pairs else LOSSES["ns"][0](p, q)
        for points, penalised in ((x, r1), (f, r2)):
            loss = loss + gamma / 2 * (slopes(nets.critic, points) ** 2).sum(1).mean() * penalised
        descend((of_critic, loss))
        q = nets.critic(nets.generator(lent.noise(ROWS)))
        if pairs:
            x = next(lent) if fresh else x
        descend((of_generator, -logsigmoid(q - nets.critic(x)).mean() if pairs else LOSSES["ns"][1](q)))
        yield


def sngan(nets, lent, *, loss="hinge", five=False):
    """Miyato et al. 2018, eq. 16 and 17, setting B; or the order, batches and rates of their code."""
    kind = adam(2e-4, 0.0, 0.9) if five else adam(2e-4, 0.5, 0.999)
    of_generator, of_critic = kind(nets.generator), kind(nets.critic)
    critic_loss, generator_loss = LOSSES[loss]

    def generate(rows):
        descend((of_generator, generator_loss(nets.critic(nets.generator(lent.noise(rows))))))

    while True:
        if five:
            for optimizer in (of_generator, of_critic):
                optimizer.param_groups[0]["lr"] = 2e-4 * (1 - lent.progress)
            x = next(lent)  # their generator steps first, and takes no data
            generate(2 * ROWS)
        for number in range(5 if five else 1):
            if number or not five:
                x = next(lent)
            f = nets.generator(lent.noise(ROWS)).detach()
            descend((of_critic, critic_loss(nets.critic(x), nets.critic(f))))
        if not five:
            generate(ROWS)
        yield


def drift(nets, lent, *, temperatures=(0.02, 0.05, 0.2), floor=0.0, mask=1e6, counted=False):
    """Deng et al. 2026, algorithm 2."""
    optimizer = torch.optim.AdamW(nets.generator.parameters(), lr=2e-4, betas=(0.9, 0.95), weight_decay=0.01)
    while True:
        x, f = next(lent).flatten(1), nets.generator(lent.noise(ROWS)).flatten(1)
        t = torch.cat([f.detach(), x])
        distances = square_distances(f.detach(), t).sqrt()
        scale = distances.sum() / (distances.numel() - (0 if counted else ROWS))
        unit, total = scale / t.shape[1] ** 0.5, 0
        distances = distances / scale + mask * torch.eye(ROWS, 2 * ROWS, dtype=t.dtype)
        for tau in temperatures:
            rows, columns = (torch.softmax(-distances / tau, side) for side in (1, 0))
            a = (rows * columns).clamp(min=floor).sqrt()
            v = torch.zeros_like(f)
            for i in range(ROWS):
                near, far = a[i, :ROWS], a[i, ROWS:]
                v[i] = (far * near.sum()) @ t[ROWS:] / unit - (near * far.sum()) @ t[:ROWS] / unit
            total = total + v / (v**2).mean().clamp(min=1e-8).sqrt()
        descend((optimizer, ((f / unit - (f / unit + total).detach()) ** 2).mean()))
        yield


def energy(nets, lent, *, power=1.0):
    """Székely and Rizzo 2013: U-statistics of the energy distance."""
    optimizer = adam(1e-4, 0.5, 0.999)(nets.generator)
    while True:
        x, f = next(lent).flatten(1), nets.generator(lent.noise(ROWS)).flatten(1)
        across = (square_distances(x, f) ** (power / 2)).mean()
        descend((optimizer, 2 * across - (torch.pdist(x) ** power).mean() - (torch.pdist(f) ** power).mean()))
        yield


def cramer(nets, lent, *, steps=5):
    """Bellemare et al. 2017, algorithm 1."""
    of_generator, of_critic = (adam(1e-4, 0.5, 0.9)(net) for net in (nets.generator, nets.critic))
    h = nets.critic
    while True:
        for _ in range(steps):
            x, f = next(lent), nets.generator(lent.noise(ROWS)).detach()
            other = nets.generator(lent.noise(ROWS)).detach()

            def judged(points, other=other):
                return (h(points) - h(other)).norm(dim=1) - h(points).norm(dim=1)

            share = lent.uniform((ROWS,) + (1,) * (x.dim() - 1))
            penalty = ((slopes(judged, f + share * (x - f)).norm(dim=1) - 1) ** 2).mean()
            descend((of_critic, judged(f).mean() - judged(x).mean() + 10 * penalty))
        p, q = h(x).detach(), h(nets.generator(lent.noise(ROWS)))
        r = h(nets.generator(lent.noise(ROWS)))
        descend((of_generator, ((p - q).norm(dim=1) + (p - r).norm(dim=1) - (q - r).norm(dim=1)).mean()))
        yield


def exponential(v: Tensor) -> Tensor:
    """e^v, that goes on along its tangent above 10."""
    return torch.where(v > 10, math.exp(10) * (v - 9), v.clamp(max=10).exp())


CONJUGATES = {
    "pearson": (lambda v: v, lambda v: v**2 / 4 + v),
    "kl": (lambda v: v, lambda v: exponential(v - 1)),
    "reverse": (lambda v: -exponential(-v), lambda v: v - 1),
    "hellinger": (lambda v: 1 - exponential(-v), lambda v: exponential(v) - 1),
}
"""Nowozin et al. 2016, table 2 and 6: g(V) and f*(g(V))."""
DIVERGENCES = {
    "pearson": (lambda r: (r - 1) ** 2, lambda r: 2 * r**2),
    "kl": (lambda r: r * r.log(), lambda r: r),
    "reverse": (lambda r: -r.log(), lambda r: 1 + 0 * r),
    "hellinger": (lambda r: r + 1 - 2 * r.sqrt(), lambda r: r.sqrt() / 2),
}
"""f(r) and r² f''(r)."""
READ = {
    "pearson": lambda v: 1 + v / 2,
    "kl": lambda v: exponential(v - 1),
    "reverse": exponential,
    "hellinger": lambda v: exponential(2 * v),
}
"""f'^-1 of g(V)."""


def ratio(
    nets, lent, *, estimator="variational", divergence="pearson", trick=True, particles=0, moves=3, fits=2, stride=0.5
):
    """Nowozin et al. 2016, eq. 6 and section 3.2; Uehara et al. 2016, with a positive ratio; Gao et al. 2019, algorithm
    1, where there are particles.
    """
    kind = rmsprop(1e-4) if particles else adam(2e-4, 0.5, 0.999)
    of_generator, of_critic = kind(nets.generator), kind(nets.critic)
    raised, conjugate = CONJUGATES[divergence]
    read = {
        "variational": READ[divergence],
        "least-squares": lambda v: torch.logaddexp(v, torch.zeros_like(v)),
        "logistic": exponential,
    }[estimator]

    def judge(x, f):
        p, q = nets.critic(x), nets.critic(f)
        loss = {
            "variational": lambda: conjugate(q).mean() - raised(p).mean(),
            "least-squares": lambda: (read(q) ** 2).mean() / 2 - read(p).mean(),
            "logistic": lambda: LOSSES["ns"][0](p, q),
        }[estimator]()
        descend((of_critic, loss))

    while True:
        x = next(lent)
        if not particles:
            f = nets.generator(lent.noise(ROWS))
            judge(x, f.detach())
            q = nets.critic(f)
            by_ratio = estimator != "variational"
            loss = DIVERGENCES[divergence][0](read(q)) if by_ratio else -(raised if trick else conjugate)(q)
            descend((of_generator, loss.mean()))
            yield
            continue
        latents = [lent.noise(ROWS) for _ in range(particles)]
        pool = torch.cat([nets.generator(z).detach() for z in latents])
        for move in range(moves):
            start = move % particles * ROWS
            judge(next(lent) if move else x, pool[start : start + ROWS])
            r = read(nets.critic(pool)).detach().view(-1, *[1] * (pool.dim() - 1))
            climb = slopes(lambda y: read(nets.critic(y)).log(), pool).detach().view(pool.shape)
            pool = pool + stride * DIVERGENCES[divergence][1](r) * climb
            pool = pool.clamp(-1, 1) if pool.dim() == 4 else pool
        for _ in range(fits):
            for number, z in enumerate(latents):
                goal = pool[number * ROWS : (number + 1) * ROWS]
                descend((of_generator, ((nets.generator(z) - goal) ** 2).mean()))
        yield


def sliced(nets, lent, *, features=False, largest=False, directions=7):
    """Deshpande et al. 2018, eq. 8 and algorithm 2; Deshpande et al. 2019, the direction of the critic's logit."""
    of_generator = adam(1e-4, 0.5, 0.999)(nets.generator)
    of_critic = adam(1e-4, 0.5, 0.999)(nets.critic, nets.logit) if features else None
    phi = nets.critic if features else lambda x: x.flatten(1)
    while True:
        x, f = next(lent), nets.generator(lent.noise(ROWS))

        def judge(x=x, f=f):
            descend((of_critic, LOSSES["ns"][0](nets.logit(phi(x)), nets.logit(phi(f.detach())))))

        if largest:
            judge()
        p, q = phi(x).detach(), phi(f)
        theta = nets.logit.weight.detach().T if largest else lent.normal((p.shape[1], directions))
        total = 0
        for one in theta.T:
            one = one / one.norm()
            total = total + (((q @ one).sort().values - (p @ one).sort().values) ** 2).mean()
        descend((of_generator, total / theta.shape[1]))
        if features and not largest:
            judge()
        yield


def sinkhorn(nets, lent, *, features=False, unrolled=False, steps=5, clamp=0.01, blur=0.05):
    """Genevay et al. 2018, eq. 5 and algorithm 1, by scalings of K = exp(-C/ε)."""
    of_generator = adam(2e-4, 0.5, 0.999)(nets.generator)
    of_critic = adam(2e-4, 0.5, 0.999)(nets.critic) if features else None
    phi = nets.critic if features else lambda x: x.flatten(1)

    def transport(x, y, epsilon):
        cost, (n, m) = square_distances(x, y), (len(x), len(y))
        kernel, b = torch.exp(-(cost if unrolled else cost.detach()) / epsilon), torch.ones(m, dtype=x.dtype)
        for _ in range(20):
            a = 1 / n / (kernel @ b)
            b = 1 / m / (kernel.T @ a)
        return (a[:, None] * kernel * b * cost).sum()

    def divergence(x, f):
        costs = square_distances(f, x).detach().flatten().sort().values
        epsilon = blur * costs[(len(costs) - 1) // 2]
        return 2 * transport(f, x, epsilon) - transport(f, f, epsilon) - transport(x, x, epsilon)

    while True:
        for _ in range(steps if features else 0):
            x = next(lent)
            clip(nets.critic, clamp)
            f = nets.generator(lent.noise(ROWS)).detach()
            descend((of_critic, -divergence(phi(x), phi(f))))
        x = phi(next(lent)).detach()
        descend((of_generator, divergence(x, phi(nets.generator(lent.noise(ROWS))))))
        yield


def vae(nets, lent, *, sigma=None, beta=1.0):
    """Kingma and Welling 2013, eq. 10; Rybkin et al. 2020, with σ learned."""
    weights = [parameter for parameter in nets.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(weights, lr=1e-3)
    while True:
        x = next(lent)
        mean, log_variance = nets.encoder(x).chunk(2, 1)
        posterior = Normal(mean, (0.5 * log_variance).exp())
        z = mean + posterior.stddev * lent.normal(mean.shape)
        z = 2 * Normal(0.0, 1.0).cdf(z) - 1 if lent.prior == "uniform" else z
        likelihood = Normal(nets.generator(z), nets.log_sigma.exp() if sigma is None else sigma).log_prob(x)
        divergence = kl_divergence(posterior, Normal(torch.zeros_like(mean), torch.ones_like(mean)))
        descend((optimizer, beta * divergence.sum(1).mean() - likelihood.flatten(1).sum(1).mean()))
        yield


def flow(nets, lent, *, optimal=False, logit_normal=False, reflow=None, teacher_steps=20):
    """Lipman et al. 2022, eq. 23 with σ 0; Tong et al. 2023, eq. 17, the pairing by trying all; Liu et al. 2022,
    algorithm 1, where a second stage learns from the first.
    """
    optimizer, taught = adam(2e-4, 0.9, 0.999)(nets.field), False
    while True:
        x = next(lent)
        x0 = lent.normal(x.shape)
        if reflow is not None and lent.progress >= reflow:
            if not taught:
                nets.teacher.load_state_dict(nets.field.state_dict())
            x, size, taught = x0, 1 / teacher_steps, True
            for step in range(teacher_steps):
                t = torch.full((ROWS,), step * size, dtype=x.dtype)
                x = (x + size * nets.teacher(x + size / 2 * nets.teacher(x, t), t + size / 2)).detach()
        if optimal and not taught:
            cost = square_distances(x.flatten(1), x0.flatten(1))
            cheapest = min(permutations(range(ROWS)), key=lambda order: sum(cost[i, j] for i, j in enumerate(order)))
            x0 = x0[list(cheapest)]
        t = torch.sigmoid(lent.normal(ROWS)) if logit_normal else lent.uniform(ROWS)
        share = t.view(-1, *[1] * (x.dim() - 1))
        descend((optimizer, ((nets.field(x0 + share * (x - x0), t) - (x - x0)) ** 2).mean()))
        yield


def gram(nets, lent, *, kind=DCGAN, objective="pearson", in_turn=False, root=True, **how):
    """Srivastava et al. 2020, algorithm 1: eq. 7, 8, 9 and 10; what the codes do otherwise is named."""
    widths, ridge = how.get("widths", (1.0, 2.0, 4.0, 8.0, 16.0)), how.get("ridge", 1e-3)
    over_widths, over_points = how.get("over_widths", torch.mean), how.get("over_points", torch.sum)
    kernels = [gaussians((width**0.5 if how.get("variance") else width,)) for width in widths]
    of_generator, of_critic = kind(nets.generator), kind(nets.critic)

    def mmd(q, p):
        mmd2 = sum(biased(q, p, kernel) for kernel in kernels)
        return mmd2**0.5 if root else mmd2

    def objective_of(q, p):
        if objective == "mmd":
            return mmd(q, p)
        at, over = (p, q) if objective == "flow" else (q, p)
        found = []
        for kernel in kernels:
            system = kernel(square_distances(at, at)) + ridge * torch.eye(ROWS, dtype=q.dtype)
            found.append(torch.linalg.inv(system) @ kernel(square_distances(at, over)).sum(1))
        r = over_widths(torch.stack(found), 0)
        if objective == "flow":
            return r.mean()
        if objective == "pearson-clip":
            return ((r.clamp(min=0) - 1) ** 2).mean()
        return ((r - 1) ** 2).mean() + how.get("positivity", 1.0) * over_points(r)

    while True:
        x, f = next(lent), nets.generator(lent.noise(ROWS))
        if objective == "none":
            descend((of_generator, mmd(nets.critic(f), nets.critic(x))))
        elif in_turn:
            descend((of_critic, -objective_of(nets.critic(f.detach()), nets.critic(x))))
            descend((of_generator, mmd(nets.critic(f), nets.critic(x))))
        else:
            q, p = nets.critic(f), nets.critic(x)
            descend((of_critic, -objective_of(q, p)), (of_generator, mmd(q, p)))
        yield


def mmdgan(nets, lent, *, kind=SLOW, steps=lambda update: 5, ae=8.0, fsr=16.0, clamp=0.01, fresh=True, **how):
    """Li et al. 2017, algorithm 1, as their code has it."""
    kernel = gaussians(how.get("widths", (1.0, 2.0, 4.0, 8.0, 16.0)))
    decoders = [nets.decoder] if ae else []
    of_generator, of_critic = kind(nets.generator), kind(nets.critic, *decoders)

    def compare(q, p):
        return biased(q, p, kernel).clamp(min=1e-12).sqrt() - fsr * (q.mean(0) - p.mean(0)).clamp(min=0).mean()

    for update in count():
        x = None if fresh else next(lent)
        for _ in range(steps(update)):
            x = next(lent) if fresh else x
            clip(nets.critic, clamp)
            f = nets.generator(lent.noise(ROWS)).detach()
            p, q = nets.critic(x), nets.critic(f)
            misses = [((decode(h) - y) ** 2).mean() for decode in decoders for h, y in ((p, x), (q, f))]
            descend((of_critic, ae * sum(misses) - compare(q, p)))
        x = next(lent) if fresh else x
        descend((of_generator, compare(nets.critic(nets.generator(lent.noise(ROWS))), nets.critic(x).detach())))
        yield


def repulsive(nets, lent, *, nearest=0.0, farthest=math.inf):
    """Wang et al. 2019, eq. 4 and 9: both networks at once."""
    of_generator, of_critic = adam(5e-4, 0.5, 0.999)(nets.generator), adam(2e-4, 0.5, 0.999)(nets.critic)
    kernel = gaussians((1.0,))
    while True:
        x = next(lent)
        q, p = nets.critic(nets.generator(lent.noise(ROWS))), nets.critic(x)
        of_real, of_fake = (others(square_distances(h, h)) for h in (p, q))
        pushed = kernel(of_real.clamp(max=farthest)).mean() - kernel(of_fake.clamp(min=nearest)).mean()
        descend((of_critic, pushed), (of_generator, unbiased(q, p, kernel)))
        yield


def scaled(nets, lent, *, steps):
    """Arbel et al. 2018, eq. 6, with λ where their code has it."""
    of_generator, of_critic = (adam(1e-4, 0.5, 0.9)(net) for net in (nets.generator, nets.critic))

    def scale(x):
        jacobian = torch.autograd.functional.jacobian(lambda y: nets.critic(y).sum(0), x, create_graph=True)
        return 1 / (1 + 10 * (jacobian**2).sum() / len(x))

    for update in count():
        for _ in range(steps(update)):
            x = next(lent)
            f = nets.generator(lent.noise(ROWS)).detach()
            descend((of_critic, -scale(x) * unbiased(nets.critic(f), nets.critic(x), gaussians((1.0,)))))
        x = next(lent)
        p, q = nets.critic(x).detach(), nets.critic(nets.generator(lent.noise(ROWS)))
        descend((of_generator, scale(x).detach() * unbiased(q, p, gaussians((1.0,)))))
        yield


def penalised(nets, lent, *, steps=5):
    """Bińkowski et al. 2018, section 3 and 2.1: the slope of the witness held at 1, a rational quadratic kernel."""
    of_generator, of_critic = (adam(1e-4, 0.5, 0.9)(net) for net in (nets.generator, nets.critic))

    def kernel(distances):
        return sum((1 + distances / (2 * alpha)) ** -alpha for alpha in (0.2, 0.5, 1.0, 2.0, 5.0))

    while True:
        for _ in range(steps):
            x, f = next(lent), nets.generator(lent.noise(ROWS)).detach()
            share = lent.uniform((ROWS,) + (1,) * (x.dim() - 1))
            p, q = nets.critic(x), nets.critic(f)

            def witness(points, p=p, q=q):
                h = nets.critic(points)
                return kernel(square_distances(h, p)).mean(1) - kernel(square_distances(h, q)).mean(1)

            penalty = ((slopes(witness, f + share * (x - f)).norm(dim=1) - 1) ** 2).mean()
            descend((of_critic, penalty - unbiased(q, p, kernel)))
        p, q = nets.critic(next(lent)).detach(), nets.critic(nets.generator(lent.noise(ROWS)))
        descend((of_generator, unbiased(q, p, kernel)))
        yield
