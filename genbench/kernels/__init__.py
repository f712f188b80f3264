"""Kernel losses as pure functions: squared distances, Gaussian mixtures, MMD² and the density ratio.

Everything here computes in fp64, no matter how precise the features are: in fp32 the ratio's linear system returns
noise without a warning. Gradients are closed forms, tested against autograd: no n x n matrix is differentiated through.
Only a gradient that is itself differentiated, as that of a penalty, is autograd's through the definition.

Symbols: q are features of generated samples [n, d], p of real ones [m, d]; sigma is a width; K_qp[i, j] = k(q_i, p_j).
"""

from genbench.kernels.mmd import mmd2, sqrt_mmd
from genbench.kernels.ratio import density_ratio, pearson_divergence, ratio_and_mmd2
from genbench.kernels.rbf import EXPONENT_FLOOR, SQUARINGS, gaussian, mixture, squared_distances

__all__ = [
    "EXPONENT_FLOOR",
    "SQUARINGS",
    "density_ratio",
    "gaussian",
    "mixture",
    "mmd2",
    "pearson_divergence",
    "ratio_and_mmd2",
    "sqrt_mmd",
    "squared_distances",
]
