"""What the networks of GRAM are compared by: functions of features of fake rows q [n, K] and of real ones p [m, K]."""

from __future__ import annotations

from genbench_gram_settings import GRAMConfig
from torch import Tensor

from genbench import kernels


def compare(q: Tensor, p: Tensor, config: GRAMConfig) -> tuple[Tensor, Tensor]:
    """The ratio and the MMD² of fake features q [n, K] and real ones p [m, K].

    The ratio is p/q at the rows of q, or for the objective flow its inverse q/p at the rows of p.
    """
    at, over = (p, q) if config.objective == "flow" else (q, p)
    ratio, mmd2 = kernels.ratio_and_mmd2(at, over, widths(config), config.ridge)
    return ratio * len(config.widths) if config.ratio_over_widths == "sum" else ratio, mmd2


def critic_objective(ratio: Tensor, mmd2: Tensor, config: GRAMConfig) -> Tensor:
    """What the critic maximises: eq. 9 of the paper, eq. 7 of ratios clipped at 0, or GRAMFlow's mean ratio; or, as a
    control, what the generator minimises, or nothing.
    """
    if config.objective in ("mmd", "none"):
        return generator_objective(mmd2, config) if config.objective == "mmd" else 0 * mmd2
    if config.objective == "flow":
        return ratio.mean()
    if config.objective == "pearson-clip":
        return kernels.pearson_divergence(ratio.clamp_min(0))
    total = ratio.sum() if config.positivity_over == "sum" else ratio.mean()
    return kernels.pearson_divergence(ratio) + config.positivity * total


def ratio_difference(fake: Tensor, real: Tensor, q: Tensor, p: Tensor, config: GRAMConfig) -> Tensor:
    """An estimate of the squared ratio difference D* (eq. 4 of the paper), a scalar: how much the critic changes the
    ratio of the densities at fake points.

    mean (r_x - r_θ)² over fake points [n, d] with features q [n, K], real ones [m, d] with p [m, K]: both ratios are
    eq. 8's, of the same kernels and ridge. 0 when the critic keeps all distances, the Pearson divergence in data space
    when it sees nothing (eq. 5).
    """
    in_data, in_features = (
        kernels.density_ratio(at, over, widths(config), config.ridge) for at, over in ((fake, real), (q, p))
    )
    return (in_data - in_features).square().mean()


def generator_objective(mmd2: Tensor, config: GRAMConfig) -> Tensor:
    """What the generator minimises: the MMD, or its square (eq. 10)."""
    return kernels.sqrt_mmd(mmd2) if config.sqrt else mmd2


def scalars(generator_loss: Tensor, critic_loss: Tensor, mmd2: Tensor, ratio: Tensor, p: Tensor) -> dict[str, Tensor]:
    """What a step returns: losses, MMD, how the ratio is spread, how wide the features of real images are."""
    ratio = ratio.detach()
    return {
        "generator_loss": generator_loss.detach(),
        "critic_loss": critic_loss.detach(),
        "mmd": kernels.sqrt_mmd(mmd2.detach()),
        "pearson": kernels.pearson_divergence(ratio),
        "ratio_mean": ratio.mean(),
        "ratio_min": ratio.min(),
        "ratio_max": ratio.max(),
        "ratio_negative": (ratio < 0).double().mean(),
        "feature_std": p.detach().std(0).mean(),
    }


def widths(config: GRAMConfig) -> tuple[float, ...]:
    """The widths in the sense of `kernels`: standard deviations."""
    return tuple(width**0.5 for width in config.widths) if config.width_is_variance else config.widths
