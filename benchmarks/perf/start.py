"""What starting costs: commands that only look, and importing what planning needs, as CPU seconds of new processes.

    python benchmarks/perf/start.py [--rounds 5] [--against CHECKOUT]

With another checkout of genbench, as of the commit before a change, the two take turns and a ratio is printed. The
first row is what Python itself takes.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from rounds import machine

HERE = Path(__file__).parents[2]
COMMANDS = {
    "python": ["-c", "pass"],
    "genbench --help": ["-m", "genbench.cli", "--help"],
    "genbench list": ["-m", "genbench.cli", "list"],
    "planning, imports": ["-c", "import genbench.study.plan"],
}


def main(words: Sequence[str] | None = None) -> None:
    """Print a row for each command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=list(COMMANDS), default=list(COMMANDS))
    parser.add_argument("--against", type=Path, help="another checkout")
    arguments = parser.parse_args(words)
    print(f"{machine()} of new processes, {arguments.rounds} rounds\n")
    places = [HERE, *([arguments.against.absolute()] if arguments.against else [])]
    for name in arguments.only:
        command = COMMANDS[name]
        rounds = [[seconds(command, place) for place in places] for _ in range(arguments.rounds)]
        usual = [median(side) for side in zip(*rounds, strict=True)]
        said = f"{name:18}  {usual[0]:6.3f} s"
        if len(places) > 1:
            ratios = sorted(other / own for own, other in rounds)
            said += (
                f"  against {usual[1]:6.3f} s: {median(ratios):.2f} times as fast ({ratios[0]:.2f} to {ratios[-1]:.2f})"
            )
        print(said, flush=True)


def seconds(command: Sequence[str], checkout: Path) -> float:
    """CPU seconds of Python with a command, on the genbench of a checkout."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    path = os.pathsep.join(filter(None, [str(checkout), os.environ.get("PYTHONPATH")]))
    subprocess.run(
        [sys.executable, *command],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
