"""The nearest training images of samples against sklearn's brute force and, where it is installed, faiss-cpu's flat
index.

    python benchmarks/perf/neighbours.py [--references 50000] [--queries 1000] [--rounds 3]

Random images of 32x32, 5 neighbours. The peers get theirs as fp32, converted before; genbench's are uint8 as they
are kept. Both genbench and sklearn are exact; faiss-cpu rounds its distances to fp32.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
from collections.abc import Callable, Sequence

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from numpy.typing import NDArray
from rounds import alternate, machine, verdict
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from genbench.metrics.neighbours import nearest

NEIGHBOURS = 5

Indices = NDArray[np.int64]


def main(words: Sequence[str] | None = None) -> None:
    """Print seconds, ratios and the share of equal indices."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--references", type=int, default=50_000)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args(words)
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    sizes = (arguments.queries, arguments.references)
    queries, references = (
        torch.randint(0, 256, (size, 32, 32, 3), generator=generator, dtype=torch.uint8) for size in sizes
    )
    found = alternate(contestants(queries, references), arguments.rounds, warm_up=False)
    print(
        f"{machine()}, {arguments.queries} x {arguments.references:,} images of 3072 pixels, {arguments.rounds} rounds"
    )
    for name, outcome in found.items():
        same = float((outcome.answer == found["genbench"].answer).mean())
        measured = f"{outcome.usual:8.2f} s   {100 * same:6.2f} % of the indices equal"
        print(f"{name:10} {measured}   {verdict(found, name)}".rstrip())


def contestants(queries: Tensor, references: Tensor) -> dict[str, Callable[[], Indices]]:
    """Whoever is installed; each gives indices [n, NEIGHBOURS]."""
    q, p = (images.flatten(1).to(torch.float32).numpy() for images in (queries, references))

    def own() -> Indices:
        return nearest(queries, references, NEIGHBOURS)[1].numpy()

    def sklearns() -> Indices:
        indices: Indices = (
            NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm="brute").fit(p).kneighbors(q, return_distance=False)
        )
        return indices

    def faiss_cpus() -> Indices:
        index = faiss.IndexFlatL2(p.shape[1])
        index.add(p)
        indices: Indices = index.search(q, NEIGHBOURS)[1]
        return indices

    sides: dict[str, Callable[[], Indices]] = {"genbench": own, "sklearn": sklearns}
    if importlib.util.find_spec("faiss"):
        faiss = importlib.import_module("faiss")
        sides["faiss-cpu"] = faiss_cpus
    return sides


if __name__ == "__main__":
    main()
