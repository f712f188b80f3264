"""The Fréchet distance of two full-rank Gaussians, nearly all of it a matrix's root, against torch-fidelity and scipy.

    python benchmarks/perf/root.py [--dimensions 2048] [--rounds 3]

torch-fidelity sums the roots of the eigenvalues of a general matrix; scipy's `sqrtm` is what the published FID code
called. All in fp64.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import scipy.linalg
import torch
from rounds import alternate, machine, verdict
from torch_fidelity.metric_fid import fid_statistics_to_metric

from genbench.metrics.fid import frechet_distance, statistics


def main(words: Sequence[str] | None = None) -> None:
    """Print seconds, ratios and relative differences."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--dimensions", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args(words)
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    scale = torch.logspace(0, -2, arguments.dimensions)
    one, other = (
        statistics(torch.randn(3 * len(scale), len(scale), generator=generator) * scale + shift)
        for shift in (0.0, 0.01)
    )
    plain = [{"mu": part.mean.numpy(), "sigma": part.covariance.numpy()} for part in (one, other)]

    def scipys() -> float:
        root = scipy.linalg.sqrtm(plain[0]["sigma"] @ plain[1]["sigma"])
        return float(
            (one.mean - other.mean).square().sum() + one.covariance.trace() + other.covariance.trace()
        ) - 2 * float(np.trace(root).real)

    found = alternate(
        {
            "genbench": lambda: frechet_distance(one, other),
            "torch-fidelity": lambda: fid_statistics_to_metric(*plain, verbose=False)["frechet_inception_distance"],
            "scipy": scipys,
        },
        arguments.rounds,
        warm_up=False,
    )
    print(f"{machine()}, {arguments.dimensions} dimensions, {arguments.rounds} rounds")
    ours = found["genbench"].answer
    for name, outcome in found.items():
        error = abs(outcome.answer - ours) / abs(ours)
        print(f"{name:14} {outcome.usual:8.3f} s   relative difference {error:.1e}   {verdict(found, name)}".rstrip())


if __name__ == "__main__":
    main()
