"""The design of a study that is looked at while its seeds come in: when, and at which level its claims are judged."""

from __future__ import annotations

from dataclasses import dataclass

from genbench.report.stats.pairing import ENOUGH
from genbench.report.stats.spending import Spending, spent, t_levels
from genbench.report.stats.statistics import LEVEL

SPENDING: Spending = "obrien-fleming"
"""Of those tried in `results/validity/sequential.md` the one that finds most of what is there."""
CAP = 12
"""Seeds at the last look unless another number is asked for."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """Looks at the first seeds of a study, a few more at each, and how the chance of a false decision is spread."""

    looks: tuple[int, ...]
    """The seeds of every contender at each look; at the last one there are no more to come."""
    spending: Spending = SPENDING

    @property
    def cap(self) -> int:
        """The most seeds that a contender gets."""
        return self.looks[-1]

    def level(self, look: int, comparisons: int) -> float:
        """The level at which p, adjusted by Holm over the comparisons that are still open, decide at a look (0, 1, …).

        Each of j comparisons may be falsely decided at any look with a chance of at most LEVEL / j: whatever is left,
        Bonferroni's bound holds over all looks, and Holm's steps down through them (Maurer and Bretz 2013). A p at most
        this level / j is at most what its own looks allow, for every j that Holm can come to.
        """
        sizes = range(1, max(comparisons, 1) + 1)
        return min(size * t_levels(self.looks, self.spending, LEVEL / size)[look] for size in sizes)

    def spent(self, look: int) -> float:
        """The chance of a false decision that is used up at a look and those before it, of LEVEL."""
        return spent(self.spending, self.looks[look] / self.cap, LEVEL)


def design(cap: int = CAP, *, spending: Spending = SPENDING) -> Design:
    """A look at the smallest number of seeds that allows a verdict, and after every one more, up to the cap."""
    return Design(looks=tuple(range(min(ENOUGH, cap), cap + 1)), spending=spending)
